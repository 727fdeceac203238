import type { ContainerFacts, PatchFile, Service } from '../service/service.ts';

/** One patched file as it is: `current: null`, not there. Digests are lower-case hexadecimal SHA-256. */
export type PatchState = Readonly<{ name: string; target: string; wanted: string; current: string | null }>;

export type PatchContent = PatchFile & Readonly<{ content: Uint8Array; digest: string }>;

/**
 * The container of a service on its host. All reject NOT_SUPPORTED for a service without a container of ours to log in to,
 * HOST_UNREACHABLE, RUNTIME_REJECTED.
 */
export interface ServiceHost {
  /** `null`: there is no such container. */
  facts(service: Service, signal: AbortSignal): Promise<ContainerFacts | null>;
  logs(service: Service, lines: number, signal: AbortSignal): Promise<readonly string[]>;
  restart(service: Service, signal: AbortSignal): Promise<void>;
  /** `null` takes the cap away. Resolves with the cap in force. */
  limitMemory(service: Service, bytes: number | null, signal: AbortSignal): Promise<number | null>;
  readonly patches: PatchBench;
}

/** Files in the container. `apply` keeps what was there under `backup` for `undo`; both verify every checksum after they wrote. */
export interface PatchBench {
  inspect(service: Service, files: readonly PatchContent[], signal: AbortSignal): Promise<readonly PatchState[]>;
  apply(service: Service, files: readonly PatchContent[], backup: string, signal: AbortSignal): Promise<readonly PatchState[]>;
  undo(service: Service, backup: string, signal: AbortSignal): Promise<readonly PatchState[]>;
}
