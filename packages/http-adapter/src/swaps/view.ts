import {
  type Clock,
  etaSeconds,
  isSettled,
  type LoadEstimate,
  type ModelKey,
  type Serving,
  type SparkCore,
  type StepRecord,
  type Swap,
} from '@spark-control/core';
import type { WireSwap, WireSwapProgress, WireSwapStep } from '@spark-control/schema';
import { nullableTimestamp, secondsOf, timestamp } from '../wire-time.ts';

const KEPT_ESTIMATES = 100;

/** Renders swaps as API section 2 has them. */
export class SwapViews {
  readonly #core: SparkCore;
  readonly #clock: Clock;
  /** By swap and model: an estimate is asked once per swap, since it only changes when a load ends. */
  readonly #estimates = new Map<string, Promise<LoadEstimate>>();

  constructor(core: SparkCore, clock: Clock) {
    this.#core = core;
    this.#clock = clock;
  }

  /** `at`: ms since the epoch for which the elapsed time counts; now, unless an old event is shown. */
  async view(swap: Swap, options: Readonly<{ at?: number }> = {}): Promise<WireSwap> {
    return swapView(swap, await this.#estimate(swap), options.at ?? this.#clock.now());
  }

  views(swaps: readonly Swap[]): Promise<readonly WireSwap[]> {
    return Promise.all(swaps.map((swap) => this.view(swap)));
  }

  #estimate(swap: Swap): Promise<LoadEstimate | null> {
    const model = loadingModelOf(swap);
    if (model === null || isSettled(swap)) return Promise.resolve(null);
    const key = `${swap.id} ${model}`;
    let estimate = this.#estimates.get(key);
    if (estimate === undefined) {
      estimate = this.#core.estimate(swap.cluster, model);
      estimate.catch(() => this.#estimates.delete(key));
      this.#estimates.set(key, estimate);
      const oldest = this.#estimates.keys().next().value;
      if (this.#estimates.size > KEPT_ESTIMATES && oldest !== undefined) this.#estimates.delete(oldest);
    }
    // A swap is worth showing without its estimate.
    return estimate.catch(() => null);
  }
}

/** The model that a load in progress would bring up. */
const loadingModelOf = (swap: Swap): ModelKey | null => (swap.phase === 'rolling_back' ? previousModelOf(swap) : swap.target);

function previousModelOf({ previous }: Swap): ModelKey | null {
  return previous.kind === 'plan' || previous.kind === 'unknown' ? previous.model : null;
}

/** A model key, `null`, `"unmanaged"` or `"unknown"`; the last two cannot be keys. */
export function servingView(serving: Serving | null): string | null {
  switch (serving?.kind) {
    case 'model':
      return serving.model;
    case 'unmanaged':
    case 'unknown':
      return serving.kind;
    case 'nothing':
    case undefined:
      return null;
    default:
      return serving satisfies never;
  }
}

export function swapView(swap: Swap, estimate: LoadEstimate | null, at: number): WireSwap {
  const settled = isSettled(swap);
  const { phase } = swap;
  return {
    id: swap.id,
    cluster: swap.cluster,
    model: swap.target,
    previous_model: previousModelOf(swap),
    requested_by: swap.requestedBy,
    reason: swap.reason,
    phase,
    settled,
    outcome: phase === 'ready' || phase === 'failed' || phase === 'cancelled' || phase === 'rolled_back' ? phase : null,
    noop: swap.noop,
    simulated: swap.simulated,
    serving: servingView(swap.serving),
    fence: swap.fence,
    cancel_requested_at: nullableTimestamp(swap.cancelRequestedAt),
    cause: swap.cause && { code: swap.cause.code, message: swap.cause.message, hint: swap.cause.hint, log_tail: [...swap.cause.logTail] },
    progress: progressView(swap, estimate, at),
    steps: swap.steps.map(stepView),
    created_at: timestamp(swap.createdAt),
    settled_at: nullableTimestamp(swap.settledAt),
  };
}

function stepView({ phase, status, startedAt, endedAt, note }: StepRecord): WireSwapStep {
  return {
    phase,
    status,
    started_at: nullableTimestamp(startedAt),
    ended_at: nullableTimestamp(endedAt),
    duration_ms: startedAt === null || endedAt === null ? null : Math.max(0, endedAt - startedAt),
    note,
  };
}

/** `expected_seconds` is what this swap takes if its model loads as it usually does; the estimate counts from the launch. */
function progressView(swap: Swap, estimate: LoadEstimate | null, at: number): WireSwapProgress {
  const elapsedSeconds = secondsOf((swap.settledAt ?? at) - swap.createdAt);
  const { fraction, label } = swap.progress;
  const base = { fraction: Math.min(1, Math.max(0, fraction)), label, elapsed_seconds: elapsedSeconds };
  if (estimate === null) return { ...base, expected_seconds: null, eta_seconds: null };
  const launchPhase = swap.phase === 'rolling_back' ? 'rolling_back' : 'launching';
  const launchedAt = swap.steps.find((step) => step.phase === launchPhase)?.startedAt ?? null;
  const sinceLaunch = launchedAt === null ? 0 : secondsOf(at - launchedAt);
  const beforeLaunch = launchedAt === null ? elapsedSeconds : secondsOf(launchedAt - swap.createdAt);
  const { p50Seconds } = estimate;
  return {
    ...base,
    expected_seconds: p50Seconds === null ? null : Math.round((beforeLaunch + p50Seconds) * 10) / 10,
    eta_seconds: etaSeconds({ elapsedSeconds: sinceLaunch, fraction, estimate }),
  };
}
