import type { Cause, Step, Swap } from '../wire.ts';
import { clock, instant, stepTime, wallTime } from './format.ts';
import { type Mark, mark, phaseMark, phaseWord } from './mark.ts';

export type StepView = Readonly<{
  key: string;
  mark: Mark;
  name: string;
  time: string;
  note: string;
  current: boolean;
}>;

export type ProgressView = Readonly<{
  percent: number;
  label: string;
  elapsed: string;
  /** For example `usually 4:00`, or that there is nothing to compare with. */
  expected: string;
  /** For example `about 0:48 left`. */
  left: string;
}>;

export type OutcomeView = Readonly<{ mark: Mark; sentence: string; cause: Cause | null }>;

export type SwapView = Readonly<{
  id: string;
  title: string;
  mark: Mark;
  cluster: string;
  simulated: boolean;
  by: string;
  reason: string | null;
  startedAt: string;
  total: string;
  steps: readonly StepView[];
  progress: ProgressView | null;
  outcome: OutcomeView | null;
  /** Shown while a rollback runs: why. */
  pendingCause: Cause | null;
  canCancel: boolean;
  /** Why there is no cancel, or what a cancel asked for does. */
  cancelNote: string | null;
}>;

export const NOTHING = 'nothing';

export function swapTitle({ model, previous_model: previous, steps }: Swap): string {
  if (model === null) return `Unload ${previous ?? 'the model'}`;
  // What serves is found out while checking: before that, and when the checks failed, no previous model means unknown, not none.
  const isFoundOut = steps.some(({ phase, status }) => phase === 'validating' && status === 'done');
  return previous === null && !isFoundOut ? `Load ${model}` : `${previous ?? NOTHING} → ${model}`;
}

/** Seconds from the request to now, or to its end. */
export function elapsedSeconds(swap: Swap, now: number): number {
  const from = instant(swap.created_at) ?? now;
  return Math.max(0, ((instant(swap.settled_at) ?? now) - from) / 1000);
}

export function swapView(swap: Swap, now: number): SwapView {
  return {
    id: swap.id,
    title: swapTitle(swap),
    mark: phaseMark(swap),
    cluster: swap.cluster,
    simulated: swap.simulated,
    by: swap.requested_by,
    reason: swap.reason,
    startedAt: wallTime(instant(swap.created_at) ?? now, now),
    total: clock(elapsedSeconds(swap, now)),
    steps: swap.steps.map((step) => stepView(step, swap, now)),
    progress: swap.settled ? null : progressView(swap, now),
    outcome: swap.settled ? outcomeView(swap) : null,
    pendingCause: swap.settled ? null : swap.cause,
    canCancel: !swap.settled && swap.phase !== 'rolling_back' && swap.cancel_requested_at === null,
    cancelNote: cancelNote(swap),
  };
}

const STEP_TONES = { pending: 'none', running: 'busy', done: 'ok', failed: 'bad', skipped: 'none' } as const;
const STEP_WORDS = { pending: 'to come', running: 'running', done: 'done', failed: 'failed', skipped: 'skipped' } as const;

function stepView(step: Step, swap: Swap, now: number): StepView {
  const current = step.status === 'running' && !swap.settled;
  return {
    key: step.phase,
    mark: mark(STEP_TONES[step.status], STEP_WORDS[step.status]),
    name: phaseWord(step.phase),
    time: stepDuration(step, current, now),
    note: step.note ?? '',
    current,
  };
}

function stepDuration(step: Step, current: boolean, now: number): string {
  const from = instant(step.started_at);
  if (step.duration_ms !== null) return stepTime(step.duration_ms);
  if (from === null || !current) return '';
  return clock((now - from) / 1000);
}

function progressView(swap: Swap, now: number): ProgressView {
  const { fraction, label, expected_seconds: expected } = swap.progress;
  const elapsed = elapsedSeconds(swap, now);
  return {
    percent: Math.round(Math.min(1, Math.max(0, fraction)) * 100),
    label: label === '' ? phaseWord(swap.phase) : label,
    elapsed: clock(elapsed),
    expected: expected === null ? 'no earlier load to compare with' : `usually ${clock(expected)}`,
    left: timeLeft(swap, elapsed),
  };
}

