import type { ErrorCode } from '../errors.ts';
import type { ClusterKey, ModelKey, SwapId } from '../ids.ts';
import type { LaunchPlan } from '../launch/launch-plan.ts';

export type ActivePhase = 'queued' | 'validating' | 'draining' | 'stopping' | 'launching' | 'loading' | 'warming' | 'rolling_back';
export type SettledPhase = 'ready' | 'rolled_back' | 'failed' | 'cancelled';
export type SwapPhase = ActivePhase | SettledPhase;

/** What is done at the moment. Forward steps bear their phase's name; a rollback walks `rollback_*`. */
export type StepName =
  | 'validate'
  | 'drain'
  | 'stop'
  | 'launch'
  | 'load'
  | 'warm'
  | 'rollback_stop'
  | 'rollback_launch'
  | 'rollback_load'
  | 'rollback_warm';

/** Who has the GPU: a model of ours, nothing, something we did not start, or we could not ask. */
export type Serving = Readonly<{ kind: 'model'; model: ModelKey } | { kind: 'nothing' } | { kind: 'unmanaged' } | { kind: 'unknown' }>;

/** Why a swap did not end as asked. `message` and `hint` may be shown to anyone; `logTail` is the model server's own output. */
export type Cause = Readonly<{ code: ErrorCode; message: string; hint: string | null; logTail: readonly string[] }>;

export type StepStatus = 'pending' | 'running' | 'done' | 'failed' | 'skipped';

/** One line of the timeline: each forward phase, and `rolling_back` when there is one. Times in ms since the epoch. */
export type StepRecord = Readonly<{
  phase: ActivePhase;
  status: StepStatus;
  startedAt: number | null;
  endedAt: number | null;
  note: string | null;
}>;

export type Progress = Readonly<{
  /** 0..1, never falls while one model loads. In `rolling_back` it counts the previous model's load. */
  fraction: number;
  label: string;
}>;

export type SwapOptions = Readonly<{
  drainSeconds: number;
  rollback: boolean;
  forceRestart: boolean;
  replaceUnmanaged: boolean;
  queueSeconds: number;
}>;

/** What a rollback goes back to. `parked`: the stopped and renamed container that was not ours. */
export type Previous = Readonly<
  | { kind: 'plan'; model: ModelKey; plan: LaunchPlan }
  | { kind: 'nothing' }
  | { kind: 'unmanaged'; name: string }
  | { kind: 'unknown'; model: ModelKey | null }
>;

/** A swap job. Immutable: {@link advance} returns the next one. */
export type Swap = Readonly<{
  id: SwapId;
  cluster: ClusterKey;
  /** `null`: unload. */
  target: ModelKey | null;
  plan: LaunchPlan | null;
  /** Known once validating observed the hosts. */
  previous: Previous;
  requestedBy: string;
  reason: string | null;
  options: SwapOptions;
  phase: SwapPhase;
  /** The step being done, `null` while queued and once settled. */
  step: StepName | null;
  /** Rises with every step begun: an outcome of an earlier attempt is ignored. */
  attempt: number;
  /** Fence of the caller's lock that it runs under; `null`: under an implicit one of its own. */
  lease: number | null;
  /** Claimed on the hosts; a new one for each launch. `null` while queued. */
  fence: number | null;
  /** Fence of the last `launch` effect, so that none is given twice. */
  launchedFence: number | null;
  /** Something was stopped: from here on a failure has to put it back. */
  destructive: boolean;
  cancelRequestedAt: number | null;
  cause: Cause | null;
  /** Set when settled. */
  serving: Serving | null;
  /** Context length of the target, as its server said once it answered. */
  maxModelLen: number | null;
  progress: Progress;
  steps: readonly StepRecord[];
  createdAt: number;
  phaseStartedAt: number;
  /** Last sign of life: a log line, a change of memory, a step begun. */
  progressAt: number;
  settledAt: number | null;
  simulated: boolean;
  /** The target served already: nothing was done. */
  noop: boolean;
}>;

export const SETTLED: readonly SwapPhase[] = ['ready', 'rolled_back', 'failed', 'cancelled'];
export const isSettled = (swap: Swap): boolean => SETTLED.includes(swap.phase);
