import type { ModelSource } from '../catalog/model.ts';
import type { HostKey } from '../ids.ts';

/** `id` comes back with the answer: usually the model's key. */
export type WeightsQuestion = Readonly<{ id: string; source: ModelSource }>;

/** Weights of one source on one host. In the hub's cache each blob counts once, however many snapshots link to it. */
export type StoredWeights = Readonly<{
  id: string;
  path: string;
  bytes: number;
  /** False: files that its index names are missing, or a download was broken off. */
  complete: boolean;
  /** A download writes into it right now. */
  downloading: boolean;
}>;

/** A repository in the cache that nobody asked about. */
export type OtherWeights = Readonly<{ repo: string; path: string; bytes: number }>;

export type HostWeights = Readonly<
  | { host: HostKey; reachable: true; stored: readonly StoredWeights[]; others: readonly OtherWeights[]; freeBytes: number | null }
  | { host: HostKey; reachable: false; code: string; reason: string }
>;

/** Whether a local path may be used on one host; `problem` is a sentence, `null`: it may. `unknown`: the host could not be asked. */
export type PathVerdict = Readonly<{ host: HostKey; ok: boolean; problem: string | null; unknown?: true }>;

export type DownloadOrder = Readonly<{
  /** Names the job on the hosts, so that it is begun once and found again. */
  job: string;
  repo: string;
  revision: string | null;
  /** Hosts that are to have it in the end. */
  hosts: readonly HostKey[];
  /** `null`: the hub is asked without a token. Never on a command line. */
  token: string | null;
}>;

/** `totalBytes: null`: the hub did not say. `phase`: from the hub, over the link from another host, or being checked. */
export type DownloadProgress = Readonly<{
  host: HostKey;
  phase: 'waiting' | 'downloading' | 'copying' | 'verifying' | 'done' | 'failed';
  doneBytes: number | null;
  totalBytes: number | null;
  note: string | null;
}>;

/** `through`: by the login user, or in a container because files belong to root. */
export type Removal = Readonly<{ host: HostKey; path: string; freedBytes: number; through: 'login' | 'container' }>;

/**
 * Weights on the hosts of one cluster. Contract: `survey` and `checkPath` take one round trip per host and never reject for an
 * unreachable one; `download` goes on where a broken-off one ended, is begun at most once per `job`, and after an abort leaves what it
 * has for the next one, and ends what runs on the hosts unless the signal says that the control plane stops; it rejects
 * NOT_ENOUGH_DISK, RUNTIME_REJECTED, HOST_UNREACHABLE, HOST_NOT_FOUND, with a hint in the details. `remove` deletes only a repository of
 * the cache, whole, and rejects NOT_SUPPORTED or UNSAFE_ARGUMENT for anything else, MODEL_IN_USE when a process of that host uses it,
 * HOST_UNREACHABLE, RUNTIME_REJECTED.
 */
export interface WeightStore {
  survey(questions: readonly WeightsQuestion[], signal: AbortSignal): Promise<readonly HostWeights[]>;
  /** Exists, is a folder with a `config.json`, and no link on its way leads out of `roots`. */
  checkPath(path: string, roots: readonly string[], signal: AbortSignal): Promise<readonly PathVerdict[]>;
  /** Bytes of the repository at the hub as one of the hosts sees it; `null` when it cannot be told. */
  sizeOf(repo: string, revision: string | null, token: string | null, signal: AbortSignal): Promise<number | null>;
  download(
    order: DownloadOrder,
    report: (progress: DownloadProgress) => void,
    log: (host: HostKey, line: string) => void,
    signal: AbortSignal,
  ): Promise<void>;
  remove(host: HostKey, repo: string, signal: AbortSignal): Promise<Removal>;
}
