import { expect } from 'chai';
import { clusterKey, modelKey, type Previous, type Serving, swapId } from '../../src/index.ts';
import { createSwap, noopSwap } from '../../src/swap/create-swap.ts';
import { enterPhase, FORWARD_PHASES, previousPlan, servingOf } from '../../src/swap/swap-steps.ts';
import { aPlan, someOptions } from '../support/builders.ts';

const wanted = {
  id: swapId('swp_9'),
  cluster: clusterKey('pair'),
  target: modelKey('qwen'),
  plan: aPlan('qwen'),
  requestedBy: 'cron',
  reason: 'nightly',
  options: someOptions(),
  lease: null,
  simulated: true,
  now: 500,
};

describe('a new swap', () => {
  it('waits, and has everything before it', () => {
    const { now, ...request } = wanted;
    const swap = createSwap(wanted);
    expect(swap).to.deep.include({
      ...request,
      phase: 'queued',
      step: null,
      attempt: 0,
      fence: null,
      launchedFence: null,
      destructive: false,
      cause: null,
      serving: null,
      cancelRequestedAt: null,
      settledAt: null,
      noop: false,
      createdAt: now,
      phaseStartedAt: now,
      progressAt: now,
      previous: { kind: 'unknown', model: null },
      progress: { fraction: 0, label: 'waiting' },
    });
    expect(swap.steps.map((step) => step.phase)).to.deep.equal(FORWARD_PHASES);
    expect(swap.steps[0]).to.deep.equal({ phase: 'queued', status: 'running', startedAt: now, endedAt: null, note: null });
    expect(swap.steps[1]).to.deep.equal({ phase: 'validating', status: 'pending', startedAt: null, endedAt: null, note: null });
  });

  it('is over at once when the target serves already', () => {
    const serving: Serving = { kind: 'model', model: modelKey('qwen') };
    const swap = noopSwap(wanted, serving);
    expect(swap).to.deep.include({ phase: 'ready', noop: true, serving, settledAt: 500, progress: { fraction: 1, label: 'ready' } });
    expect(swap.steps.map((step) => step.status)).to.deep.equal(['done', ...Array(6).fill('skipped')]);
  });
});

describe('the timeline', () => {
  it('keeps the note of a phase that is entered again, and runs it anew', () => {
    const once = { ...createSwap(wanted), steps: enterPhase(createSwap(wanted), 'draining', 700, { note: 'first' }) };
    expect(once.steps.map((step) => step.status).slice(0, 4)).to.deep.equal(['done', 'skipped', 'running', 'pending']);
    expect(once.steps[0]).to.deep.include({ note: 'first', endedAt: 700 });
    const back = enterPhase(once, 'validating', 800, { note: null });
    expect(back[1]).to.deep.equal({ phase: 'validating', status: 'running', startedAt: 800, endedAt: null, note: null });
    expect(back[2]).to.deep.include({ status: 'done', endedAt: 800, note: null });
  });
});

describe('what was there before', () => {
  const cases: [Previous, Serving, boolean][] = [
    [{ kind: 'plan', model: modelKey('a'), plan: aPlan('a') }, { kind: 'model', model: modelKey('a') }, true],
    [{ kind: 'nothing' }, { kind: 'nothing' }, false],
    [{ kind: 'unmanaged', name: 'x' }, { kind: 'unmanaged' }, false],
    [{ kind: 'unknown', model: null }, { kind: 'unknown' }, false],
    [{ kind: 'unknown', model: modelKey('b') }, { kind: 'model', model: modelKey('b') }, false],
  ];
  for (const [previous, serving, hasPlan] of cases) {
    it(`${previous.kind} serves as ${serving.kind}${hasPlan ? ', and can be started again' : ''}`, () => {
      expect(servingOf(previous)).to.deep.equal(serving);
      expect(previousPlan(previous) !== null).to.equal(hasPlan);
    });
  }
});
