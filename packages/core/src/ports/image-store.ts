import type { HostKey } from '../ids.ts';

/** An image on one host. `architecture` as Docker has it: `arm64`, `amd64`. */
export type StoredImage = Readonly<{ id: string; bytes: number; architecture: string; createdAt: number | null }>;

export type HostImage = Readonly<
  { host: HostKey; reachable: true; image: StoredImage | null } | { host: HostKey; reachable: false; code: string; reason: string }
>;

export type PullProgress = Readonly<{
  host: HostKey;
  /** Layer id, `null` for the image as a whole. */
  layer: string | null;
  phase: 'waiting' | 'downloading' | 'extracting' | 'done' | 'failed';
  doneBytes: number | null;
  totalBytes: number | null;
  note: string | null;
}>;

/** `job` as in {@link DownloadOrder}. */
export type PullOrder = Readonly<{ job: string; image: string; hosts: readonly HostKey[] }>;

/** Images on the hosts of one cluster. Contract: `pull` is begun at most once per `job` and survives a lost link; it rejects RUNTIME_REJECTED with what the registry said, in words of ours. */
export interface ImageStore {
  inspect(image: string, signal: AbortSignal): Promise<readonly HostImage[]>;
  pull(
    order: PullOrder,
    report: (progress: PullProgress) => void,
    log: (host: HostKey, line: string) => void,
    signal: AbortSignal,
  ): Promise<void>;
}
