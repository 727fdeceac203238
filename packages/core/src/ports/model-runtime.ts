import type { HostKey, ModelKey, SwapId } from '../ids.ts';
import type { Claim, LaunchPlan } from '../launch/launch-plan.ts';

/** State of one model server process. `unknown`: could not ask; it is never read as `absent`. */
export type RuntimeState = 'absent' | 'starting' | 'running' | 'stopping' | 'unhealthy' | 'unknown';

/** What our labels on a container say. */
export type ManagedIdentity = Readonly<{ model: ModelKey; swap: SwapId; fence: number; controller: string; digest: string }>;

/** One container that matters to a cluster: ours, of the cluster's container name, or a model server in the way. */
export type ObservedContainer = Readonly<{
  host: HostKey;
  id: string;
  name: string;
  image: string;
  /** `starting`: created but not running. `running`: the *model server process* lives. `unhealthy`: the container lives without it. `absent`: exited. */
  state: Exclude<RuntimeState, 'unknown'>;
  /** `null`: not ours. */
  identity: ManagedIdentity | null;
  /** Set aside by a swap for rollback. */
  parked: boolean;
  /** False when stopping it would lose it for good (started with `--rm` and its process is PID 1). */
  restorable: boolean;
  startedAt: number | null;
  exitCode: number | null;
}>;

export type HostObservation = Readonly<
  | { host: HostKey; reachable: true; containers: readonly ObservedContainer[]; portOwner: string | null; memAvailableBytes: number }
  | { host: HostKey; reachable: false; code: string; reason: string }
>;

export type LogLine = Readonly<{ host: HostKey /** ms since the epoch */; at: number; line: string }>;

/**
 * Starts, stops and observes the model server of one cluster.
 *
 * Contract, held by `test/contracts/model-runtime.contract.ts` for every implementation:
 * - `launch`, `stop` and `unpark` are idempotent, also after a lost connection: the same claim never starts two.
 * - Each of them is refused with FENCED_OFF, before it changed anything, when the fence file of a host no longer holds the claim.
 * - Each method settles soon after `signal` aborts, with `signal.reason`; transport trouble rejects as HOST_UNREACHABLE,
 *   and then the outcome is unknown: repeat the call.
 */
export interface ModelRuntime {
  /**
   * Never rejects for an unreachable host: that host says so. Costs one round trip per host. A host that takes longer than `hostLimitMs`
   * (default: 20 s) is unreachable, and holds up the answer about the others no longer than that.
   */
  observe(signal: AbortSignal, hostLimitMs?: number): Promise<readonly HostObservation[]>;

  /** Starts `plan` under `claim`; settles once its process was *observed* on the head. Lines of the launcher go to `report`. Rejects LAUNCHER_FAILED, RUNTIME_REJECTED or UNSAFE_ARGUMENT. */
  launch(plan: LaunchPlan, claim: Claim, report: (line: LogLine) => void, signal: AbortSignal): Promise<void>;

  /**
   * Ends whatever serves in the cluster and waits until it is observed gone on all hosts and the port is closed.
   * Logs are saved first. `park` sets containers that are not ours aside (stopped and renamed) instead of removing them;
   * one that could not be brought back is left running, and RUNTIME_REJECTED.
   */
  stop(
    claim: Claim,
    options: Readonly<{ park: boolean; report: (line: LogLine) => void }>,
    signal: AbortSignal,
  ): Promise<Readonly<{ note: string }>>;

  /** Brings parked containers back (`restore`) or removes those set aside under this claim (`discard`). Nothing parked: does nothing. */
  unpark(claim: Claim, action: 'restore' | 'discard', signal: AbortSignal): Promise<void>;

  /** Follows the model server's output from its start (or from `sinceMs`), reconnecting by itself, until `signal` aborts; then resolves. */
  followLogs(sinceMs: number | null, report: (line: LogLine) => void, signal: AbortSignal): Promise<void>;
}
