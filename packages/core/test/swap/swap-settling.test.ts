import { expect } from 'chai';
import { modelKey, type Serving, type StepName, type Swap } from '../../src/index.ts';
import { type Advance, advance, type SwapEvent } from '../../src/swap/swap-machine.ts';
import { aCause, aPlan, aSwap, someOptions } from '../support/builders.ts';
import { context, done, failed, inStep, results, types } from '../support/swap-steps.ts';

const STEPS = Object.keys(results) as StepName[];
const FORWARD = STEPS.filter((step) => !step.startsWith('rollback'));
const later = { now: 9_000, serving: { kind: 'unmanaged' } as Serving };

const give = (swap: Swap, event: SwapEvent, at = later): Advance => advance(swap, event, at);
const lineOf = (swap: Swap, phase: string) => swap.steps.find((step) => step.phase === phase);
const statuses = (swap: Swap): Record<string, string> => Object.fromEntries(swap.steps.map((step) => [step.phase, step.status]));

function toTheEnd(swap: Swap): Swap {
  let next = swap;
  while (next.settledAt === null) next = done(next).swap;
  return next;
}

describe('what a swap does not take', () => {
  for (const step of STEPS) {
    it(`in ${step}: its turn, being dropped, words of another attempt, and the end of another step`, () => {
      const swap = inStep(step);
      const other = results[step === 'validate' ? 'drain' : 'validate'];
      const refused: SwapEvent[] = [
        { type: 'granted' },
        { type: 'dropped', cause: aCause() },
        { type: 'progressed', attempt: swap.attempt + 1, progress: { fraction: 1, label: 'x' } },
        { type: 'step_done', attempt: swap.attempt - 1, result: results[step] },
        { type: 'step_done', attempt: swap.attempt, result: other },
        { type: 'step_failed', attempt: swap.attempt + 1, cause: aCause() },
      ];
      for (const event of refused) expect(give(swap, event), event.type).to.deep.equal({ swap, effects: [], taken: false });
    });
  }

  it('while queued: the outcome of a step, for none runs', () => {
    const swap = aSwap();
    expect(give(swap, { type: 'step_failed', attempt: swap.attempt, cause: aCause() }).taken).to.equal(false);
  });
});

describe('progress', () => {
  const swap = { ...inStep('load'), progress: { fraction: 0.5, label: 'weights 7/14' } };

  it('grows, and never falls', () => {
    const grown = give(swap, { type: 'progressed', attempt: swap.attempt, progress: { fraction: 0.6, label: 'compiling' } });
    expect(grown.swap.progress).to.deep.equal({ fraction: 0.6, label: 'compiling' });
    const late = give(swap, { type: 'progressed', attempt: swap.attempt, progress: { fraction: 0.2, label: 'again' } });
    expect(late.swap.progress).to.deep.equal({ fraction: 0.5, label: 'again' });
    expect(late).to.deep.include({ effects: [], taken: true });
  });

  it('may be a mere sign of life', () => {
    const alive = give(swap, { type: 'progressed', attempt: swap.attempt, progress: null });
    expect(alive.swap).to.deep.equal({ ...swap, progressAt: later.now });
  });
});

