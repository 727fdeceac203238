import type { HostKey } from '../ids.ts';
import type { PullProgress } from './image-store.ts';

/** What the registry says of an image. `architectures` as Docker has them, empty when it did not tell; `bytes`: of the layers for the host's own, compressed. */
export type NimImage = Readonly<{ image: string; architectures: readonly string[]; bytes: number | null }>;

export type NimOrder = Readonly<{
  /** Names the work for ever, so that it is begun once; best the id of the operation. */
  job: string;
  image: string;
  container: string;
  port: number;
  /** Folder on the host for the cache, absolute or below `~`. */
  cache: string;
  env: Readonly<Record<string, string>>;
  /** Replace a container of that name, keeping the old one aside until the new one runs. */
  replace: boolean;
  shmGib: number;
}>;

/** A host before anything is installed on it; `null`: it did not tell. */
export type NimSite = Readonly<{
  /** As Docker has it: `arm64`, `amd64`. */
  architecture: string | null;
  /** Whether Docker there can give its GPUs to a container. */
  hasGpuRuntime: boolean;
  /** Where images are kept. */
  imageFreeBytes: number | null;
  cacheFreeBytes: number | null;
  memAvailableBytes: number | null;
  hasImage: boolean;
  /** Who listens on the port, in words; `null`: nobody. */
  portOwner: string | null;
  /** The container of that name; `job`: by which it was made, `null` when by none of ours. */
  container: Readonly<{ running: boolean; job: string | null }> | null;
}>;

/**
 * Installs NIM containers on a host. `key` is the NGC key (`null`: none, for public images): it goes over standard input, is kept in
 * memory only, in a Docker configuration that is removed, and is never in an argv, log or error.
 * All reject HOST_NOT_FOUND, HOST_UNREACHABLE, RUNTIME_REJECTED.
 */
export interface NimHost {
  survey(host: HostKey, order: Pick<NimOrder, 'image' | 'container' | 'port' | 'cache'>, signal: AbortSignal): Promise<NimSite>;
  /** Whether the registry of the image takes the key. */
  login(host: HostKey, image: string, key: string, signal: AbortSignal): Promise<void>;
  /** What the registry says of an image, before any of it is pulled. */
  inspect(host: HostKey, image: string, key: string | null, signal: AbortSignal): Promise<NimImage>;
  /** Begun at most once per `job`, and goes on when the link or the control plane is lost: then it is found again, without a key too. */
  pull(
    host: HostKey,
    order: Pick<NimOrder, 'job' | 'image'>,
    key: string | null,
    report: (progress: PullProgress) => void,
    log: (line: string) => void,
    signal: AbortSignal,
  ): Promise<void>;
  /** Starts the container, unless this job did so before; one that it replaces is set aside first, and is back when this rejects. */
  run(host: HostKey, order: NimOrder, key: string | null, signal: AbortSignal): Promise<Readonly<{ hasGpus: boolean }>>;
  /** Whether it is loaded (`/v1/health/ready`), with one sentence. Rejects RUNTIME_REJECTED, with the end of its log, when the container has ended. */
  ready(host: HostKey, order: NimOrder, signal: AbortSignal): Promise<Readonly<{ ready: boolean; detail: string }>>;
  /** Ends the work: `new` removes what was set aside; `old` stops and removes the new one and brings back what was set aside. Says whether there was something to bring back or remove. May be asked again. */
  settle(host: HostKey, order: Pick<NimOrder, 'job' | 'container'>, keep: 'new' | 'old', signal: AbortSignal): Promise<boolean>;
}
