import { expect } from 'chai';
import { modelKey, type Serving, type StepName, type Swap } from '../../src/index.ts';
import { type Advance, advance, type StepResult } from '../../src/swap/swap-machine.ts';
import { aCause, aPlan, aSwap } from './builders.ts';

export const context = { now: 5_000, serving: { kind: 'model', model: modelKey('gemma') } as Serving };
const previous = { kind: 'plan', model: modelKey('gemma'), plan: aPlan('gemma') } as const;

export const results: Record<StepName, StepResult> = {
  validate: { step: 'validate', previous, fence: 7, note: null },
  drain: { step: 'drain', note: null },
  stop: { step: 'stop', note: '91 GiB freed' },
  launch: { step: 'launch', note: null },
  load: { step: 'load', note: null, maxModelLen: 32_768 },
  warm: { step: 'warm', note: null },
  rollback_stop: { step: 'rollback_stop', found: 'stopped', fence: 8, note: null },
  rollback_launch: { step: 'rollback_launch', note: null },
  rollback_load: { step: 'rollback_load', note: null },
  rollback_warm: { step: 'rollback_warm', note: null },
};

export const done = (swap: Swap): Advance =>
  advance(swap, { type: 'step_done', attempt: swap.attempt, result: results[swap.step!] }, context);
export const failed = (swap: Swap, cause = aCause()): Advance =>
  advance(swap, { type: 'step_failed', attempt: swap.attempt, cause }, context);
export const types = (next: Advance): string[] => next.effects.map((effect) => effect.type);

/** A swap in the middle of `step`, reached as in life. */
export function inStep(step: StepName, from: Swap = aSwap()): Swap {
  let swap = advance(from, { type: 'granted' }, context).swap;
  for (let guard = 0; swap.step !== step && guard < 12; guard += 1) {
    const goBack = step.startsWith('rollback') && swap.step === 'load';
    swap = (goBack ? failed(swap) : done(swap)).swap;
  }
  expect(swap.step).to.equal(step);
  return swap;
}
