import { expect } from 'chai';
import { endBar, moveBar, type RankBar, readBar, slowest } from '../../src/swap/progress-bars.ts';

const aBar = (more: Partial<RankBar> = {}): RankBar => ({ rank: 'a', pass: 1, done: 3, total: 8, isFinished: false, ...more });
const other = aBar({ rank: 'b', done: 1 });
const MANY = Array.from({ length: 64 }, (_, rank) => aBar({ rank: `r${rank}` }));

describe('readBar', () => {
  it('counts no further than the total', () => {
    expect(readBar('Loading x shards: 120% Completed | 12/10 [00:01')).to.deep.equal({ kind: 'weights', done: 10, total: 10 });
  });

  it('wants counts, not only a percentage', () => {
    for (const text of [
      'Loading x shards: 12% Completed',
      'Loading x shards: 12% Completed | 1/1234567890 [',
      'Loading x shards: 1234% Completed | 1/2 [',
    ]) {
      expect(readBar(text)).to.equal(null);
    }
  });
});

describe('moveBar', () => {
  const table: readonly (readonly [title: string, before: RankBar, done: number, total: number, after: Partial<RankBar>])[] = [
    ['moves on within a pass', aBar(), 5, 8, { done: 5 }],
    ['fills up within a pass', aBar(), 8, 8, { done: 8 }],
    ['steps back within a pass, when lines come twice', aBar(), 1, 8, { done: 1 }],
    ['begins a pass when the total is another, though the one before never filled up', aBar(), 0, 4, { pass: 2, done: 0, total: 4 }],
    ['begins a pass when a full bar starts again', aBar({ done: 8 }), 0, 8, { pass: 2, done: 0 }],
    ['begins a pass after one that drew no bar', aBar({ done: 0, total: 0 }), 0, 4, { pass: 2, done: 0, total: 4 }],
    ['counts no pass beyond the 16th', aBar({ pass: 16, done: 8 }), 0, 8, { pass: 16, done: 0 }],
  ];
  for (const [title, before, done, total, after] of table) {
    it(title, () => {
      expect(moveBar([other, before], 'a', done, total)).to.deep.equal([other, { ...before, ...after }]);
    });
  }

  it('returns the same list when nothing moved', () => {
    const finished = [aBar({ isFinished: true })];
    const bars = [aBar()];
    expect(moveBar(bars, 'a', 3, 8)).to.equal(bars);
    expect(moveBar(finished, 'a', 1, 4)).to.equal(finished);
  });

  it('takes 64 ranks and no more', () => {
    expect(moveBar(MANY.slice(1), 'new', 1, 2)).to.have.lengthOf(64);
    expect(moveBar(MANY, 'new', 1, 2)).to.equal(MANY);
    expect(moveBar(MANY, 'r5', 4, 8)[5]).to.include({ done: 4 });
  });
});

describe('endBar', () => {
  it('fills the bar of that rank only', () => {
    expect(endBar([other, aBar()], 'a', false)).to.deep.equal([other, aBar({ done: 8 })]);
    expect(endBar([other, aBar()], 'a', true)).to.deep.equal([other, aBar({ done: 8, isFinished: true })]);
    expect(endBar([other, aBar({ done: 8 })], 'a', true)).to.deep.equal([other, aBar({ done: 8, isFinished: true })]);
  });

  it('knows a rank that never drew a bar', () => {
    expect(endBar([other], 'a', true)).to.deep.equal([other, aBar({ done: 0, total: 0, isFinished: true })]);
  });

  it('returns the same list when that was known', () => {
    for (const bar of [aBar({ done: 8, isFinished: true }), aBar({ done: 8 })]) {
      const bars = [bar];
      expect(endBar(bars, 'a', false)).to.equal(bars);
      if (bar.isFinished) expect(endBar(bars, 'a', true)).to.equal(bars);
    }
  });

  it('takes 64 ranks and no more', () => {
    expect(endBar(MANY.slice(1), 'new', true)).to.have.lengthOf(64);
    expect(endBar(MANY, 'new', true)).to.equal(MANY);
  });
});

describe('slowest', () => {
  const shareOf = (...bars: readonly RankBar[]): number | undefined => slowest(bars, 0.9)?.share;

  it('knows nothing of no rank', () => {
    expect(slowest([], 0.9)).to.equal(null);
  });

  it('is the first of those equally slow', () => {
    expect(slowest([other, aBar(), aBar({ rank: 'c', done: 1 })], 0.9)?.bar.rank).to.equal('b');
  });

  it('gives the first pass its share and each further one the same share of the rest', () => {
    expect(shareOf(aBar({ done: 4 }))).to.be.closeTo(0.45, 1e-9);
    expect(shareOf(aBar({ done: 8 }))).to.be.closeTo(0.9, 1e-9);
    expect(shareOf(aBar({ pass: 2, done: 4 }))).to.be.closeTo(0.945, 1e-9);
    expect(shareOf(aBar({ pass: 3, done: 8 }))).to.be.closeTo(0.999, 1e-9);
    expect(shareOf(aBar({ done: 0, total: 0 }))).to.be.closeTo(0.9, 1e-9);
  });

  it('is 1 when one rank is finished and the others are full', () => {
    const finished = aBar({ rank: 'z', isFinished: true });
    expect(shareOf(finished, aBar({ done: 8 }))).to.equal(1);
    expect(shareOf(finished, aBar({ done: 4 }))).to.be.closeTo(0.45, 1e-9);
  });
});
