import { expect } from 'chai';
import { announcement, cancelConsequence, swapRow, swapView } from '../src/view-models/swap.ts';
import { aSettledSwap, aSwap, iso, NOON } from './support/wire-builders.ts';

describe('swapView', () => {
  it('marks the running step and counts its time on', () => {
    const { steps } = swapView(aSwap(), NOON + 5_000);
    const current = steps.filter((step) => step.current);
    expect(current.map(({ name }) => name)).to.deep.equal(['loading']);
    expect(steps.find(({ name }) => name === 'stopping')).to.include({ time: '1:00', note: '91 GiB freed' });
    expect(steps.at(-1)).to.include({ name: 'warming up', time: '' });
  });

  it('sets the elapsed time beside the usual one and says what is left', () => {
    expect(swapView(aSwap(), NOON).progress).to.deep.equal({
      percent: 61,
      label: 'weights 9/14',
      elapsed: '2:42',
      expected: 'usually 4:00',
      left: 'about 1:18 left',
    });
  });

  it('says so when it takes longer than usual', () => {
    expect(swapView(aSwap(), NOON + 120_000).progress).to.include({ elapsed: '4:42', left: 'longer than usual by 0:42' });
  });

  it('does not invent an expectation for a model that was never loaded', () => {
    const progress = { fraction: 0.1, label: '', elapsed_seconds: 3, expected_seconds: null, eta_seconds: null };
    expect(swapView(aSwap({ progress }), NOON).progress).to.include({
      label: 'loading',
      expected: 'no earlier load to compare with',
      left: '',
    });
  });

  it('keeps a fraction from outside 0..1 inside the bar', () => {
    const { progress } = aSwap();
    expect(swapView(aSwap({ progress: { ...progress, fraction: 1.2 } }), NOON).progress?.percent).to.equal(100);
  });

  it('takes a phase it does not know for one in progress', () => {
    const swap = { ...aSwap(), phase: 'polishing_brass' as 'loading' };
    const view = swapView(swap, NOON);
    expect(view.mark).to.deep.equal({ tone: 'busy', shape: '◐', word: 'polishing brass' });
    expect(view.canCancel).to.equal(true);
  });

  const outcomes = [
    [aSettledSwap('ready'), 'gemma-27b is ready and serves.', '●'],
    [aSettledSwap('ready', { noop: true }), 'gemma-27b was serving already; nothing was done.', '●'],
    [aSettledSwap('ready', { model: null, serving: null }), 'Unloaded. Nothing is loaded now.', '●'],
    [aSettledSwap('rolled_back', { serving: 'qwen3-32b' }), 'gemma-27b failed. Rolled back: qwen3-32b serves now.', '▲'],
    [aSettledSwap('cancelled', { serving: 'qwen3-32b' }), 'Cancelled. qwen3-32b serves now.', '○'],
    [aSettledSwap('failed', { serving: null }), 'gemma-27b failed. Nothing is loaded now.', '✕'],
    [aSettledSwap('failed', { serving: 'unknown' }), 'gemma-27b failed. What serves now is unknown: the hosts could not be asked.', '✕'],
    [
      aSettledSwap('rolled_back', { serving: 'unmanaged' }),
      'gemma-27b failed. Rolled back: Something that Spark Control did not start serves now.',
      '▲',
    ],
  ] as const;
  for (const [swap, sentence, shape] of outcomes) {
    it(`tells the outcome: ${sentence}`, () => {
      const view = swapView(swap, NOON);
      expect(view.outcome?.sentence).to.equal(sentence);
      expect(view.mark.shape).to.equal(shape);
      expect([view.canCancel, view.progress]).to.deep.equal([false, null]);
    });
  }

  it('stops the clock when the swap is settled', () => {
    expect(swapView(aSettledSwap('ready'), NOON + 3_600_000).total).to.equal('2:42');
  });

  it('does not claim that nothing was loaded before it was found out', () => {
    const titleIn = (phase: 'validating' | 'draining', previous_model: string | null) =>
      swapView(aSwap({ phase, previous_model }), NOON).title;
    expect(titleIn('validating', null)).to.equal('Load gemma-27b');
    expect(titleIn('validating', 'qwen3-32b')).to.equal('qwen3-32b → gemma-27b');
    expect(titleIn('draining', null)).to.equal('nothing → gemma-27b');
  });

  it('does not tell a cancel twice, but tells why a swap was superseded', () => {
    const causeOf = (code: string) =>
      swapView(aSettledSwap('cancelled', { cause: { code, message: 'x', hint: null, log_tail: [] } }), NOON).outcome?.cause?.code ?? null;
    expect([causeOf('CANCELLED'), causeOf('SUPERSEDED')]).to.deep.equal([null, 'SUPERSEDED']);
  });

  it('offers no cancel once one was asked for, nor in a rollback', () => {
    expect(swapView(aSwap({ cancel_requested_at: iso(NOON) }), NOON)).to.include({ canCancel: false });
    const back = swapView(aSwap({ phase: 'rolling_back' }), NOON);
    expect(back).to.include({ canCancel: false, cancelNote: 'Going back to qwen3-32b. A rollback cannot be cancelled.' });
    expect(back.mark.word).to.equal('rolling back');
  });

  it('shows why it goes back while it does', () => {
    const cause = { code: 'MODEL_CRASHED', message: 'out of memory', hint: null, log_tail: [] };
    expect(swapView(aSwap({ phase: 'rolling_back', cause }), NOON).pendingCause).to.equal(cause);
  });
});

describe('what a cancel does', () => {
  it('is nothing before anything was stopped', () => {
    expect(cancelConsequence(aSwap({ phase: 'draining' }))).to.equal('qwen3-32b keeps serving; nothing was stopped yet.');
  });

  it('is a reload of the previous model afterwards', () => {
    expect(cancelConsequence(aSwap({ phase: 'loading' }))).to.match(/qwen3-32b was stopped already and will be loaded again/);
  });

  it('leaves nothing when there was nothing', () => {
    expect(cancelConsequence(aSwap({ previous_model: null }))).to.match(/nothing will be loaded/);
  });
});

describe('announcement and history row', () => {
  it('is one sentence', () => {
    expect(announcement(aSwap())).to.equal('qwen3-32b → gemma-27b: loading');
    expect(announcement(aSettledSwap('cancelled', { serving: null }))).to.equal('Cancelled. Nothing is loaded now.');
  });

  it('says how long a swap took, or has taken so far', () => {
    expect(swapRow(aSettledSwap('ready'), NOON).took).to.equal('2:42');
    expect(swapRow(aSwap(), NOON).took).to.equal('2:42 so far');
    expect(swapRow(aSwap({ previous_model: null }), NOON).title).to.equal('nothing → gemma-27b');
    expect(swapRow(aSwap({ requested_by: 'ci', simulated: true }), NOON).by).to.equal('simulated · ci');
    expect(swapRow(aSwap({ requested_by: 'ci', simulated: true }), NOON, true).by).to.equal('ci');
    expect(swapRow(aSwap({ model: null }), NOON).title).to.equal('Unload qwen3-32b');
  });
});
