import type { ClusterKey } from '../ids.ts';

/** `detail`: one sentence for people. */
export type ServiceHealth = Readonly<{ service: string; ok: boolean; detail: string }>;

/** The services beside the model server, as configured; those that are disabled are not among them. */
export interface ServiceControl {
  keys(): readonly string[];
  /** The cluster on whose GPU a service works: whoever restarts it waits for that lock. `null`: it needs no lock. */
  gpuOf(service: string): ClusterKey | null;
  /** Resolves when it is well again. Rejects NOT_SUPPORTED when it cannot be restarted as configured, RUNTIME_REJECTED, HOST_UNREACHABLE, UPSTREAM_TIMEOUT. */
  restart(service: string, signal: AbortSignal): Promise<void>;
  /** One entry per service, in the order of the configuration. Rejects on abort only. */
  health(signal: AbortSignal): Promise<readonly ServiceHealth[]>;
}
