import { expect } from 'chai';
import fc from 'fast-check';
import { isSettled, type Swap } from '../../src/index.ts';
import { advance, type StepResult, type SwapEffect, type SwapEvent } from '../../src/swap/swap-machine.ts';
import { aCause, aSwap, someOptions } from '../support/builders.ts';
import { context, done, failed, inStep, results, types } from '../support/swap-steps.ts';

const RUNS = process.env['SPARK_PROVE'] === '1' ? 100_000 : 2_000;
describe('advance', () => {
  const happyPath = [
    { from: 'validate', phase: 'draining', effect: 'drain' },
    { from: 'drain', phase: 'stopping', effect: 'stop' },
    { from: 'stop', phase: 'launching', effect: 'launch' },
    { from: 'launch', phase: 'loading', effect: 'await_load' },
    { from: 'load', phase: 'warming', effect: 'warm_up' },
    { from: 'warm', phase: 'ready', effect: 'settled' },
    { from: 'rollback_stop', phase: 'rolling_back', effect: 'launch' },
    { from: 'rollback_launch', phase: 'rolling_back', effect: 'await_load' },
    { from: 'rollback_load', phase: 'rolling_back', effect: 'warm_up' },
    { from: 'rollback_warm', phase: 'rolled_back', effect: 'settled' },
  ] as const;

  for (const { from, phase, effect } of happyPath) {
    it(`goes from ${from} to ${phase} and asks for ${effect}`, () => {
      const next = done(inStep(from));
      expect(next.swap.phase).to.equal(phase);
      expect(types(next)).to.deep.equal([effect]);
    });
  }

  it('starts validating when its turn comes', () => {
    const next = advance(aSwap(), { type: 'granted' }, context);
    expect(next.swap.phase).to.equal('validating');
    expect(types(next)).to.deep.equal(['validate']);
  });

  it('is ready with nothing serving once an unload has stopped the model', () => {
    const next = done(inStep('stop', aSwap({ target: null, plan: null })));
    expect(next.swap).to.deep.include({ phase: 'ready', serving: { kind: 'nothing' } });
    const skipped = next.swap.steps.filter((step) => step.status === 'skipped').map((step) => step.phase);
    expect(skipped).to.deep.equal(['launching', 'loading', 'warming']);
  });

  for (const step of ['validate', 'drain'] as const) {
    it(`fails in ${step} without touching what serves`, () => {
      const next = failed(inStep(step));
      expect(next.swap).to.deep.include({ phase: 'failed', serving: context.serving });
      expect(types(next)).to.deep.equal(['settled']);
    });
  }

  for (const step of ['stop', 'launch', 'load', 'warm'] as const) {
    it(`rolls back when ${step} fails, and says why`, () => {
      const next = failed(inStep(step));
      expect(next.swap.phase).to.equal('rolling_back');
      expect(next.swap.cause?.message).to.equal('it died');
      expect(types(next)).to.deep.equal(['clear_for_rollback']);
      expect(next.swap.steps.find((line) => line.status === 'failed')?.note).to.equal('it died');
    });

    it(`rolls back when cancelled in ${step}, and then counts as cancelled`, () => {
      let swap = inStep(step);
      const asked = advance(swap, { type: 'cancel_requested' }, context);
      expect(types(asked)).to.deep.equal(['abort_step', 'clear_for_rollback']);
      swap = asked.swap;
      while (!isSettled(swap)) swap = done(swap).swap;
      expect(swap).to.deep.include({ phase: 'cancelled', serving: { kind: 'model', model: 'gemma' } });
      expect(swap.cancelRequestedAt).to.equal(context.now);
    });

    it(`does nothing more when another controller has taken over in ${step}`, () => {
      const next = failed(inStep(step), aCause({ code: 'FENCED_OFF' }));
      expect(next.swap.phase).to.equal('failed');
      expect(types(next)).to.deep.equal(['settled']);
    });
  }

  it('cancels at once while queued', () => {
    const next = advance(aSwap(), { type: 'cancel_requested' }, context);
    expect(next.swap).to.deep.include({ phase: 'cancelled', serving: context.serving });
    expect(types(next)).to.deep.equal(['settled']);
  });

  it('cancels at once while draining, and ends the step', () => {
    const next = advance(inStep('drain'), { type: 'cancel_requested' }, context);
    expect(next.swap.phase).to.equal('cancelled');
    expect(types(next)).to.deep.equal(['abort_step', 'settled']);
  });

  it('takes no cancel while rolling back', () => {
    expect(advance(inStep('rollback_load'), { type: 'cancel_requested' }, context).taken).to.equal(false);
  });

  it('fails with both reasons when the rollback fails as well', () => {
    const next = failed(inStep('rollback_load'), aCause({ message: 'port taken' }));
    expect(next.swap.phase).to.equal('failed');
    expect(next.swap.cause?.message).to.equal('it died');
    expect(next.swap.cause?.hint).to.contain('port taken');
  });

  it('cleans up and fails when there is nothing to go back to', () => {
    const swap = { ...inStep('load'), previous: { kind: 'nothing' } as const };
    const next = done(failed(swap).swap);
    expect(next.swap).to.deep.include({ phase: 'failed', serving: { kind: 'nothing' } });
  });

  it('cleans up and fails when the requester wanted no rollback', () => {
    const next = done(failed(inStep('load', aSwap({ options: someOptions({ rollback: false }) }))).swap);
    expect(next.swap).to.deep.include({ phase: 'failed', serving: { kind: 'nothing' } });
  });

  it('is rolled back at once when the previous model was never stopped', () => {
    const swap = failed(inStep('stop')).swap;
    const result = { step: 'rollback_stop', found: 'still_serving', fence: 8, note: null } as const;
    const next = advance(swap, { type: 'step_done', attempt: swap.attempt, result }, context);
    expect(next.swap).to.deep.include({ phase: 'rolled_back', serving: { kind: 'model', model: 'gemma' } });
  });

  it('brings back what was not ours, and waits only for its health', () => {
    let swap = { ...inStep('load'), previous: { kind: 'unmanaged', name: 'theirs' } as const } as Swap;
    swap = failed(swap).swap;
    const restore = done(swap);
    expect(types(restore)).to.deep.equal(['restore_unmanaged']);
    const wait = done(restore.swap);
    expect(types(wait)).to.deep.equal(['await_restored']);
    expect(done(wait.swap).swap).to.deep.include({ phase: 'rolled_back', serving: { kind: 'unmanaged' } });
  });

  it('does not hear an outcome of an earlier attempt', () => {
    const swap = inStep('load');
    const late = { type: 'step_failed', attempt: swap.attempt - 1, cause: aCause() } as const;
    expect(advance(swap, late, context).taken).to.equal(false);
  });

  it('resumes a launch after a restart instead of giving it twice', () => {
    const next = advance(inStep('launch'), { type: 'recovered' }, context);
    expect(types(next)).to.deep.equal(['resume_launch']);
  });

  it('looks again before it goes on draining after a restart', () => {
    expect(types(advance(inStep('drain'), { type: 'recovered' }, context))).to.deep.equal(['validate']);
  });
});

