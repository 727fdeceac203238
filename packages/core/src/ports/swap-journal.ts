import type { JournalEvent, NumberedEvent } from '../application/events.ts';
import type { AuditEntry } from '../audit/audit-entry.ts';
import type { ClusterKey, ModelKey, SwapId } from '../ids.ts';
import type { Lease } from '../lock/lease.ts';
import type { Swap, SwapPhase } from '../swap/swap.ts';
import type { Notice } from '../webhook/notice.ts';

/** One atomic change: all of it is durable when `commit` resolves, or none of it. */
export type JournalEntry = Readonly<{
  /** The new state of a swap; the old one is replaced, its history row is kept. */
  swap?: Swap;
  /** One history row per transition. */
  transition?: Readonly<{ swap: SwapId; from: SwapPhase | null; to: SwapPhase; at: number; note: string | null }>;
  events?: readonly JournalEvent[];
  /** Raises the cluster's fence counter to at least this. */
  fence?: Readonly<{ cluster: ClusterKey; value: number }>;
  loadTime?: LoadTime;
  /** Replaces the lease of the same cluster and fence. */
  lease?: Lease;
  audit?: readonly AuditEntry[];
  /** Go into the outbox of every enabled webhook that wants their type. */
  notices?: readonly Notice[];
}>;

/** How long a model took from launch to ready. `succeeded: false` rows are kept for people, not for estimates. */
export type LoadTime = Readonly<{
  cluster: ClusterKey;
  model: ModelKey;
  simulated: boolean;
  seconds: number;
  at: number;
  succeeded: boolean;
}>;

export type SwapQuery = Readonly<{
  cluster?: ClusterKey;
  model?: ModelKey;
  outcome?: SwapPhase;
  /** At most this many, newest first. */
  limit: number;
  /** `true`: only settled ones. */
  settled?: boolean;
  /** Only swaps older than this one. */
  before?: SwapId;
}>;

/**
 * The journal of swaps. Contract: `commit` is atomic and durable (synced to disk) before it resolves, and returns the
 * events with their numbers; it rejects STORE_UNAVAILABLE when the disk is full, read-only or gone, and then nothing changed.
 */
export interface SwapJournal {
  commit(entry: JournalEntry): Promise<readonly NumberedEvent[]>;
  get(id: SwapId): Promise<Swap | null>;
  list(query: SwapQuery): Promise<readonly Swap[]>;
  /** All swaps that are not settled, oldest first. */
  unsettled(): Promise<readonly Swap[]>;
  /**
   * The last 50 successful load times of a model on a cluster, in seconds, newest first: either the simulated ones or the
   * real ones, since the seconds of a simulation tell nothing of a GPU, and a deadline may follow from them.
   */
  loadTimes(cluster: ClusterKey, model: ModelKey, simulated: boolean): Promise<readonly number[]>;
}

/** Reading side of the numbered events. */
export interface EventLog {
  /** Events with an id above `after`, oldest first, at most `limit`; `swap` narrows to one swap. */
  replay(after: number, limit: number, swap?: SwapId): Promise<readonly NumberedEvent[]>;
  /**
   * The smallest id from which a reader misses nothing but progress, and the newest; both 0 when there is none. Ends of
   * swaps are kept for longer than that. A `Last-Event-ID` below `oldest - 1` needs a snapshot.
   */
  range(): Promise<Readonly<{ oldest: number; newest: number }>>;
}

/** The cluster's fence counter: last fence granted here, 0 at first. */
export interface FenceCounter {
  current(cluster: ClusterKey): Promise<number>;
}
