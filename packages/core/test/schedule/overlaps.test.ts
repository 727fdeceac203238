import { expect } from 'chai';
import fc from 'fast-check';
import type { Span } from '../../src/index.ts';
import { touch } from '../../src/schedule/expand.ts';
import { MAX_OVERLAPS, overlaps } from '../../src/schedule/overlaps.ts';

const PROVE = process.env.SPARK_PROVE === '1';
const naive = (subjects: readonly Span[], others: readonly Span[]): readonly (readonly number[])[] =>
  subjects.map((span, at) =>
    others.flatMap((other, index) =>
      touch(span, other) && other.start < other.end && !(subjects === others && at === index) ? [index] : [],
    ),
  );

/** Reads of the ends of spans, as a measure of the work. */
function counted(spans: readonly Span[]): Readonly<{ spans: readonly Span[]; reads: () => number }> {
  let reads = 0;
  const watched = spans.map(({ start, end }) => ({
    start,
    get end(): number {
      reads += 1;
      return end;
    },
  }));
  return { spans: watched, reads: () => reads };
}

describe('overlaps', () => {
  const span = (start: number, end: number): Span => ({ start, end });

  it('finds what has a moment in common, and not what only meets', () => {
    expect(overlaps([span(10, 20)], [span(0, 10), span(20, 30), span(19, 21), span(0, 11), span(12, 13), span(0, 99)])).to.deep.equal([
      [2, 3, 4, 5],
    ]);
  });

  it('leaves out each one with itself, and keeps two that are alike', () => {
    const list = [span(0, 5), span(0, 5), span(4, 6), span(9, 10)];
    expect(overlaps(list, list)).to.deep.equal([[1, 2], [0, 2], [0, 1], []]);
  });

  it('agrees with a comparison of all pairs, up to the most that it names', () => {
    const spans = fc.array(
      fc.tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 25 })).map(([start, length]) => span(start, start + length)),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(spans, spans, fc.boolean(), (one, two, isSame) => {
        const others = isSame ? one : two;
        const expected = naive(one, others);
        for (const [index, found] of overlaps(one, others).entries()) {
          const all = (one[index]?.start ?? 0) < (one[index]?.end ?? 0) ? (expected[index] ?? []) : [];
          expect(all).to.include.members([...found]);
          expect(found).to.have.length(Math.min(all.length, MAX_OVERLAPS));
        }
      }),
      { numRuns: PROVE ? 5_000 : 150 },
    );
  });

  it('does work by what it finds, not by all pairs', () => {
    const shapes = {
      'all at one time': (index: number) => span(index, 100_000),
      'none at one time': (index: number) => span(index * 10, index * 10 + 5),
      'one that outlasts all others': (index: number) => (index === 0 ? span(0, 1e9) : span(index * 10, index * 10 + 5)),
    };
    for (const [name, shape] of Object.entries(shapes)) {
      const { spans, reads } = counted(Array.from({ length: 5_000 }, (_, index) => shape(index)));
      overlaps(spans, spans);
      expect(reads(), name).to.be.lessThan(5_000 * 60);
    }
  });
});
