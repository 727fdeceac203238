import { expect } from 'chai';
import fc from 'fast-check';
import { canonicalJson, type EntryChange, entryDiff, mergeEntry, type Override, overrideAfter, type RawEntry } from '../../src/index.ts';

const NUM_RUNS = process.env['SPARK_PROVE'] === '1' ? 20_000 : 300;

const after = (change: EntryChange, own: RawEntry | undefined, over: Override): Override => {
  const result = overrideAfter(change, own, over);
  if ('issues' in result) throw new Error(JSON.stringify(result.issues));
  return result.override;
};
const patch = (entry: RawEntry): EntryChange => ({ kind: 'patch', entry });
/** What the files say of the model then; `null` fields say nothing. */
const merged = (own: RawEntry | undefined, over: Override): unknown =>
  over === null ? null : over === undefined ? own : mergeEntry(own, over);
const said = (entry: unknown): string => canonicalJson(withoutNulls(entry));
const withoutNulls = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(
        Object.entries(value)
          .flatMap(([key, item]) => (item == null ? [] : [[key, withoutNulls(item)]]))
          .filter(([, item]) => canonicalJson(item) !== '{}'),
      )
    : value;

const OWN = { repo: 'a/b', revision: 'main', name: 'B', flags: { seed: 1, max_model_len: 4096 }, env: { A: 'a', N: 5 } };

describe('overrideAfter', () => {
  const cases: readonly [string, EntryChange, RawEntry | undefined, Override, Override][] = [
    ['writes what differs', patch({ name: 'C', repo: 'a/b' }), OWN, undefined, { name: 'C' }],
    ['takes an override away that says the same as the base file', patch({ name: 'B' }), OWN, { name: 'C' }, undefined],
    ['takes a field back with null', patch({ name: null, flags: null }), OWN, { name: 'C', flags: { seed: 2 }, nodes: 2 }, { nodes: 2 }],
    ['merges flags one by one', patch({ flags: { seed: 2 } }), OWN, { flags: { dtype: 'auto' } }, { flags: { dtype: 'auto', seed: 2 } }],
    ['hides a flag of the base file with null', patch({ flags: { seed: null } }), OWN, undefined, { flags: { seed: null } }],
    ['takes a flag of its own out with null', patch({ flags: { dtype: null } }), OWN, { flags: { dtype: 'auto' } }, undefined],
    ['keeps the spelling of the files', patch({ flags: { 'max-model-len': 1 } }), OWN, undefined, { flags: { max_model_len: 1 } }],
    ['knows a number among the variables by its text', patch({ env: { N: '5' } }), OWN, { env: { N: '6' } }, undefined],
    ['keeps what was hidden as a whole hidden', patch({ flags: { seed: 1 } }), OWN, { flags: null }, { flags: { max_model_len: null } }],
    ['trades the repository for a folder', patch({ local_path: '/m/x' }), OWN, { repo: 'c/d', revision: 'x' }, { local_path: '/m/x' }],
    ['trades the folder back', patch({ repo: 'a/b' }), OWN, { local_path: '/m/x' }, undefined],
    ['leaves the revision of another repository behind', patch({ repo: 'c/d' }), OWN, undefined, { repo: 'c/d', revision: null }],
    ['brings the revision back with its repository', patch({ repo: null }), OWN, { repo: 'c/d', revision: null }, undefined],
    ['hides a model of the base file', { kind: 'remove' }, OWN, { name: 'C' }, null],
    ['takes a model of its own out', { kind: 'remove' }, undefined, { repo: 'a/b' }, undefined],
    [
      'replaces all knobs',
      { kind: 'knobs', flags: { dtype: 'auto' }, env: null },
      OWN,
      { env: { A: 'z' } },
      { env: { A: 'z' }, flags: { seed: null, max_model_len: null, dtype: 'auto' } },
    ],
    [
      'creates over a hidden one exactly what is asked',
      { kind: 'create', entry: { local_path: '/m/x' } },
      { repo: 'a/b', name: 'B' },
      null,
      { local_path: '/m/x', name: null },
    ],
    [
      'keeps what is masked',
      patch({ env: { T_KEY: '***', U: 'http://x:***@y', A: 'b' } }),
      { repo: 'a/b', env: { T_KEY: 's', U: 'http://x:p@y' } },
      undefined,
      { env: { A: 'b' } },
    ],
    [
      'keeps a masked word wherever it went',
      patch({ extra_args: ['--new', '--x-token', '***'] }),
      { repo: 'a/b', extra_args: ['--x-token', 'hush'] },
      undefined,
      { extra_args: ['--new', '--x-token', 'hush'] },
    ],
  ];
  for (const [what, change, own, over, expected] of cases) {
    it(what, () => expect(after(change, own, over)).to.deep.equal(expected));
  }

  it('refuses a mask that stands for nothing, with its place', () => {
    const result = overrideAfter(patch({ env: { NEW: '***' }, extra_args: ['--x-token', '***'] }), OWN, undefined);
    expect('issues' in result && result.issues.map(({ path }) => path)).to.deep.equal(['/env/NEW', '/extra_args/1']);
  });

  const value = fc.oneof(fc.constantFrom('a', 'b', 1, 2, true), fc.constant(['x']));
  const flagMap = (items: fc.Arbitrary<unknown>) => fc.dictionary(fc.constantFrom('seed', 'dtype', 'max-num-seqs'), items, { maxKeys: 3 });
  const envMap = (items: fc.Arbitrary<unknown>) => fc.dictionary(fc.constantFrom('A', 'B', 'C'), items, { maxKeys: 3 });
  const source = fc.constantFrom({ repo: 'a/b' }, { repo: 'c/d' }, { repo: 'a/b', revision: 'r' }, { local_path: '/m/x' });
  const fields = fc.record({ name: value, nodes: value, flags: flagMap(value), env: envMap(value) }, { requiredKeys: [] });
  const entry = fc.tuple(source, fields).map(([from, rest]): RawEntry => ({ ...from, ...rest }));
  const nullable = fc.oneof(value, fc.constant(null));
  const overrides: fc.Arbitrary<Override> = fc.oneof(
    fc.constant(undefined),
    fc.constant(null),
    fc.record(
      { name: nullable, nodes: nullable, flags: fc.oneof(flagMap(nullable), fc.constant(null)), env: envMap(nullable) },
      { requiredKeys: [] },
    ),
  );

  it('restores any entry exactly, over any base file and any overrides', () => {
    fc.assert(
      fc.property(fc.option(entry, { nil: undefined }), overrides, entry, (own, over, wanted) => {
        expect(said(merged(own, after({ kind: 'restore', entry: wanted }, own, over)))).to.equal(said(wanted));
        expect(said(merged(own, after({ kind: 'create', entry: wanted }, own, over)))).to.equal(said(wanted));
      }),
      { numRuns: NUM_RUNS },
    );
  }).timeout(120_000);

  it('writes no field down that the base file says already', () => {
    fc.assert(
      fc.property(entry, overrides, entry, (own, over, wanted) => {
        const written = after({ kind: 'restore', entry: wanted }, own, over) ?? {};
        for (const [field, item] of Object.entries(written)) expect(canonicalJson(item), field).to.not.equal(canonicalJson(own[field]));
      }),
      { numRuns: NUM_RUNS },
    );
  }).timeout(120_000);

  it('makes the knobs what they are said to be, and touches nothing else', () => {
    fc.assert(
      fc.property(
        entry,
        overrides.filter((over) => over !== null),
        flagMap(value),
        envMap(value),
        (own, over, flags, env) => {
          const before = merged(own, over) as RawEntry;
          const now = merged(own, after({ kind: 'knobs', flags, env }, own, over));
          expect(said(now)).to.equal(said({ ...before, flags, env }));
        },
      ),
      { numRuns: NUM_RUNS },
    );
  }).timeout(120_000);

  it('says the same when it is asked twice', () => {
    fc.assert(
      fc.property(
        entry,
        overrides.filter((over) => over !== null),
        fc.record({ name: nullable, flags: flagMap(nullable), env: envMap(nullable) }, { requiredKeys: [] }),
        (own, over, change) => {
          const once = after(patch(change), own, over);
          expect(canonicalJson(after(patch(change), own, once) ?? null)).to.equal(canonicalJson(once ?? null));
        },
      ),
      { numRuns: NUM_RUNS },
    );
  }).timeout(120_000);
});

