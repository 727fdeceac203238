import { modelKey } from '@spark-control/core';
import { expect } from 'chai';
import { ANA, catalogBench, create, knobs, modelIn, patch, remove, revert } from '../support/catalog-bench.ts';
import { rejection } from '../support/folders.ts';

describe('an editor of the catalog', () => {
  const bench = catalogBench();
  const qwen = modelKey('qwen');

  it('writes only what differs from the base file, shows it when it resolves, and leaves the base file alone', async () => {
    const { editor, catalog } = await bench.start();
    const snapshot = await editor.apply(
      patch('qwen', { name: 'Mine', repo: 'Qwen/Qwen3-32B-FP8', flags: { 'max-model-len': 8192, seed: 1 } }),
      null,
      ANA,
    );
    expect(catalog.current()).to.equal(snapshot);
    expect(modelIn(snapshot, 'qwen')).to.deep.include({ name: 'Mine', origin: 'override', flags: { 'max-model-len': 8192, seed: 1 } });
    expect(bench.overrides()).to.match(/^# .*\n\nmodels:\n {2}qwen:\n {4}name: Mine\n {4}flags:\n {6}max-model-len: 8192\n$/);
  });

  it('takes an override away when the base file says the same, and an entry that has none left', async () => {
    const { editor } = await bench.start();
    await editor.apply(patch('qwen', { name: 'Mine', flags: { seed: 7 } }), null, ANA);
    await editor.apply(patch('qwen', { flags: { seed: 1 } }), null, ANA);
    expect(bench.overrides()).to.match(/qwen:\n {4}name: Mine\n$/);
    const snapshot = await editor.apply(patch('qwen', { name: null }), null, ANA);
    expect(bench.overrides()).to.match(/models: \{\}\n$/);
    expect(modelIn(snapshot, 'qwen')).to.include({ name: 'qwen', origin: 'catalog' });
  });

  it('hides a model of the base file, takes one of its own out, and brings a hidden one back exactly as it is created', async () => {
    const { editor } = await bench.start();
    await editor.apply(create('mine', { repo: 'acme/mine' }), null, ANA);
    expect(modelIn(await editor.apply(remove('mine'), null, ANA), 'mine')).to.equal(null);
    expect(bench.overrides()).to.not.contain('mine:');
    await editor.apply(remove('qwen'), null, ANA);
    expect(bench.overrides()).to.contain('qwen: null');
    const back = await editor.apply(create('qwen', { repo: 'acme/other', flags: { seed: 2 } }), null, ANA);
    expect(modelIn(back, 'qwen')).to.deep.include({
      source: { kind: 'repo', repo: 'acme/other', revision: null },
      flags: { seed: 2 },
      env: {},
    });
  });

  it('replaces the knobs as a whole, and keeps what is masked', async () => {
    const { editor } = await bench.start();
    const snapshot = await editor.apply(knobs('qwen', { dtype: 'auto' }, { HF_TOKEN: '***', THIRD: '3' }), null, ANA);
    expect(modelIn(snapshot, 'qwen')).to.deep.include({
      flags: { dtype: 'auto' },
      env: { HF_TOKEN: { kind: 'secret', name: 'HF_TOKEN' }, THIRD: { kind: 'literal', value: '3' } },
    });
    const again = await editor.apply(knobs('qwen', { 'max-model-len': 4096, seed: 1 }), null, ANA);
    expect(modelIn(again, 'qwen')?.env).to.have.all.keys('HF_TOKEN', 'THIRD');
    expect(bench.overrides()).to.not.contain('flags');
  });

  it('makes no revision of a change that changes nothing', async () => {
    const { editor, catalog } = await bench.start();
    const before = catalog.current();
    expect(await editor.apply(patch('qwen', { flags: { seed: 1 }, name: null }), null, ANA)).to.equal(before);
    expect(await editor.history(qwen, 10)).to.have.length(1);
  });

  it('refuses a change made from an older revision', async () => {
    const { editor, catalog } = await bench.start();
    const { revision } = catalog.current();
    await editor.apply(patch('plain', { name: 'One' }), revision, ANA);
    const error = await rejection(editor.apply(patch('plain', { name: 'Two' }), revision, ANA));
    expect(error).to.include({ code: 'STALE_REVISION' });
    expect(modelIn(catalog.current(), 'plain')).to.include({ name: 'One' });
  });

  it('refuses a change whose file was changed by others since that revision, before anybody polled', async () => {
    const { editor, catalog } = await bench.start();
    const { revision } = catalog.current();
    bench.write('data/models-overrides.yaml', 'models: { plain: { name: Theirs } }\n');
    expect(await rejection(editor.apply(patch('plain', { nodes: 1 }), revision, ANA))).to.include({ code: 'STALE_REVISION' });
    expect(modelIn(catalog.current(), 'plain')).to.include({ name: 'Theirs' });
  });

  it('merges with what others wrote meanwhile, and records it as theirs', async () => {
    const { editor } = await bench.start();
    bench.write('data/models-overrides.yaml', '# by hand\nmodels:\n  plain: # theirs\n    name: Theirs\n');
    const snapshot = await editor.apply(patch('plain', { nodes: 1 }), null, ANA);
    expect(modelIn(snapshot, 'plain')).to.include({ name: 'Theirs', nodes: 1 });
    expect(bench.overrides()).to.contain('# by hand').and.to.contain('# theirs');
    const [mine, theirs] = await editor.history(modelKey('plain'), 2);
    expect(mine).to.deep.include({ action: 'changed', actor: 'ana', diff: [{ path: '/nodes', before: 2, after: 1 }] });
    expect(theirs).to.deep.include({ action: 'external', actor: 'file', diff: [{ path: '/name', after: 'Theirs' }] });
  });

  it('tells each revision in the history, secrets masked, and in the audit trail', async () => {
    const { editor, store } = await bench.start();
    await editor.apply(patch('qwen', { env: { API_KEY: 'sk-first', SECOND: null, URL: 'https://me:hush@host/' } }), null, ANA);
    await editor.apply(patch('qwen', { env: { API_KEY: 'sk-second' } }), null, ANA);
    const [second, first] = await editor.history(qwen, 2);
    expect(first?.diff).to.deep.equal([
      { path: '/env/SECOND', before: 'two' },
      { path: '/env/API_KEY', after: '***' },
      { path: '/env/URL', after: 'https://me:***@host/' },
    ]);
    expect(second?.diff).to.deep.equal([{ path: '/env/API_KEY', before: '***', after: '***' }]);
    const entries = await store.audit.list({ limit: 10, action: 'model_changed' });
    expect(entries.map(({ target, actor }) => [target, actor.name])).to.deep.equal([
      ['qwen', 'ana'],
      ['qwen', 'ana'],
    ]);
    expect(JSON.stringify([entries, first, second])).to.not.match(/hush|sk-/);
  });

  it('goes back to an older revision of one model, also of one that is gone', async () => {
    const { editor, catalog } = await bench.start();
    const { revision } = catalog.current();
    await editor.apply(patch('qwen', { name: 'Mine', flags: { seed: 9, dtype: 'auto' }, env: { SECRET_KEY: 'hush' } }), null, ANA);
    const edited = catalog.current();
    await editor.apply(patch('plain', { name: 'Other' }), null, ANA);
    await editor.apply(remove('qwen'), null, ANA);
    const back = await editor.apply(revert('qwen', edited.revision), null, ANA);
    expect(modelIn(back, 'qwen')).to.deep.equal(modelIn(edited, 'qwen'));
    expect(modelIn(back, 'plain')).to.include({ name: 'Other' });
    const first = await editor.apply(revert('qwen', revision), null, ANA);
    expect(modelIn(first, 'qwen')).to.include({ origin: 'catalog', name: 'qwen' });
    expect((await editor.history(qwen, 1))[0]).to.include({ action: 'reverted' });
  });

  it('knows no revision at which the model was not there', async () => {
    const { editor, catalog } = await bench.start();
    await editor.apply(create('late', { repo: 'acme/late' }), null, ANA);
    const { revision } = catalog.current();
    for (const wrong of [0, revision - 1, revision + 1]) {
      expect(await rejection(editor.apply(revert('late', wrong), null, ANA)), String(wrong)).to.include({ code: 'REVISION_NOT_FOUND' });
    }
    expect(await rejection(editor.apply(revert('never', 1), null, ANA))).to.include({ code: 'MODEL_NOT_FOUND' });
  });

  it('refuses a key that is taken and one that is not there', async () => {
    const { editor } = await bench.start();
    const taken = (await rejection(editor.apply(create('qwen', { repo: 'a/b' }), null, ANA))) as { code?: string; details?: unknown };
    expect(taken.code).to.equal('INVALID_REQUEST');
    expect(taken.details).to.have.nested.property('issues[0].path', '/key');
    const absent = await rejection(editor.apply(patch('qwem', { name: 'x' }), null, ANA));
    expect(absent.code).to.equal('MODEL_NOT_FOUND');
    expect(absent.message).to.contain('qwen');
  });

  const faults = [
    { of: 'both kinds of source', change: create('new', { repo: 'a/b', local_path: '/models/x' }), at: '/local_path' },
    { of: 'no source', change: create('new', { name: 'x' }), at: '/repo' },
    {
      of: 'both kinds of source in a patch',
      change: patch('qwen', { repo: 'Qwen/Qwen3-32B-FP8', local_path: '/models/x' }),
      at: '/local_path',
    },
    { of: 'a flag out of range', change: knobs('qwen', { 'gpu-memory-utilization': 2 }), at: '/flags/gpu-memory-utilization' },
    { of: 'a mask of nothing', change: patch('qwen', { env: { NEW_TOKEN: '***' } }), at: '/env/NEW_TOKEN' },
    { of: 'a name that leads to another model', change: patch('qwen', { served_model_name: 'plain' }), at: '/served_model_name' },
    { of: 'a variable of the launcher', change: patch('qwen', { env: { HF_HOME: '/x' } }), at: '/env/HF_HOME' },
    { of: 'a path that climbs', change: create('new', { local_path: '/models/../etc' }), at: '/local_path' },
  ];
  for (const { of, change, at } of faults) {
    it(`refuses ${of}, with its place in the body`, async () => {
      const { editor, catalog } = await bench.start();
      const before = catalog.current();
      const error = (await rejection(editor.apply(change, null, ANA))) as {
        code?: string;
        details?: { issues: readonly { path: string }[] };
      };
      expect(error.code).to.equal('INVALID_REQUEST');
      expect(error.details?.issues.map(({ path }) => path)).to.deep.equal([at]);
      expect(catalog.current()).to.equal(before);
      expect(() => bench.overrides()).to.throw('ENOENT');
    });
  }
});
