import type { LaunchPlan } from '../launch/launch-plan.ts';
import { type Cause, isSettled, type Previous, type Progress, type Serving, type SettledPhase, type StepName, type Swap } from './swap.ts';
import { closeSteps, enterPhase, PHASE_OF_STEP, previousPlan, servingOf } from './swap-steps.ts';

/** What a finished step found out. Steps that only succeed say `{ step }`. */
export type StepResult = Readonly<
  | { step: 'validate'; previous: Previous; fence: number; note: string | null }
  | { step: 'drain' | 'stop' | 'launch' | 'warm'; note: string | null }
  | { step: 'load'; note: string | null; maxModelLen: number | null }
  /** `still_serving`: the previous model was never gone. `stopped`: the field is clear and a new fence is claimed. */
  | { step: 'rollback_stop'; found: 'still_serving' | 'stopped'; fence: number; note: string | null }
  | { step: 'rollback_launch' | 'rollback_load' | 'rollback_warm'; note: string | null }
>;

/** What happens to a swap. `attempt` names the step that speaks: late words of an earlier one are ignored. */
export type SwapEvent = Readonly<
  | { type: 'granted' }
  | { type: 'dropped'; cause: Cause }
  | { type: 'step_done'; attempt: number; result: StepResult }
  | { type: 'step_failed'; attempt: number; cause: Cause }
  | { type: 'cancel_requested' }
  | { type: 'progressed'; attempt: number; progress: Progress | null }
  | { type: 'recovered' }
  /** Nobody is left to carry it on: its cluster is no longer configured, or no longer (or only now) simulated. */
  | { type: 'abandoned'; cause: Cause }
>;

/** What is to be done next, after the new state is on disk. At most one step runs at a time. */
export type SwapEffect = Readonly<
  | { type: 'validate' | 'drain' }
  | { type: 'stop'; fence: number }
  /** Given once per fence. After a restart `resume_launch` attaches to it, and starts it only if the host never did. */
  | { type: 'launch' | 'resume_launch'; fence: number; plan: LaunchPlan }
  | { type: 'await_load' | 'warm_up'; plan: LaunchPlan }
  /** Claims a new fence above `fence`, and clears the hosts unless the previous model still serves. */
  | { type: 'clear_for_rollback'; fence: number }
  | { type: 'restore_unmanaged'; fence: number }
  | { type: 'await_restored' }
  | { type: 'abort_step' }
  | { type: 'settled' }
>;

/** `now` in ms since the epoch; `serving` is what the arbiter last observed. */
export type AdvanceContext = Readonly<{ now: number; serving: Serving }>;

/** `taken` is false when the event means nothing in this state: the swap is then the same object and nothing is to be done. */
export type Advance = Readonly<{ swap: Swap; effects: readonly SwapEffect[]; taken: boolean }>;

/**
 * Applies one event to a swap. Pure and total: every event in every phase has an answer, and the same input has the same
 * one. The caller journals `swap` first and performs `effects` afterwards, so that a crash in between replays safely.
 */
export function advance(swap: Swap, event: SwapEvent, context: AdvanceContext): Advance {
  if (isSettled(swap)) return ignored(swap);
  switch (event.type) {
    case 'granted':
      return swap.phase === 'queued' ? begin(swap, 'validate', context, null) : ignored(swap);
    case 'dropped':
      return swap.phase === 'queued' ? settle(swap, 'cancelled', event.cause, context.serving, context) : ignored(swap);
    case 'cancel_requested':
      return onCancel(swap, context);
    case 'progressed':
      return event.attempt === swap.attempt ? onProgress(swap, event.progress, context) : ignored(swap);
    case 'step_done':
      return event.attempt === swap.attempt && event.result.step === swap.step ? onDone(swap, event.result, context) : ignored(swap);
    case 'step_failed':
      return event.attempt === swap.attempt && swap.step !== null ? onFailed(swap, event.cause, context) : ignored(swap);
    case 'recovered':
      return onRecovered(swap, context);
    case 'abandoned':
      return settle(swap, 'failed', event.cause, { kind: 'unknown' }, context, event.cause.message, true);
  }
}