describe('any history of a swap', () => {
  const fences = fc.integer({ min: 1, max: 50 });
  const anEvent: fc.Arbitrary<(swap: Swap, fence: number) => SwapEvent> = fc.oneof(
    {
      weight: 10,
      arbitrary: fc.constant(
        (swap: Swap, fence: number): SwapEvent => ({ type: 'step_done', attempt: swap.attempt, result: resultFor(swap, fence) }),
      ),
    },
    { weight: 2, arbitrary: fc.constant((swap: Swap): SwapEvent => ({ type: 'step_failed', attempt: swap.attempt, cause: aCause() })) },
    { weight: 2, arbitrary: fc.constant((): SwapEvent => ({ type: 'granted' })) },
    { weight: 1, arbitrary: fc.constant((): SwapEvent => ({ type: 'cancel_requested' })) },
    { weight: 2, arbitrary: fc.constant((): SwapEvent => ({ type: 'recovered' })) },
    { weight: 1, arbitrary: fc.constant((): SwapEvent => ({ type: 'dropped', cause: aCause({ code: 'QUEUE_TIMEOUT' }) })) },
    { weight: 1, arbitrary: fc.nat(30).map((attempt) => (): SwapEvent => ({ type: 'step_failed', attempt, cause: aCause() })) },
    { weight: 1, arbitrary: fc.constant((): SwapEvent => ({ type: 'abandoned', cause: aCause() })) },
    {
      weight: 3,
      arbitrary: fc.double({ min: 0, max: 1, noNaN: true }).map(
        (fraction) =>
          (swap: Swap): SwapEvent => ({ type: 'progressed', attempt: swap.attempt, progress: { fraction, label: 'x' } }),
      ),
    },
  );

  /** A result as the world would give it: each claim is above the one before. */
  function resultFor(swap: Swap, step: number): StepResult {
    const result = results[swap.step ?? 'validate'];
    return 'fence' in result ? { ...result, fence: (swap.fence ?? 0) + step } : result;
  }

  const aStart = fc
    .record({ unload: fc.boolean(), rollback: fc.boolean() })
    .map(({ unload, rollback }) => aSwap({ ...(unload ? { target: null, plan: null } : {}), options: someOptions({ rollback }) }));

  it('never gives two launches for one fence, never moves a fraction back within a phase, never leaves a settled state', () => {
    fc.assert(
      fc.property(aStart, fc.array(fc.tuple(anEvent, fences), { maxLength: 40 }), (start, history) => {
        let swap = start;
        const launched: number[] = [];
        for (const [make, step] of history) {
          const before = swap;
          const next = advance(swap, make(swap, step), { now: before.progressAt + 1, serving: context.serving });
          swap = next.swap;
          for (const effect of next.effects) if (isLaunch(effect)) launched.push(effect.fence);
          if (isSettled(before)) expect(next).to.deep.equal({ swap: before, effects: [], taken: false });
          if (!next.taken) expect(swap).to.equal(before);
          if (swap.phase === before.phase) expect(swap.progress.fraction).to.be.at.least(before.progress.fraction);
          expect(swap.steps.filter((line) => line.status === 'running').length).to.equal(isSettled(swap) ? 0 : 1);
          expect(isSettled(swap)).to.equal(swap.serving !== null && swap.settledAt !== null && swap.step === null);
          expect(next.effects.filter((effect) => effect.type !== 'abort_step').length).to.be.at.most(1);
        }
        expect(new Set(launched).size).to.equal(launched.length);
        expect(swap.steps.filter((line) => line.phase === 'rolling_back').length).to.be.at.most(1);
      }),
      { numRuns: RUNS },
    );
  });

  it('ends when its steps end', () => {
    fc.assert(
      fc.property(aStart, fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }), (start, outcomes) => {
        let swap = advance(start, { type: 'granted' }, context).swap;
        for (const isGood of outcomes) {
          if (isSettled(swap)) break;
          swap = (isGood ? done(swap) : failed(swap)).swap;
        }
        expect(isSettled(swap)).to.equal(true);
      }),
      { numRuns: RUNS },
    );
  });

  const isLaunch = (effect: SwapEffect): effect is Extract<SwapEffect, { type: 'launch' | 'resume_launch' }> => effect.type === 'launch';
});
