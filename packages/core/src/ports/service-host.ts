import type { ContainerFacts, PatchFile, Service } from '../service/service.ts';

/** One patched file as it is: `current: null`, not there. Digests are lower-case hexadecimal SHA-256. */
export type PatchState = Readonly<{ name: string; target: string; wanted: string; current: string | null }>;

export type PatchContent = PatchFile & Readonly<{ content: Uint8Array; digest: string }>;

/** `container`: id of the one that was looked at. */
export type PatchSurvey = Readonly<{ container: string; files: readonly PatchState[] }>;

/** What the newest backup would bring back. `saved: null`: the file was not there before, so that undo removes it. */
export type PatchBackup = Readonly<{
  id: string;
  container: string;
  /** False: the container was made anew since, and what was saved is of another one. */
  isOfThisContainer: boolean;
  files: readonly Readonly<{ name: string; target: string; saved: string | null; current: string | null }>[];
}>;

/**
 * The container of a service on its host. All reject NOT_SUPPORTED for a service without a container of ours to log in to,
 * HOST_UNREACHABLE, RUNTIME_REJECTED. A model server (kind `vllm`, or the container of a cluster) is only looked at: swaps alone change it.
 */
export interface ServiceHost {
  /** `null`: there is no such container. */
  facts(service: Service, signal: AbortSignal): Promise<ContainerFacts | null>;
  /** Oldest first, without secrets. */
  logs(service: Service, lines: number, signal: AbortSignal): Promise<readonly string[]>;
  /** Resolves when the container runs again. */
  restart(service: Service, signal: AbortSignal): Promise<void>;
  /** `null` takes the cap away. Resolves with the cap in force. */
  limitMemory(service: Service, bytes: number | null, signal: AbortSignal): Promise<number | null>;
  readonly patches: PatchBench;
}

/**
 * Files in the container. Mode and owner of a file that is replaced stay. `apply` keeps what was there as backup `backup` (a plain word)
 * before it writes anything, and puts it back when it cannot write all; both verify every checksum after they wrote.
 */
export interface PatchBench {
  inspect(service: Service, files: readonly PatchContent[], signal: AbortSignal): Promise<PatchSurvey>;
  apply(service: Service, files: readonly PatchContent[], backup: string, signal: AbortSignal): Promise<readonly PatchState[]>;
  /** The newest that was not undone; `null`: none. */
  backup(service: Service, signal: AbortSignal): Promise<PatchBackup | null>;
  /** Resolves with what is there then. Rejects NOT_SUPPORTED when the backup is of another container. */
  undo(service: Service, backup: string, signal: AbortSignal): Promise<PatchBackup['files']>;
}

/** Reads the files that a service's patches name, on the machine of the control plane. Rejects INVALID_SETTINGS with an issue per file. */
export interface PatchSource {
  read(service: Service): Promise<readonly PatchContent[]>;
}