function onDone(swap: Swap, result: StepResult, context: AdvanceContext): Advance {
  switch (result.step) {
    case 'validate':
      return begin({ ...swap, previous: result.previous, fence: result.fence }, 'drain', context, result.note);
    case 'drain':
      return begin({ ...swap, destructive: true }, 'stop', context, result.note);
    case 'stop':
      if (swap.plan === null) return settle(swap, 'ready', null, { kind: 'nothing' }, context, result.note);
      return begin(swap, 'launch', context, result.note);
    case 'launch':
      return begin(swap, 'load', context, result.note);
    case 'load':
      return begin({ ...swap, maxModelLen: result.maxModelLen }, 'warm', context, result.note);
    case 'warm':
      return settle(swap, 'ready', null, { kind: 'model', model: planOf(swap.plan).model }, context, result.note);
    case 'rollback_stop':
      return onCleared({ ...swap, fence: result.fence }, result.found, context, result.note);
    case 'rollback_launch':
      return begin(swap, 'rollback_load', context, null);
    case 'rollback_load':
      return previousPlan(swap.previous) === null
        ? settleRestored(swap, context, result.note)
        : begin(swap, 'rollback_warm', context, null);
    case 'rollback_warm':
      return settleRestored(swap, context, result.note);
  }
}

function onCleared(swap: Swap, found: 'still_serving' | 'stopped', context: AdvanceContext, note: string | null): Advance {
  if (found === 'still_serving') return settleRestored(swap, context, note ?? 'the previous model was never stopped');
  const canRestore = swap.options.rollback && (swap.previous.kind === 'plan' || swap.previous.kind === 'unmanaged');
  if (canRestore) return begin(swap, 'rollback_launch', context, null);
  return settle(swap, swap.cancelRequestedAt === null ? 'failed' : 'cancelled', swap.cause, { kind: 'nothing' }, context, note);
}

function onFailed(swap: Swap, cause: Cause, context: AdvanceContext): Advance {
  // Another controller has taken over: whatever we did now would be done to *its* model. Not even a rollback.
  if (cause.code === 'FENCED_OFF') return settle(swap, 'failed', cause, context.serving, context, cause.message);
  if (swap.phase === 'rolling_back') {
    // A rollback happens once. The first cause is why the swap failed; this one is why the GPU is not back.
    const both =
      swap.cause === null ? cause : { ...swap.cause, hint: `${swap.cause.hint ?? ''} The rollback failed too: ${cause.message}`.trim() };
    return settle(swap, 'failed', both, context.serving, context, cause.message, true);
  }
  if (!swap.destructive) return settle(swap, 'failed', cause, context.serving, context, cause.message);
  return rollBack(swap, cause, context);
}

function onCancel(swap: Swap, context: AdvanceContext): Advance {
  if (swap.phase === 'rolling_back') return ignored(swap); // and a swap cancelled before is there, or settled
  const asked: Swap = { ...swap, cancelRequestedAt: context.now };
  const cause: Cause = { code: 'CANCELLED', message: 'Cancelled on request.', hint: null, logTail: [] };
  if (swap.destructive) return withAbort(rollBack(asked, cause, context));
  const serving = swap.previous.kind === 'unknown' ? context.serving : servingOf(swap.previous);
  const cancelled = settle(asked, 'cancelled', cause, serving, context);
  return swap.step === null ? cancelled : withAbort(cancelled);
}

function onProgress(swap: Swap, progress: Progress | null, context: AdvanceContext): Advance {
  const grown =
    progress === null ? swap.progress : { label: progress.label, fraction: Math.max(swap.progress.fraction, progress.fraction) };
  return { swap: { ...swap, progress: grown, progressAt: context.now }, effects: [], taken: true };
}

/** After a restart each step is simply begun again: all of them are idempotent on the hosts. Only a launch must not be *given* twice. */
function onRecovered(swap: Swap, context: AdvanceContext): Advance {
  if (swap.step === null) return { swap, effects: [], taken: true };
  if (swap.step === 'drain') return begin(swap, 'validate', context, 'begun again after a restart');
  const again: Swap = { ...swap, attempt: swap.attempt + 1, phaseStartedAt: context.now, progressAt: context.now };
  return { swap: again, effects: [resumeEffect(again, swap.step)], taken: true };
}

