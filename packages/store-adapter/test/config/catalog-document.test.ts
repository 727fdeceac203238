import { canonicalJson, type Override } from '@spark-control/core';
import { expect } from 'chai';
import fc from 'fast-check';
import { parse } from 'yaml';
import { editedOverrides } from '../../src/config/catalog-document.ts';

const NUM_RUNS = process.env['SPARK_PROVE'] === '1' ? 5_000 : 150;

const TEXT = `# top of the file
# second line

# about the models
models:
  # first one
  qwen: # beside qwen
    # why that name
    name: Mine # keep
    flags:
      max-model-len: 8192 # tuned
      # not this one
      seed: null
  # about tuned
  tuned: null # hidden on purpose

  # about extra
  extra: { repo: a/b, flags: { seed: 1 } } # in one line
  listed:
    repo: c/d
    extra_args:
      - --foo # first word
      - bar # second word
# the end
`;

const modelsIn = (text: string): Record<string, unknown> =>
  ((parse(text, { merge: true }) as { models?: object } | null)?.models ?? {}) as Record<string, unknown>;
const linesOf = (text: string): readonly string[] => text.split('\n').map((line) => line.trim());

describe('an overrides file with one entry changed', () => {
  it('keeps every other line, in its order', () => {
    const edited = editedOverrides(TEXT, 'qwen', { name: 'Other', flags: { 'max-model-len': 4096, seed: null, dtype: 'auto' } });
    expect(edited)
      .to.contain('name: Other # keep')
      .and.to.contain('max-model-len: 4096 # tuned')
      .and.to.contain('# not this one\n      seed: null\n');
    const changed = ['qwen: # beside qwen', 'name: Mine # keep', 'max-model-len: 8192 # tuned'];
    const kept = linesOf(TEXT).filter((line) => line !== '' && !changed.includes(line));
    let from = 0;
    for (const line of kept) {
      from = edited.indexOf(line, from);
      expect(from, `${line}\n${edited}`).to.be.at.least(0);
    }
    expect(edited).to.contain('# beside qwen');
  });

  it('keeps what stands above an entry that goes, and what stands beside one that is hidden', () => {
    const gone = editedOverrides(TEXT, 'tuned', undefined);
    expect(gone).to.contain('# about tuned').and.to.not.contain('tuned:');
    const hidden = editedOverrides(TEXT, 'qwen', null);
    expect(modelsIn(hidden)['qwen']).to.equal(null);
    expect(hidden).to.contain('# beside qwen').and.to.contain('# first one');
    const all = Object.keys(modelsIn(TEXT)).reduce((text, key) => editedOverrides(text, key, undefined), TEXT);
    expect(modelsIn(all)).to.deep.equal({});
    for (const comment of ['# top of the file', '# about the models', '# first one', '# about tuned', '# about extra', '# the end'])
      expect(all).to.contain(comment);
    expect(modelsIn(editedOverrides(all, 'new', { repo: 'a/b' }))).to.deep.equal({ new: { repo: 'a/b' } });
  });

  it('keeps the comment of each item that stays in a list', () => {
    const edited = editedOverrides(TEXT, 'listed', { repo: 'c/d', extra_args: ['bar', '--new', '--foo'] });
    expect(edited).to.contain('- --foo # first word').and.to.contain('- bar # second word');
    expect(modelsIn(edited)['listed']).to.deep.equal({ repo: 'c/d', extra_args: ['bar', '--new', '--foo'] });
  });

  for (const [what, text] of [
    ['is not there', null],
    ['is empty', ''],
    ['has only a comment', '# mine\n'],
    ['has models with nothing behind it', 'models: # nothing yet\n'],
    ['has an empty map', '# mine\nmodels: {}\n'],
    ['has a byte order mark', '\ufeffmodels:\n  a: { repo: a/b } # mine\n'],
  ] as const) {
    it(`is made where it ${what}`, () => {
      const edited = editedOverrides(text, 'new', { repo: 'a/b', flags: { 'limit-mm-per-prompt': { image: 4 } } });
      expect(edited).to.contain('    repo: a/b\n').and.to.contain('limit-mm-per-prompt: { image: 4 }');
      expect(modelsIn(edited)['new']).to.deep.equal({ repo: 'a/b', flags: { 'limit-mm-per-prompt': { image: 4 } } });
      const [comment] = /# (?:mine|nothing yet)/.exec(text ?? '') ?? [''];
      expect(edited).to.contain(comment);
      expect(edited.startsWith('\ufeff')).to.equal((text ?? '').startsWith('\ufeff'));
    });
  }

  it('keeps the line ends of another system', () => {
    const edited = editedOverrides('# a\r\nmodels:\r\n  b: { repo: a/b }\r\n', 'c', { repo: 'c/d' });
    expect(edited.replaceAll('\r\n', '')).to.not.match(/[\r\n]/);
  });

  describe('whose entries lead into each other', () => {
    const TIED = `models:
  a: &a
    repo: x/y
    flags: &f { seed: 1, dtype: auto }
  b: *a
  c:
    <<: *a
    name: C # mine
    flags: *f
`;
    const changes: readonly Override[] = [undefined, null, { repo: 'x/z', flags: { seed: 1 } }, { name: 'C', repo: 'q/r' }];
    for (const key of ['a', 'b', 'c']) {
      for (const change of changes) {
        it(`changes ${key} to ${JSON.stringify(change)} and no other`, () => {
          const before = modelsIn(TIED);
          const wanted = Object.fromEntries(Object.entries({ ...before, [key]: change }).filter(([, entry]) => entry !== undefined));
          expect(modelsIn(editedOverrides(TIED, key, change))).to.deep.equal(wanted);
        });
      }
    }
  });

  it('says what it should after any number of edits, with the comments of what stayed', () => {
    const word = fc.oneof(
      fc.string({ maxLength: 12 }),
      fc.constantFrom('null', 'yes', '0x10', '- a', '#', 'a: b', '*a', '&a', '"', 'x\ny\n', ' '),
    );
    const item = fc.oneof(word, fc.integer(), fc.boolean(), fc.double({ noNaN: true, noDefaultInfinity: true }));
    const json = fc.dictionary(fc.stringMatching(/^[a-z]{1,4}$/), fc.oneof(item, fc.array(item, { maxLength: 2 })), { maxKeys: 2 });
    const entry = fc.record(
      {
        name: word,
        nodes: fc.integer(),
        flags: fc.dictionary(fc.constantFrom('seed', 'dtype', 'x'), fc.oneof(item, json)),
        extra_args: fc.array(word, { maxLength: 3 }),
      },
      { requiredKeys: [] },
    );
    const edit = fc.tuple(fc.constantFrom('qwen', 'tuned', 'k1', 'k2'), fc.oneof(entry, fc.constant(null), fc.constant(undefined)));
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 8 }), (edits) => {
        let text = TEXT;
        let wanted = modelsIn(TEXT);
        for (const [key, override] of edits) {
          text = editedOverrides(text, key, override);
          wanted = Object.fromEntries(Object.entries({ ...wanted, [key]: override }).filter(([, value]) => value !== undefined));
          expect(canonicalJson(modelsIn(text))).to.equal(canonicalJson(wanted));
          for (const comment of ['# top of the file', '# first one', '# about extra', '# in one line', '# second word', '# the end']) {
            expect(text, comment).to.contain(comment);
          }
        }
      }),
      { numRuns: NUM_RUNS },
    );
  }).timeout(120_000);
});
