import type { CatalogSnapshot } from '../catalog/model.ts';
import type { Issue } from '../errors.ts';
import type { ClusterKey, ModelKey, SwapId } from '../ids.ts';
import type { LockFacts } from '../lock/lease.ts';
import type { HostReport } from '../ports/host-probe.ts';
import type { LogLine } from '../ports/model-runtime.ts';
import type { SwapQuery } from '../ports/swap-journal.ts';
import type { LoadEstimate, PreflightReport } from '../swap/preflight-report.ts';
import type { Swap, SwapOptions } from '../swap/swap.ts';
import type { Cluster } from '../topology/cluster.ts';
import type { ClusterView } from './cluster-view.ts';
import type { CoreEvent, NumberedEvent } from './events.ts';
import type { LockDesk } from './lock-api.ts';

export type SwapRequest = Readonly<{
  cluster: ClusterKey;
  /** `null` unloads. */
  model: ModelKey | null;
  requestedBy: string;
  reason: string | null;
  options: SwapOptions;
  onBusy: 'reject' | 'queue';
  /** A lock id given by the caller, if any. */
  lockId: string | null;
}>;

/** The answer to a swap request. Refusals are decisions, not errors. */
export type SwapDecision = Readonly<
  | { kind: 'started'; swap: Swap }
  | { kind: 'queued'; swap: Swap; position: number }
  | { kind: 'noop'; swap: Swap }
  | { kind: 'busy'; swapId: SwapId; retryAfterSeconds: number }
  | { kind: 'unmanaged'; detail: string }
  /** Somebody else has the lock, or the first place in line for it. */
  | { kind: 'locked'; lock: LockFacts; retryAfterSeconds: number }
  | { kind: 'lock_expired'; detail: string }
  | { kind: 'fenced_off'; detail: string }
  | { kind: 'preflight_failed'; issues: readonly Issue[] }
>;

export type CancelDecision = Readonly<
  { kind: 'accepted'; swap: Swap } | { kind: 'settled'; swap: Swap } | { kind: 'rolling_back'; swap: Swap }
>;

export type ReadinessCheck = Readonly<{ name: string; ok: boolean; detail: string }>;

/** A log line of a running or recent swap; `seq` counts from 1. */
export type NumberedLogLine = LogLine & Readonly<{ seq: number }>;

/**
 * The application: what inbound adapters (REST, an embedder) call. All reads answer from memory or the journal; a read
 * that gates a change happens inside the cluster's arbiter.
 */
export interface SparkCore {
  readonly clusters: readonly Cluster[];
  readonly isSimulated: boolean;
  readonly locks: LockDesk;
  catalog(): CatalogSnapshot;

  /** Rejects MODEL_NOT_FOUND, CLUSTER_NOT_FOUND, UNSAFE_ARGUMENT, STORE_UNAVAILABLE. */
  requestSwap(request: SwapRequest): Promise<SwapDecision>;
  /** Rejects SWAP_NOT_FOUND. */
  cancelSwap(id: SwapId): Promise<CancelDecision>;
  /**
   * Runs every check and starts nothing. `flags` are tried in place of the catalog's; `lockId` is that of a lock of the caller's, of
   * which it need not be warned. Rejects MODEL_NOT_FOUND, CLUSTER_NOT_FOUND.
   */
  preflight(
    model: ModelKey,
    cluster: ClusterKey,
    flags: Readonly<Record<string, unknown>> | null,
    lockId?: string | null,
  ): Promise<PreflightReport>;

  swap(id: SwapId): Promise<Swap | null>;
  swaps(query: SwapQuery): Promise<readonly Swap[]>;
  /** The last 2,000 lines at most, oldest first; empty when the swap is not known to this process. */
  logTail(id: SwapId): readonly NumberedLogLine[];
  views(): readonly ClusterView[];
  /** Latest telemetry by host, as of the last poll. */
  hostReports(): readonly (HostReport & Readonly<{ cluster: ClusterKey; at: number }>)[];
  estimate(cluster: ClusterKey, model: ModelKey): Promise<LoadEstimate>;
  /**
   * Whether a model would fit on one of the clusters that it may run on, by the latest telemetry and earlier loads; it asks no host.
   * `null`: not known.
   */
  fits(model: ModelKey): Promise<boolean | null>;

  subscribe(listener: (event: CoreEvent) => void): () => void;
  replay(after: number, limit: number, swap?: SwapId): Promise<readonly NumberedEvent[]>;
  eventRange(): Promise<Readonly<{ oldest: number; newest: number }>>;

  readiness(): Promise<readonly ReadinessCheck[]>;

  /** Recovers unsettled swaps from the journal and the hosts, then starts observing. Call once. */
  start(): Promise<void>;
  /** Stops observing and acting. A running swap stays in the journal and is resumed by the next start. Leaves no timer behind. */
  close(): Promise<void>;
}
