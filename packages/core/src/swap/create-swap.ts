import type { ClusterKey, ModelKey, SwapId } from '../ids.ts';
import type { LaunchPlan } from '../launch/launch-plan.ts';
import type { Serving, Swap, SwapOptions } from './swap.ts';
import { closeSteps, initialSteps } from './swap-steps.ts';

export type NewSwap = Readonly<{
  id: SwapId;
  cluster: ClusterKey;
  target: ModelKey | null;
  plan: LaunchPlan | null;
  requestedBy: string;
  reason: string | null;
  options: SwapOptions;
  lease: number | null;
  simulated: boolean;
  now: number;
}>;

/** A swap that waits for its turn. */
export function createSwap(from: NewSwap): Swap {
  const { now, ...request } = from;
  const steps = initialSteps().map((step) => (step.phase === 'queued' ? { ...step, status: 'running' as const, startedAt: now } : step));
  return {
    ...request,
    previous: { kind: 'unknown', model: null },
    phase: 'queued',
    step: null,
    attempt: 0,
    fence: null,
    launchedFence: null,
    destructive: false,
    cancelRequestedAt: null,
    cause: null,
    serving: null,
    maxModelLen: null,
    progress: { fraction: 0, label: 'waiting' },
    steps,
    createdAt: now,
    phaseStartedAt: now,
    progressAt: now,
    settledAt: null,
    noop: false,
  };
}

/** The answer when the target serves already: settled at once, nothing done, not journalled. */
export function noopSwap(from: NewSwap, serving: Serving): Swap {
  const swap = createSwap(from);
  return {
    ...swap,
    phase: 'ready',
    noop: true,
    serving,
    progress: { fraction: 1, label: 'ready' },
    steps: closeSteps(swap, from.now, 'done', null),
    settledAt: from.now,
  };
}