describe('a swap that settles', () => {
  it('ready: says what serves, and that all is done', () => {
    const swap = toTheEnd(inStep('validate'));
    expect(swap).to.deep.include({ phase: 'ready', serving: { kind: 'model', model: 'qwen' }, cause: null, step: null });
    expect(swap.progress).to.deep.equal({ fraction: 1, label: 'ready' });
    expect(new Set(Object.values(statuses(swap)))).to.deep.equal(new Set(['done']));
    expect(lineOf(swap, 'stopping')).to.deep.include({ note: '91 GiB freed', endedAt: context.now });
    expect(swap.settledAt).to.equal(context.now);
  });

  it('unloaded: says so', () => {
    expect(toTheEnd(inStep('stop', aSwap({ target: null, plan: null }))).progress).to.deep.equal({ fraction: 1, label: 'unloaded' });
  });

  it('dropped from the queue: keeps the reason, and what serves meanwhile', () => {
    const cause = aCause({ code: 'QUEUE_TIMEOUT' });
    const next = give(aSwap(), { type: 'dropped', cause });
    expect(next.swap).to.deep.include({ phase: 'cancelled', cause, serving: { kind: 'unmanaged' } });
    expect(lineOf(next.swap, 'queued')?.status).to.equal('failed');
    expect(next.swap.progress).to.deep.equal({ fraction: 0, label: 'waiting' });
  });

  it('cancelled while draining: the model before serves on, whatever the last look said', () => {
    const next = give(inStep('drain'), { type: 'cancel_requested' });
    expect(next.swap).to.deep.include({ serving: { kind: 'model', model: 'gemma' }, cancelRequestedAt: later.now });
    expect(next.swap.cause).to.deep.equal({ code: 'CANCELLED', message: 'Cancelled on request.', hint: null, logTail: [] });
    expect(statuses(next.swap)).to.include({ validating: 'done', draining: 'failed', stopping: 'skipped' });
  });

  it('cancelled before anybody looked: what serves is what was seen last', () => {
    expect(give(inStep('validate'), { type: 'cancel_requested' }).swap.serving).to.deep.equal(later.serving);
    const unknown = { ...inStep('drain'), previous: { kind: 'unknown', model: modelKey('theirs') } } as Swap;
    expect(give(unknown, { type: 'cancel_requested' }).swap.serving).to.deep.equal(later.serving);
  });

  const endings = [
    { what: 'a failed load that went back', rollback: true, cancel: false, phase: 'rolled_back' },
    { what: 'a failed load that only cleaned up', rollback: false, cancel: false, phase: 'failed' },
    { what: 'a cancelled load that went back', rollback: true, cancel: true, phase: 'cancelled' },
    { what: 'a cancelled load that only cleaned up', rollback: false, cancel: true, phase: 'cancelled' },
  ] as const;
  for (const { what, rollback, cancel, phase } of endings) {
    it(`${what}: ${phase}, the load failed and the way back done`, () => {
      const swap = inStep('load', aSwap({ options: someOptions({ rollback }) }));
      const back = cancel ? give(swap, { type: 'cancel_requested' }).swap : failed(swap).swap;
      expect(back.progress).to.deep.equal({ fraction: 0, label: rollback ? 'rolling back' : 'cleaning up' });
      const end = toTheEnd(back);
      expect(end).to.deep.include({ phase, serving: rollback ? { kind: 'model', model: 'gemma' } : { kind: 'nothing' } });
      expect(statuses(end)).to.include({ loading: 'failed', warming: 'skipped', rolling_back: 'done' });
    });
  }

  it('says "cleaning up" when there was nothing before', () => {
    expect(failed({ ...inStep('load'), previous: { kind: 'nothing' } }).swap.progress.label).to.equal('cleaning up');
  });

  it('with a rollback that failed too: both reasons, and the way back marked', () => {
    const second = aCause({ message: 'Port taken.' });
    const plain = failed(inStep('rollback_load'), second).swap;
    expect(plain.cause?.hint).to.equal('The rollback failed too: Port taken.');
    const hinted = { ...inStep('rollback_load'), cause: aCause({ hint: 'Lower it.' }) };
    expect(failed(hinted, second).swap.cause?.hint).to.equal('Lower it. The rollback failed too: Port taken.');
    expect(failed({ ...inStep('rollback_load'), cause: null }, second).swap.cause).to.deep.equal(second);
    expect(statuses(plain)).to.include({ loading: 'failed', rolling_back: 'failed' });
  });

  it('because the model before was never gone: says so, also when cancelled', () => {
    const swap = give(inStep('stop'), { type: 'cancel_requested' }).swap;
    const result = { step: 'rollback_stop', found: 'still_serving', fence: 8, note: null } as const;
    const next = give(swap, { type: 'step_done', attempt: swap.attempt, result });
    expect(next.swap).to.deep.include({ phase: 'cancelled', serving: { kind: 'model', model: 'gemma' } });
    expect(lineOf(next.swap, 'rolling_back')?.note).to.equal('the previous model was never stopped');
  });

  for (const step of STEPS) {
    it(`abandoned in ${step}: failed, and nobody knows what serves`, () => {
      const next = give(inStep(step), { type: 'abandoned', cause: aCause() });
      expect(next.swap).to.deep.include({ phase: 'failed', serving: { kind: 'unknown' } });
    });
  }
});

describe('a swap taken up after a restart', () => {
  it('waits on when it was queued', () => {
    const swap = aSwap();
    expect(give(swap, { type: 'recovered' })).to.deep.equal({ swap, effects: [], taken: true });
  });

  for (const step of STEPS.filter((name) => name !== 'drain')) {
    it(`begins ${step} again as a new attempt, with the time for it`, () => {
      const swap = inStep(step);
      const next = give(swap, { type: 'recovered' });
      expect(next.swap).to.deep.equal({ ...swap, attempt: swap.attempt + 1, phaseStartedAt: later.now, progressAt: later.now });
      const isLaunch = step === 'launch' || step === 'rollback_launch';
      expect(types(next)[0] === 'resume_launch').to.equal(isLaunch);
    });
  }

  it('gives a launch whose fence was never used as a launch', () => {
    expect(types(give({ ...inStep('launch'), launchedFence: 3 }, { type: 'recovered' }))).to.deep.equal(['launch']);
  });

  it('notes why it looks again', () => {
    const next = give(inStep('drain'), { type: 'recovered' });
    expect(lineOf(next.swap, 'draining')?.note).to.equal('begun again after a restart');
  });

  it('does not go on with a journal that lost the plan', () => {
    expect(() => give({ ...inStep('launch'), plan: null }, { type: 'recovered' })).to.throw(TypeError, 'launch plan');
  });
});

describe('a step that begins', () => {
  for (const step of FORWARD) {
    it(`${step}: counts a new attempt, starts its clocks, and carries the fence`, () => {
      const swap = inStep(step);
      const [effect] = give(swap, { type: 'recovered' }).effects;
      expect(swap.attempt).to.equal(FORWARD.indexOf(step) + 1);
      expect(swap).to.include({ phaseStartedAt: context.now, progressAt: context.now });
      if (effect !== undefined && 'fence' in effect) expect(effect.fence).to.equal(7);
      expect(swap.launchedFence).to.equal(FORWARD.indexOf(step) >= FORWARD.indexOf('launch') ? 7 : null);
      expect(swap.destructive).to.equal(FORWARD.indexOf(step) >= FORWARD.indexOf('stop'));
    });
  }

  it('launches the model before under the fence claimed for that', () => {
    const next = done(inStep('rollback_stop'));
    expect(next.effects).to.deep.equal([{ type: 'launch', fence: 8, plan: aPlan('gemma') }]);
    expect(next.swap).to.include({ fence: 8, launchedFence: 8 });
  });

  it('does not take the return of what was not ours for a launch', () => {
    const swap = failed({ ...inStep('load'), previous: { kind: 'unmanaged', name: 'theirs' } }).swap;
    expect(done(swap).swap.launchedFence).to.equal(7);
  });
});
