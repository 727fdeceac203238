import { expect } from 'chai';
import fc from 'fast-check';
import { doubtAbout, prunable, type StoredSnapshot } from '../../src/index.ts';

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 1, 3);

const snapshot = (name: string, over: Partial<StoredSnapshot> = {}): StoredSnapshot => ({
  ...{ collection: 'notes', name, bytes: 10, createdAt: NOW, checksum: 'abc' },
  ...over,
});
/** One per day, the newest first: `d0` was made now. */
const daily = (count: number): readonly StoredSnapshot[] =>
  Array.from({ length: count }, (_, day) => snapshot(`d${day}`, { createdAt: NOW - day * DAY }));
const names = (snapshots: readonly StoredSnapshot[]): readonly string[] => snapshots.map(({ name }) => name);

describe('what is kept of the snapshots of a vector store', () => {
  const made = snapshot('d0');

  it('keeps the newest by number, the one just made among them, and lets the oldest go first', () => {
    const { remove, problem } = prunable(made, daily(5), { keepCount: 3, keepDays: null });
    expect([names(remove), problem]).to.deep.equal([['d4', 'd3'], null]);
  });

  it('keeps by age, to the day', () => {
    expect(names(prunable(made, daily(5), { keepCount: null, keepDays: 2 }).remove)).to.deep.equal(['d4', 'd3']);
  });

  it('keeps what either rule wants', () => {
    expect(names(prunable(made, daily(6), { keepCount: 2, keepDays: 3 }).remove)).to.deep.equal(['d5', 'd4']);
    expect(names(prunable(made, daily(6), { keepCount: 5, keepDays: 1 }).remove)).to.deep.equal(['d5']);
  });

  it('keeps all without a rule', () => {
    expect(prunable(made, daily(9), { keepCount: null, keepDays: null })).to.deep.equal({ remove: [], problem: null });
  });

  const unverified: readonly (readonly [string, StoredSnapshot, readonly StoredSnapshot[], string])[] = [
    ['is not listed', made, daily(5).slice(1), 'broken'],
    ['is empty', made, [snapshot('d0', { bytes: 0 }), ...daily(5).slice(1)], 'broken'],
    ['has another checksum', made, [snapshot('d0', { checksum: 'abd' }), ...daily(5).slice(1)], 'broken'],
    ['has no size', made, [snapshot('d0', { bytes: null }), ...daily(5).slice(1)], 'unsure'],
    ['has no checksum in the list', made, [snapshot('d0', { checksum: null }), ...daily(5).slice(1)], 'unsure'],
    ['was made without a checksum', snapshot('d0', { checksum: null }), daily(5), 'unsure'],
  ];
  for (const [what, fresh, listed, kind] of unverified) {
    it(`lets nothing go when the new one ${what}`, () => {
      expect(doubtAbout(fresh, listed)?.kind).to.equal(kind);
      const { remove, problem } = prunable(fresh, listed, { keepCount: 1, keepDays: null });
      expect(remove).to.deep.equal([]);
      expect(problem).to.equal(doubtAbout(fresh, listed)?.words);
    });
  }

  it('lets nothing go when the new one has no date, since ages are counted from it', () => {
    const fresh = snapshot('d0', { createdAt: null });
    const { remove, problem } = prunable(fresh, [fresh, ...daily(4).slice(1)], { keepCount: 1, keepDays: null });
    expect([remove, problem]).to.deep.equal([[], 'has no date to count ages from']);
  });

  it('neither counts nor removes what belongs to another collection, or has no date', () => {
    const others = [
      snapshot('x', { collection: 'other', createdAt: 0 }),
      snapshot('y', { collection: null, createdAt: 0 }),
      snapshot('z', { createdAt: null }),
    ];
    expect(names(prunable(made, [...others, ...daily(3)], { keepCount: 2, keepDays: null }).remove)).to.deep.equal(['d2']);
  });

  it('holds for any list: what goes is dated, of the collection, not the new one, and no younger one of it goes before an older one', () => {
    const time = fc.option(fc.integer({ min: NOW - 40 * DAY, max: NOW + 3 * DAY }), { nil: null });
    const any = fc.record({
      collection: fc.constantFrom('notes', 'other', null),
      name: fc.string({ minLength: 1, maxLength: 4 }),
      bytes: fc.option(fc.nat(3), { nil: null }),
      createdAt: time,
      checksum: fc.constantFrom('abc', 'abd', null),
    });
    const rule = fc.record({
      keepCount: fc.option(fc.integer({ min: 1, max: 6 }), { nil: null }),
      keepDays: fc.option(fc.integer({ min: 1, max: 30 }), { nil: null }),
    });
    const lists = fc.uniqueArray(any, { maxLength: 20, selector: ({ collection, name }) => `${collection}/${name}` });
    fc.assert(
      fc.property(any, lists, fc.boolean(), rule, (fresh, rest, isListed, keep) => {
        const listed = [
          ...rest.filter(({ name, collection }) => name !== fresh.name || collection !== fresh.collection),
          ...(isListed ? [fresh] : []),
        ];
        const { remove } = prunable(fresh, listed, keep);
        if (doubtAbout(fresh, listed) !== null || fresh.createdAt === null) {
          expect(remove).to.deep.equal([]);
          return;
        }
        const own = listed.filter(({ collection }) => collection === fresh.collection);
        const dated = own.filter(({ createdAt, name }) => createdAt !== null && name !== fresh.name);
        const kept = dated.filter((one) => !remove.includes(one));
        for (const one of remove) {
          expect(one).to.not.equal(fresh);
          expect(dated).to.include(one);
          expect(kept.every((other) => (other.createdAt ?? 0) >= (one.createdAt ?? 0))).to.equal(true);
          if (keep.keepDays !== null) expect((fresh.createdAt ?? 0) - (one.createdAt ?? 0)).to.be.greaterThan(keep.keepDays * DAY);
        }
        // As many stay as the number says, if there are so many, with the new one counted.
        if (keep.keepCount !== null) expect(kept.length + 1).to.be.at.least(Math.min(keep.keepCount, dated.length + 1));
      }),
      { numRuns: process.env['SPARK_PROVE'] === '1' ? 10_000 : 200 },
    );
  });
});