describe('entryDiff', () => {
  it('tells fields, flags and variables one by one, secrets masked', () => {
    const before = { repo: 'a/b', name: 'B', flags: { seed: 1, dtype: 'auto' }, env: { T_KEY: 'one', U: { from_env: 'U' } } };
    const now = { repo: 'a/b', nodes: 2, flags: { seed: 2 }, env: { T_KEY: 'two', U: 'http://x:p@y' }, extra_args: ['--x-token', 'hush'] };
    expect(entryDiff(before, now)).to.deep.equal([
      { path: '/name', before: 'B' },
      { path: '/flags/seed', before: 1, after: 2 },
      { path: '/flags/dtype', before: 'auto' },
      { path: '/env/T_KEY', before: '***', after: '***' },
      { path: '/env/U', before: { from_env: 'U' }, after: 'http://x:***@y' },
      { path: '/nodes', after: 2 },
      { path: '/extra_args', after: ['--x-token', '***'] },
    ]);
    expect(entryDiff(null, { repo: 'a/b' })).to.deep.equal([{ path: '/repo', after: 'a/b' }]);
    expect(entryDiff({ repo: 'a/b' }, null)).to.deep.equal([{ path: '/repo', before: 'a/b' }]);
    expect(entryDiff({ repo: 'a/b', flags: null }, { repo: 'a/b', flags: {} })).to.deep.equal([]);
  });
});