function timeLeft(swap: Swap, elapsed: number): string {
  const { expected_seconds: expected, eta_seconds: eta } = swap.progress;
  if (expected !== null && elapsed > expected) return `longer than usual by ${clock(elapsed - expected)}`;
  if (eta !== null) return `about ${clock(eta)} left`;
  return expected === null ? '' : `about ${clock(expected - elapsed)} left`;
}

/** Who serves now, as the end of a sentence. */
function servingWords(serving: string | null): string {
  if (serving === null) return 'Nothing is loaded now.';
  if (serving === 'unknown') return 'What serves now is unknown: the hosts could not be asked.';
  if (serving === 'unmanaged') return 'Something that Spark Control did not start serves now.';
  return `${serving} serves now.`;
}

function outcomeView(swap: Swap): OutcomeView {
  // That it was cancelled on request is what the sentence says already.
  const cause = swap.cause?.code === 'CANCELLED' ? null : swap.cause;
  return { mark: phaseMark(swap), sentence: outcomeSentence(swap), cause };
}

function outcomeSentence(swap: Swap): string {
  const { model, serving } = swap;
  switch (swap.outcome ?? swap.phase) {
    case 'ready':
      if (swap.noop) return `${model ?? NOTHING} was serving already; nothing was done.`;
      return model === null ? 'Unloaded. Nothing is loaded now.' : `${model} is ready and serves.`;
    case 'rolled_back':
      return `${model ?? 'The unload'} failed. Rolled back: ${servingWords(serving)}`;
    case 'cancelled':
      return `Cancelled. ${servingWords(serving)}`;
    case 'failed':
      return `${model === null ? 'The unload' : model} failed. ${servingWords(serving)}`;
    default:
      return servingWords(serving);
  }
}

function cancelNote(swap: Swap): string | null {
  if (swap.settled) return null;
  if (swap.phase === 'rolling_back') {
    return `Going back to ${swap.previous_model ?? 'the previous state'}. A rollback cannot be cancelled.`;
  }
  return swap.cancel_requested_at === null ? null : 'Cancel requested; the present step is being ended.';
}

/** Phases in which what served before still does. */
export const BEFORE_STOPPING: readonly string[] = ['queued', 'validating', 'draining'];

/** What a cancel would do at this point: nobody should have to guess. */
export function cancelConsequence(swap: Swap): string {
  const previous = swap.previous_model;
  if (BEFORE_STOPPING.includes(swap.phase))
    return previous === null ? 'Nothing was stopped yet.' : `${previous} keeps serving; nothing was stopped yet.`;
  if (previous === null) return 'Nothing was loaded before, so nothing will be loaded afterwards.';
  return `${previous} was stopped already and will be loaded again, which takes as long as its usual load.`;
}

/** One sentence for people who listen instead of look; at most one each few seconds is read out. */
export function announcement(swap: Swap): string {
  if (swap.settled) return outcomeSentence(swap);
  return `${swapTitle(swap)}: ${phaseWord(swap.phase)}`;
}

export type SwapRow = Readonly<{
  id: string;
  mark: Mark;
  title: string;
  by: string;
  when: string;
  took: string;
  cause: string;
}>;

/** One line of the history. Where the hosts are real by now, it says of an older swap that it was simulated. */
export function swapRow(swap: Swap, now: number, isSimulation = false): SwapRow {
  const at = instant(swap.created_at) ?? now;
  return {
    id: swap.id,
    mark: phaseMark(swap),
    title: swapTitle(swap),
    by: swap.simulated && !isSimulation ? `simulated · ${swap.requested_by}` : swap.requested_by,
    when: wallTime(at, now),
    took: `${clock(elapsedSeconds(swap, now))}${swap.settled ? '' : ' so far'}`,
    cause: swap.cause?.message ?? '',
  };
}
