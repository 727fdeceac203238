import type { HostKey } from '../ids.ts';
import type { PullProgress } from './image-store.ts';

export type NimImage = Readonly<{ image: string; architectures: readonly string[]; bytes: number | null }>;

export type NimOrder = Readonly<{
  job: string;
  image: string;
  container: string;
  port: number;
  /** Folder on the host for the cache. */
  cache: string;
  env: Readonly<Record<string, string>>;
  /** Replace a container of that name, keeping the old one aside until the new one runs. */
  replace: boolean;
  shmGib: number;
}>;

/**
 * Installs NIM containers on a host. `key` is the NGC key: on standard input only, in a Docker configuration that is removed, and
 * never in an argv, log or error. All reject HOST_UNREACHABLE, RUNTIME_REJECTED.
 */
export interface NimHost {
  /** What the registry says of an image, before any of it is pulled. */
  inspect(host: HostKey, image: string, key: string | null, signal: AbortSignal): Promise<NimImage>;
  pull(
    host: HostKey,
    order: Pick<NimOrder, 'job' | 'image'>,
    key: string | null,
    report: (progress: PullProgress) => void,
    log: (line: string) => void,
    signal: AbortSignal,
  ): Promise<void>;
  run(host: HostKey, order: NimOrder, key: string | null, signal: AbortSignal): Promise<void>;
  /** Whether it is loaded (`/v1/health/ready`), with one sentence. */
  ready(host: HostKey, order: NimOrder, signal: AbortSignal): Promise<Readonly<{ ready: boolean; detail: string }>>;
}
