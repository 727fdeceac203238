import type { LaunchPlan } from '../launch/launch-plan.ts';
import type { ActivePhase, Previous, Serving, StepName, StepRecord, StepStatus, Swap } from './swap.ts';

/** The phases of the way forward, in order. */
export const FORWARD_PHASES = ['queued', 'validating', 'draining', 'stopping', 'launching', 'loading', 'warming'] as const;

/** The step done in each forward phase, and back. `queued` has none: it waits. */
export const PHASE_OF_STEP: Readonly<Record<StepName, ActivePhase>> = {
  validate: 'validating',
  drain: 'draining',
  stop: 'stopping',
  launch: 'launching',
  load: 'loading',
  warm: 'warming',
  rollback_stop: 'rolling_back',
  rollback_launch: 'rolling_back',
  rollback_load: 'rolling_back',
  rollback_warm: 'rolling_back',
};

export function initialSteps(): readonly StepRecord[] {
  return FORWARD_PHASES.map((phase) => ({ phase, status: 'pending' as const, startedAt: null, endedAt: null, note: null }));
}

/** Ends the running line of the timeline, if there is one. */
function endRunning(steps: readonly StepRecord[], status: StepStatus, now: number, note: string | null): StepRecord[] {
  return steps.map((step) => (step.status === 'running' ? { ...step, status, endedAt: now, note: note ?? step.note } : step));
}

/** Moves the timeline to `phase`: what ran is `done` (or `failed`), forward phases passed over are `skipped`. */
export function enterPhase(
  swap: Swap,
  phase: ActivePhase,
  now: number,
  how: { note: string | null; failed?: boolean },
): readonly StepRecord[] {
  const ended = endRunning(swap.steps, how.failed ? 'failed' : 'done', now, how.note);
  const running: StepRecord = { phase, status: 'running', startedAt: now, endedAt: null, note: null };
  if (phase === 'rolling_back') return [...ended.map(skipPending), running];
  const index = ended.findIndex((step) => step.phase === phase);
  return ended.map((step, at) => (at === index ? running : at < index ? skipPending(step) : step));
}

/** Closes the timeline for good. */
export function closeSteps(swap: Swap, now: number, status: 'done' | 'failed', note: string | null): readonly StepRecord[] {
  return endRunning(swap.steps, status, now, note).map(skipPending);
}

const skipPending = (step: StepRecord): StepRecord => (step.status === 'pending' ? { ...step, status: 'skipped' } : step);

/** The plan that a rollback would start, `null` when it has nothing of ours to go back to. */
export const previousPlan = (previous: Previous): LaunchPlan | null => (previous.kind === 'plan' ? previous.plan : null);

/** Who serves when nothing was touched. */
export function servingOf(previous: Previous): Serving {
  switch (previous.kind) {
    case 'plan':
      return { kind: 'model', model: previous.model };
    case 'nothing':
      return { kind: 'nothing' };
    case 'unmanaged':
      return { kind: 'unmanaged' };
    case 'unknown':
      return previous.model === null ? { kind: 'unknown' } : { kind: 'model', model: previous.model };
  }
}
