import {
  type ClusterKey,
  clusterKey,
  type JournalEvent,
  type ModelKey,
  modelKey,
  type Swap,
  type SwapId,
  type SwapPhase,
  swapId,
} from '../../src/index.ts';

/** A swap as a journal sees it: `name` gives id and order, phase decides whether it is settled. */
export function swapNamed(name: string, changes: Partial<Swap> = {}): Swap {
  const base: Swap = {
    id: idOf(name),
    cluster: clusterKey('default'),
    target: modelKey('qwen'),
    plan: null,
    previous: { kind: 'nothing' },
    requestedBy: 'tests',
    reason: null,
    options: { drainSeconds: 30, rollback: true, forceRestart: false, replaceUnmanaged: false, queueSeconds: 600 },
    phase: 'queued',
    step: null,
    attempt: 0,
    lease: null,
    fence: null,
    launchedFence: null,
    destructive: false,
    cancelRequestedAt: null,
    cause: null,
    serving: null,
    maxModelLen: null,
    progress: { fraction: 0, label: '' },
    steps: [],
    createdAt: 1_000,
    phaseStartedAt: 1_000,
    progressAt: 1_000,
    settledAt: null,
    simulated: false,
    noop: false,
  };
  return { ...base, ...changes };
}

export const idOf = (name: string): SwapId => swapId(`swp_${name}`);

export function swapEvent(swap: Swap, phase: SwapPhase = swap.phase): JournalEvent {
  return { kind: 'swap', cluster: swap.cluster, swapId: swap.id, at: swap.createdAt, swap: { ...swap, phase } };
}

export function progressEvent(swap: Swap, fraction: number): JournalEvent {
  const moved = { ...swap, progress: { fraction, label: `weights ${fraction}` } };
  return { kind: 'progress', cluster: swap.cluster, swapId: swap.id, at: swap.createdAt, swap: moved };
}

export const loadOf = (seconds: number, at: number, model = 'qwen', cluster = 'default') => ({
  cluster: clusterKey(cluster) as ClusterKey,
  model: modelKey(model) as ModelKey,
  simulated: false,
  seconds,
  at,
  succeeded: true,
});
