import {
  aCluster,
  aHost,
  aModel,
  aPreflight,
  aSettledSwap,
  aStatus,
  aSwap,
  GIB,
  iso,
  stepsUpTo,
} from '../../../packages/web-ui/test/support/wire-builders.ts';
import { aCoordinationScript } from './coordination-script.ts';
import { ok } from './stub-answer.ts';
import type { Script } from './stub-api.ts';

export const failure = {
  code: 'MODEL_CRASHED',
  message: 'The model server ran out of memory while it loaded weights.',
  hint: 'Lower --gpu-memory-utilization to 0.80.',
  log_tail: ['INFO loading weights', 'torch.OutOfMemoryError: CUDA out of memory.'],
};

/** A swap from qwen to gemma that was asked for a minute ago and is in `phase`. */
export function runningSwap(phase: 'stopping' | 'loading' | 'rolling_back', change: Partial<ReturnType<typeof aSwap>> = {}) {
  const began = Date.now() - 60_000;
  return aSwap({ id: 'swp_05', phase, created_at: iso(began), steps: stepsUpTo(phase, began), ...change });
}

export function settledSwap(outcome: 'ready' | 'rolled_back' | 'cancelled' | 'failed', change: Partial<ReturnType<typeof aSwap>> = {}) {
  const began = Date.now() - 60_000;
  const done = { created_at: iso(began), settled_at: iso(Date.now()), steps: stepsUpTo('ready', began) };
  return aSettledSwap(outcome, { id: 'swp_05', serving: outcome === 'ready' ? 'gemma-27b' : 'qwen3-32b', ...done, ...change });
}

/** A simulated pair that serves qwen and has a short past. */
export function aScript(change: Partial<Script> = {}): Script {
  const now = Date.now();
  const fresh = { at: iso(now) };
  const past = [
    settledSwap('ready', { id: 'swp_01', model: 'qwen3-32b', previous_model: null, serving: 'qwen3-32b' }),
    settledSwap('rolled_back', { id: 'swp_02', cause: failure }),
  ];
  return {
    status: aStatus({
      simulated: true,
      clusters: [aCluster({ since: iso(now - 8_040_000), observed_at: iso(now) })],
      hosts: [aHost('spark-1', fresh), aHost('spark-2', fresh)],
    }),
    models: [
      aModel('qwen3-32b', { name: 'Qwen3 32B' }),
      aModel('gemma-27b', { name: 'Gemma 3 27B' }),
      aModel('llama-405b', { name: 'Llama 405B', nodes: 4, weights_bytes: 236 * GIB, load_seconds: { p50: null, p90: null, samples: 0 } }),
      aModel('my-tune', { name: 'My fine-tune', repo: null, local_path: '/models/my-tune', weights_bytes: null, nodes: 1 }),
    ],
    swaps: new Map(past.map((swap) => [swap.id, swap])),
    logs: new Map(),
    coordination: aCoordinationScript(),
    preflight: aPreflight(),
    onSwap: () => ok(runningSwap('stopping'), 202),
    onCancel: () => ok(runningSwap('loading', { cancel_requested_at: iso(now) }), 202),
    ...change,
  };
}
