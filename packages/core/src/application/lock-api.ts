import type { Actor } from '../audit/audit-entry.ts';
import type { ClusterKey, LockId, SwapId, Ticket } from '../ids.ts';
import type { Lease, LockFacts, LockView } from '../lock/lease.ts';

export type AcquireRequest = Readonly<{
  cluster: ClusterKey;
  holder: string;
  reason: string | null;
  /** 5 s to 24 h; the edge has checked it. */
  ttlMs: number;
  /** How long to wait for a turn; 0 answers at once. */
  waitMs: number;
  /**
   * From an earlier wait: keeps that place. One that is not known, or not of this holder, counts as none. Who waits without one takes up
   * a place that is kept for its name.
   */
  ticket: Ticket | null;
  actor: Actor;
}>;

/** The only place where a lock id is given out. Durable before it is returned. */
export type Grant = Readonly<{ lease: Lease; lockId: LockId; renewAfterMs: number }>;

/** `inTheWay`: the lock that is held, or the one that is kept for whoever is first in line. */
export type AcquireDecision = Readonly<
  | { kind: 'granted'; grant: Grant }
  | {
      kind: 'held';
      inTheWay: LockFacts;
      /** Place in line from 1 and the ticket that keeps it for 30 s; `null` for who did not wait. */
      waiting: Readonly<{ position: number; ticket: Ticket }> | null;
      retryAfterSeconds: number;
    }
>;

/** `expired`: its time is over. `fenced_off`: it was broken, or is no lock that lives. */
export type RenewDecision = Readonly<
  { kind: 'renewed'; lease: Lease; renewAfterMs: number } | { kind: 'expired'; at: number } | { kind: 'fenced_off'; detail: string }
>;

export type ReleaseDecision = Readonly<
  | { kind: 'released'; lease: Lease }
  | { kind: 'not_found'; at: number }
  | { kind: 'expired'; at: number }
  | { kind: 'fenced_off'; detail: string }
  /** A swap of this lock is not settled yet. */
  | { kind: 'swap_running'; swapId: SwapId }
>;

/** `lock`: the one that was broken. `not_held`: there was none. An implicit one is ended by cancelling its swap. */
export type BreakDecision = Readonly<{ kind: 'broken'; lease: Lease } | { kind: 'not_held'; view: LockView }>;

/**
 * The lock of every cluster. Each call is decided inside the cluster's arbiter, in turn with its swaps. All reject
 * CLUSTER_NOT_FOUND, and STORE_UNAVAILABLE when the change cannot be made durable: then it did not happen.
 */
export interface LockDesk {
  /** Resolves when granted, refused or waited long enough. When `signal` aborts (the caller has gone) its place is kept for 30 s more. */
  acquire(request: AcquireRequest, signal: AbortSignal): Promise<AcquireDecision>;
  /** `ttlMs`: a new TTL from now, `null` the old one again. The end never moves to an earlier time. */
  renew(lockId: LockId, ttlMs: number | null, actor: Actor): Promise<RenewDecision>;
  release(lockId: LockId, actor: Actor): Promise<ReleaseDecision>;
  /** Gives up a place in line, so that it is kept for nobody. One that is gone already is no fault. */
  leave(ticket: Ticket): Promise<void>;
  break(cluster: ClusterKey, reason: string, actor: Actor): Promise<BreakDecision>;
  view(cluster: ClusterKey): LockView;
  views(): readonly LockView[];
}
