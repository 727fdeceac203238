import { expect } from 'chai';
import fc from 'fast-check';
import { estimateLoad, etaSeconds } from '../../src/index.ts';

const RUNS = process.env['SPARK_PROVE'] === '1' ? 10_000 : 300;

describe('estimateLoad', () => {
  const table: readonly (readonly [samples: readonly number[], p50: number | null, p90: number | null, count: number])[] = [
    [[], null, null, 0],
    [[240], 240, 240, 1],
    [[100, 200], 150, 190, 2],
    [[300, 100, 200], 200, 280, 3],
    [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], 6, 10, 11],
    [[0, 0], 0, 0, 2],
    [[Number.NaN, -5, Number.POSITIVE_INFINITY, 7], 7, 7, 1],
    [[Number.NaN], null, null, 0],
  ];
  for (const [samples, p50Seconds, p90Seconds, count] of table) {
    it(`gives ${p50Seconds} and ${p90Seconds} for ${JSON.stringify(samples)}`, () => {
      const estimate = estimateLoad(samples);
      expect(estimate.samples).to.equal(count);
      if (p50Seconds === null || p90Seconds === null) expect(estimate).to.include({ p50Seconds: null, p90Seconds: null });
      else {
        expect(estimate.p50Seconds).to.be.closeTo(p50Seconds, 1e-9);
        expect(estimate.p90Seconds).to.be.closeTo(p90Seconds, 1e-9);
      }
    });
  }

  it('sorts as numbers, and leaves the samples as they were', () => {
    const samples = [100, 9, 20];
    expect(estimateLoad(samples).p50Seconds).to.equal(20);
    expect(samples).to.deep.equal([100, 9, 20]);
  });

  it('lies between the shortest and the longest load, the median first', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1e5, noNaN: true }), { minLength: 1, maxLength: 50 }), (samples) => {
        const { p50Seconds, p90Seconds } = estimateLoad(samples);
        expect(p50Seconds).to.be.within(Math.min(...samples) - 1e-6, Math.max(...samples) + 1e-6);
        expect(p90Seconds).to.be.within(Number(p50Seconds) - 1e-6, Math.max(...samples) + 1e-6);
      }),
      { numRuns: RUNS },
    );
  });
});

describe('etaSeconds', () => {
  const history = { p50Seconds: 240, p90Seconds: 300, samples: 9 };
  const none = { p50Seconds: null, p90Seconds: null, samples: 0 };

  const table: readonly (readonly [
    title: string,
    elapsedSeconds: number,
    fraction: number,
    estimate: typeof history | typeof none,
    eta: number | null,
  ])[] = [
    ['the whole median at the start', 0, 0, history, 240],
    ['what is left of the median while the bar says nothing yet', 60, 0.05, history, 180],
    ['what is left of the p90 once the median is over', 250, 0.1, history, 50],
    ['a blend of both in the middle', 100, 0.55, history, Math.ceil(140 * 0.5 + (100 * 0.45) / 0.55 / 2)],
    ["the bar's own speed near the end", 900, 0.9, { ...history, p50Seconds: 1_000, p90Seconds: 1_000 }, 100],
    ["the bar's own speed when it is slower than nine in ten", 400, 0.5, history, 400],
    ['nothing when it is slower than nine in ten and the bar says nothing', 400, 0.1, history, null],
    ['nothing without history at the start', 0, 0, none, null],
    ['nothing without history and with little of the bar', 100, 0.19, none, null],
    ['nothing without history in the first seconds', 4, 0.5, none, null],
    ['something without history from the fifth second on', 5, 0.5, none, 5],
    ['what is left of the p90 at the very median', 240, 0.1, history, 60],
    ["the bar's own speed without history once it means something", 100, 0.2, none, 400],
    ['0 when it is done', 100, 1, none, 0],
    ['0 when it is done, whatever the history says', 10, 1, history, 0],
    ['the seconds rounded up', 100, 0.7, none, 43],
    ['nothing for figures that are none', Number.NaN, 0.5, history, null],
    ['nothing for a fraction that is none', 10, Number.NaN, history, null],
    ['nothing for time before the start', -1, 0.5, history, null],
  ];
  for (const [title, elapsedSeconds, fraction, estimate, eta] of table) {
    it(`gives ${title}`, () => {
      expect(etaSeconds({ elapsedSeconds, fraction, estimate })).to.equal(eta);
    });
  }

  it('is a whole number of seconds, or nothing, for any input', () => {
    const figure = fc.oneof(fc.double(), fc.double({ min: 0, max: 1 }), fc.integer({ min: 0, max: 4_000 }));
    fc.assert(
      fc.property(
        figure,
        figure,
        fc.array(fc.double({ min: 0, max: 5_000, noNaN: true }), { maxLength: 5 }),
        (elapsedSeconds, fraction, samples) => {
          const eta = etaSeconds({ elapsedSeconds, fraction, estimate: estimateLoad(samples) });
          if (eta !== null) expect(eta >= 0 && (Number.isInteger(eta) || eta > Number.MAX_SAFE_INTEGER)).to.equal(true);
        },
      ),
      { numRuns: RUNS },
    );
  });

  it('always has an answer while the history still speaks', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 299, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), (elapsedSeconds, fraction) => {
        expect(etaSeconds({ elapsedSeconds, fraction, estimate: history })).to.be.a('number');
      }),
      { numRuns: RUNS },
    );
  });
});
