import { estimateLoad } from './estimate.ts';
import { mayBeSilent } from './progress.ts';
import type { LoadStage } from './progress-marks.ts';
import type { StepName } from './swap.ts';

/** All limits, in ms. */
export type DeadlineSettings = Readonly<{
  validateMs: number;
  stopMs: number;
  /** From the launch command until its process is observed, without an image pull. */
  launchMs: number;
  launchQuietMs: number;
  /** In place of the two above while an image is pulled: Docker prints nothing while a large layer comes in. */
  pullQuietMs: number;
  /** Least hard limit of a load with history; above it counts {@link loadHistoryFactor} times the p90. */
  loadFloorMs: number;
  loadHistoryFactor: number;
  /** Hard limit of a load without history: a base, and more for each GiB of weights. */
  loadFirstMs: number;
  loadFirstPerGiBMs: number;
  /** Assumed where the size of the weights is not known, in GiB. */
  loadAssumedGiB: number;
  loadQuietMs: number;
  /** In stages that may be silent, see {@link mayBeSilent}. */
  loadSilentQuietMs: number;
  warmMs: number;
  warmQuietMs: number;
}>;

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const GIB = 1024 ** 3;

export const DEFAULT_DEADLINES: DeadlineSettings = {
  validateMs: 30 * SECOND,
  stopMs: 120 * SECOND,
  launchMs: 3 * MINUTE,
  launchQuietMs: 60 * SECOND,
  pullQuietMs: 10 * MINUTE,
  loadFloorMs: 15 * MINUTE,
  loadHistoryFactor: 3,
  loadFirstMs: 20 * MINUTE,
  loadFirstPerGiBMs: 15 * SECOND,
  loadAssumedGiB: 60,
  loadQuietMs: 10 * MINUTE,
  loadSilentQuietMs: 20 * MINUTE,
  warmMs: 5 * MINUTE,
  warmQuietMs: 60 * SECOND,
};

/** What the limits of a step depend on. `stage: null`: no line of the log was seen yet. */
export type DeadlineContext = Readonly<{
  weightsBytes: number | null;
  /** Past loads of this model on this cluster, launch to ready, in seconds. */
  historySeconds: readonly number[];
  isPulling: boolean;
  stage: LoadStage | null;
  /** The swap's own `drain_seconds`. */
  drainSeconds?: number;
}>;

/** `hardMs` counts from the start of the step, `quietMs` from the last sign of life; `null`: no such limit. */
export type Deadlines = Readonly<{ hardMs: number | null; quietMs: number | null }>;

/**
 * The limits of `step`. A rollback's steps have those of the forward step they repeat. For `drain` the hard limit is how
 * the step normally ends, not a fault.
 */
export function deadlinesFor(step: StepName, context: DeadlineContext, settings: DeadlineSettings = DEFAULT_DEADLINES): Deadlines {
  switch (step) {
    case 'validate':
      return { hardMs: settings.validateMs, quietMs: null };
    case 'drain':
      return { hardMs: context.drainSeconds === undefined ? null : context.drainSeconds * SECOND, quietMs: null };
    case 'stop':
    case 'rollback_stop':
      return { hardMs: settings.stopMs, quietMs: null };
    case 'launch':
    case 'rollback_launch':
      return context.isPulling
        ? { hardMs: null, quietMs: settings.pullQuietMs }
        : { hardMs: settings.launchMs, quietMs: settings.launchQuietMs };
    case 'load':
    case 'rollback_load':
      return { hardMs: loadLimit(context, settings), quietMs: loadQuiet(context.stage, settings) };
    case 'warm':
    case 'rollback_warm':
      return { hardMs: settings.warmMs, quietMs: settings.warmQuietMs };
  }
}

function loadLimit({ historySeconds, weightsBytes }: DeadlineContext, settings: DeadlineSettings): number {
  const { p90Seconds } = estimateLoad(historySeconds);
  if (p90Seconds !== null) return Math.max(settings.loadFloorMs, settings.loadHistoryFactor * p90Seconds * SECOND);
  const gib = weightsBytes === null ? settings.loadAssumedGiB : weightsBytes / GIB;
  return settings.loadFirstMs + settings.loadFirstPerGiBMs * gib;
}

const loadQuiet = (stage: LoadStage | null, settings: DeadlineSettings): number =>
  stage !== null && mayBeSilent(stage) ? settings.loadSilentQuietMs : settings.loadQuietMs;

/**
 * When the step began, and its last sign of life, in ms of the same clock as `now`. A swap has this shape; in a rollback,
 * whose phase spans several steps, give the start of the step.
 */
export type StepTimes = Readonly<{ phaseStartedAt: number; progressAt: number }>;
export type Overdue = Readonly<{ kind: 'hard' | 'quiet'; limitMs: number }>;

/** Which limit has been reached at `now`, the hard one first; `null`: none. */
export function overdue({ phaseStartedAt, progressAt }: StepTimes, { hardMs, quietMs }: Deadlines, now: number): Overdue | null {
  if (hardMs !== null && now - phaseStartedAt >= hardMs) return { kind: 'hard', limitMs: hardMs };
  // The step before may have been quiet itself: its silence is not this step's.
  const aliveAt = Math.max(phaseStartedAt, progressAt);
  return quietMs !== null && now - aliveAt >= quietMs ? { kind: 'quiet', limitMs: quietMs } : null;
}
