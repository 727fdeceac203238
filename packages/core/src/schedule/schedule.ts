import type { ClusterKey, ModelKey, ScheduleKey } from '../ids.ts';

/** A span of wall time, ms since the epoch; `end` is not part of it. */
export type Span = Readonly<{ start: number; end: number }>;

/**
 * What somebody else plans to do: registered so that everybody sees it. Spark Control never runs it. It has a cron
 * expression with a duration, or explicit windows, or both.
 */
export type Schedule = Readonly<{
  id: ScheduleKey;
  owner: string;
  title: string;
  cluster: ClusterKey | null;
  model: ModelKey | null;
  cron: string | null;
  /** IANA name. */
  timezone: string;
  windows: readonly Span[];
  /** Length of each occurrence of `cron`. */
  durationMs: number;
  url: string | null;
  /** Stale when not registered again within this time; `null`: never. */
  expiresAfterMs: number | null;
  registeredAt: number;
  createdAt: number;
}>;

export type ConflictKind = 'schedule' | 'lock' | 'automation';

/** Something on the same cluster at the same time. */
export type Conflict = Readonly<{
  kind: ConflictKind;
  /** Schedule or automation id, or the holder of the lock. */
  with: string;
  detail: string;
  /** The time that both claim. */
  overlap: Span;
}>;

/** One time at which a schedule takes place. `start` may lie before the window that was asked for. */
export type Occurrence = Readonly<{ schedule: Schedule; span: Span; isStale: boolean; conflicts: readonly Conflict[] }>;