function resumeEffect(swap: Swap, step: StepName): SwapEffect {
  const effect = effectOf(swap, step);
  return effect.type === 'launch' && swap.launchedFence === effect.fence ? { ...effect, type: 'resume_launch' } : effect;
}

function rollBack(swap: Swap, cause: Cause, context: AdvanceContext): Advance {
  const label = swap.options.rollback && swap.previous.kind !== 'nothing' ? 'rolling back' : 'cleaning up';
  const failed: Swap = { ...swap, cause, progress: { fraction: 0, label } };
  const steps = enterPhase(failed, 'rolling_back', context.now, { note: cause.message, failed: true });
  return start({ ...failed, phase: 'rolling_back', steps }, 'rollback_stop', context);
}

/** Enters the phase of `step` (unless it is the current one) and asks for its effect. */
function begin(swap: Swap, step: StepName, context: AdvanceContext, note: string | null): Advance {
  const phase = PHASE_OF_STEP[step];
  const entered = phase === swap.phase ? swap : { ...swap, phase, steps: enterPhase(swap, phase, context.now, { note }) };
  return start(entered, step, context);
}

function start(swap: Swap, step: StepName, context: AdvanceContext): Advance {
  const started: Swap = { ...swap, step, attempt: swap.attempt + 1, phaseStartedAt: context.now, progressAt: context.now };
  const effect = effectOf(started, step);
  const launched = effect.type === 'launch' ? { ...started, launchedFence: effect.fence } : started;
  return { swap: launched, effects: [effect], taken: true };
}

function effectOf(swap: Swap, step: StepName): SwapEffect {
  const fence = swap.fence ?? 0;
  switch (step) {
    case 'validate':
    case 'drain':
      return { type: step };
    case 'stop':
      return { type: 'stop', fence };
    case 'launch':
      return { type: 'launch', fence, plan: planOf(swap.plan) };
    case 'load':
      return { type: 'await_load', plan: planOf(swap.plan) };
    case 'warm':
      return { type: 'warm_up', plan: planOf(swap.plan) };
    case 'rollback_stop':
      return { type: 'clear_for_rollback', fence };
    case 'rollback_launch': {
      const plan = previousPlan(swap.previous);
      return plan === null ? { type: 'restore_unmanaged', fence } : { type: 'launch', fence, plan };
    }
    case 'rollback_load': {
      const plan = previousPlan(swap.previous);
      return plan === null ? { type: 'await_restored' } : { type: 'await_load', plan };
    }
    case 'rollback_warm':
      return { type: 'warm_up', plan: planOf(previousPlan(swap.previous)) };
  }
}

/** The steps that need a plan are only begun with one; a journal that says otherwise is broken. */
function planOf(plan: LaunchPlan | null): LaunchPlan {
  if (plan === null) throw new TypeError('a step that needs a launch plan was begun without one');
  return plan;
}

function settleRestored(swap: Swap, context: AdvanceContext, note: string | null): Advance {
  const phase = swap.cancelRequestedAt === null ? 'rolled_back' : 'cancelled';
  return settle(swap, phase, swap.cause, servingOf(swap.previous), context, note);
}

function settle(
  swap: Swap,
  phase: SettledPhase,
  cause: Cause | null,
  serving: Serving,
  context: AdvanceContext,
  note: string | null = null,
  hasFailedRollback = false,
): Advance {
  // A rollback that only had to clean up did its work, though the swap failed; its own line fails in onFailed alone.
  const failed = phase !== 'ready' && (swap.phase !== 'rolling_back' || hasFailedRollback);
  const progress = phase === 'ready' ? { fraction: 1, label: swap.plan === null ? 'unloaded' : 'ready' } : swap.progress;
  const steps = closeSteps(swap, context.now, failed ? 'failed' : 'done', note);
  const settled: Swap = { ...swap, phase, step: null, cause, serving, progress, steps, settledAt: context.now, progressAt: context.now };
  return { swap: settled, effects: [{ type: 'settled' }], taken: true };
}

const withAbort = (next: Advance): Advance => ({ ...next, effects: [{ type: 'abort_step' }, ...next.effects] });
const ignored = (swap: Swap): Advance => ({ swap, effects: [], taken: false });
