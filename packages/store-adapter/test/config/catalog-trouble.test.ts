import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { modelKey } from '@spark-control/core';
import { expect } from 'chai';
import { ANA, catalogBench, create, modelIn, OVERRIDES, patch } from '../support/catalog-bench.ts';
import { rejection } from '../support/folders.ts';

type Fault = { code?: string; message: string; details?: { issues?: readonly { path: string; line?: number }[] } };

describe('an overrides file that cannot be written', () => {
  const bench = catalogBench();
  const change = create('new', { repo: 'acme/new' });
  const isMounted = (options: string, folder: string, ...from: readonly string[]): boolean => {
    if (spawnSync('mount', ['-o', options, ...from, folder]).status !== 0) return false;
    bench.atEnd(() => void spawnSync('umount', ['-l', folder]));
    return true;
  };

  const refusal = async (overrides: string): Promise<Fault> => {
    const { editor, catalog } = await bench.start(overrides);
    const before = catalog.current();
    const error = (await rejection(editor.apply(change, null, ANA))) as Fault;
    expect(catalog.current().models).to.equal(before.models);
    expect(await editor.history(modelKey('new'), 1)).to.be.empty;
    return error;
  };

  it('is refused when its folder is not there, with the folder and the way out', async () => {
    const { code, message } = await refusal('nowhere/over.yaml');
    expect(code).to.equal('READ_ONLY');
    expect(message).to.contain(bench.path('nowhere/over.yaml')).and.to.contain('Make it').and.to.contain('MODELS_OVERRIDES');
  });

  it('is refused when none is set', async () => {
    const { code, message } = await refusal('');
    expect(code).to.equal('READ_ONLY');
    expect(message).to.contain('MODELS_OVERRIDES');
  });

  for (const [what, mode] of [
    ['file', 0o444],
    ['folder', 0o555],
  ] as const) {
    it(`is refused when the ${what} is marked read-only, also to root`, async () => {
      mkdirSync(bench.path('over'));
      bench.write('over/over.yaml', '# mine\nmodels: {}\n');
      const marked = bench.path(what === 'file' ? 'over/over.yaml' : 'over');
      chmodSync(marked, mode);
      const { code, message } = await refusal('over/over.yaml');
      chmodSync(marked, 0o755);
      expect(code).to.equal('READ_ONLY');
      expect(message).to.contain(bench.path('over/over.yaml')).and.to.contain('chown').and.to.contain('MODELS_OVERRIDES');
      expect(readFileSync(bench.path('over/over.yaml'), 'utf8')).to.equal('# mine\nmodels: {}\n');
      expect(readdirSync(bench.path('over'))).to.deep.equal(['over.yaml']);
    });
  }

  it('is refused on a read-only mount, and where the file itself is mounted', async function () {
    mkdirSync(bench.path('over'));
    if (!isMounted('size=1m,ro', bench.path('over'), '-t', 'tmpfs', 'spark-test')) return this.skip();
    const readOnly = await refusal('over/over.yaml');
    expect(readOnly.code).to.equal('READ_ONLY');
    expect(readOnly.message).to.contain(bench.path('over/over.yaml')).and.to.contain('Mount');

    bench.write('real.yaml', 'models: {}\n');
    bench.write('alone.yaml', '');
    if (!isMounted('bind', bench.path('alone.yaml'), bench.path('real.yaml'))) return this.skip();
    const alone = await refusal('alone.yaml');
    expect(alone.code).to.equal('READ_ONLY');
    expect(alone.message).to.contain('Mount its folder');
  });

  it('is refused with STORE_UNAVAILABLE on a full disk, stays as it was, and takes the edit when there is room', async function () {
    mkdirSync(bench.path('over'));
    if (!isMounted('size=1m', bench.path('over'), '-t', 'tmpfs', 'spark-test')) return this.skip();
    bench.write('over/over.yaml', '# mine\nmodels: {}\n');
    const { bavail, bsize } = statfsSync(bench.path('over'));
    writeFileSync(bench.path('over/filler'), Buffer.alloc(bavail * bsize, 1));
    const { code, message } = await refusal('over/over.yaml');
    expect(code).to.equal('STORE_UNAVAILABLE');
    expect(message).to.contain('disk is full');
    expect(readFileSync(bench.path('over/over.yaml'), 'utf8')).to.equal('# mine\nmodels: {}\n');
    rmSync(bench.path('over/filler'));
    const { editor } = await bench.start('over/over.yaml');
    expect(modelIn(await editor.apply(change, null, ANA), 'new')).to.not.equal(null);
  });

  it('gets its edit back out when the ledger does not take it', async () => {
    const { editor, store, catalog } = await bench.start();
    bench.write(OVERRIDES, '# mine\nmodels: {}\n');
    await editor.apply(patch('plain', { name: 'One' }), null, ANA);
    const before = bench.overrides();
    const { revision } = catalog.current();
    const record = store.catalogHistory.record;
    Object.assign(store.catalogHistory, { record: () => Promise.reject(new Error('the disk went away')) });
    expect((await rejection(editor.apply(patch('plain', { name: 'Two' }), null, ANA))).message).to.equal('the disk went away');
    expect(bench.overrides()).to.equal(before);
    Object.assign(store.catalogHistory, { record });
    expect((await editor.apply(patch('plain', { name: 'Three' }), null, ANA)).revision).to.equal(revision + 1);
  });

  const broken = [
    { of: 'YAML that does not parse', text: 'models:\n  a: [\n', line: 3 },
    { of: 'a key that is there twice', text: 'models:\n  plain: { name: A }\n  plain: { name: B }\n', line: 3 },
    { of: 'a fault of meaning', text: 'models:\n  plain:\n    nodes: many\n', line: 3 },
    { of: 'a field that nobody knows', text: 'model: {}\n', line: 1 },
  ];
  for (const { of, text, line } of broken) {
    it(`is refused and left untouched while it has ${of}`, async () => {
      const { editor, catalog } = await bench.start();
      bench.write(OVERRIDES, text);
      const error = (await rejection(editor.apply(change, null, ANA))) as Fault;
      expect(error.code).to.equal('INVALID_CATALOG');
      expect(error.details?.issues?.[0]?.path).to.contain(`${bench.path(OVERRIDES)}#`);
      expect(error.details?.issues?.[0]?.line).to.equal(line);
      expect(bench.overrides()).to.equal(text);
      expect(catalog.current().fault).to.contain('models-overrides.yaml');
    });
  }

  it('is refused when it is not UTF-8, since what cannot be read could not be written back', async () => {
    const { editor } = await bench.start();
    const latin1 = Buffer.from('# gr\xfc\xdfe\nmodels: {}\n', 'latin1');
    writeFileSync(bench.path(OVERRIDES), latin1);
    expect(await rejection(editor.apply(change, null, ANA))).to.include({ code: 'INVALID_CATALOG' });
    expect(readFileSync(bench.path(OVERRIDES)).equals(latin1)).to.equal(true);
  });

  it('is replaced behind its link, with its mode', async () => {
    bench.write('elsewhere/real.yaml', 'models: {}\n');
    chmodSync(bench.path('elsewhere/real.yaml'), 0o640);
    symlinkSync('../elsewhere/real.yaml', bench.path(OVERRIDES));
    const { editor } = await bench.start();
    await editor.apply(change, null, ANA);
    expect(lstatSync(bench.path(OVERRIDES)).isSymbolicLink()).to.equal(true);
    expect(readFileSync(bench.path('elsewhere/real.yaml'), 'utf8')).to.contain('acme/new');
    expect(statSync(bench.path('elsewhere/real.yaml')).mode & 0o7777).to.equal(0o640);
  });

  it('is made where a link to nothing leads', async () => {
    mkdirSync(bench.path('elsewhere'));
    symlinkSync('../elsewhere/real.yaml', bench.path(OVERRIDES));
    const { editor } = await bench.start();
    await editor.apply(change, null, ANA);
    expect(existsSync(bench.path('elsewhere/real.yaml'))).to.equal(true);
  });
});

describe('the revision of the catalog', () => {
  const bench = catalogBench();

  it('goes on over a restart, and stays when nothing changed', async () => {
    const first = await bench.start();
    const { revision } = await first.editor.apply(patch('plain', { name: 'A' }), null, ANA);
    const second = await bench.start();
    expect(second.catalog.current().revision).to.equal(revision);
    expect((await second.editor.apply(patch('plain', { name: 'B' }), null, ANA)).revision).to.equal(revision + 1);
  });

  it('rises for a change by hand, with a row, within the poll and over a restart, also when times are set back', async () => {
    const { catalog, tick, editor } = await bench.start();
    const { revision } = catalog.current();
    bench.write(OVERRIDES, 'models: { plain: { name: A } }\n');
    utimesSync(bench.path(OVERRIDES), 1_000, 1_000);
    await tick();
    expect(catalog.current().revision).to.equal(revision + 1);
    expect((await editor.history(modelKey('plain'), 1))[0]).to.deep.include({ revision: revision + 1, action: 'external', actor: 'file' });
    await bench.stop();
    bench.write(OVERRIDES, 'models: { plain: { name: B } }\n');
    utimesSync(bench.path(OVERRIDES), 500, 500);
    const again = await bench.start();
    expect(again.catalog.current().revision).to.equal(revision + 2);
    expect((await again.editor.history(modelKey('plain'), 1))[0]?.diff).to.deep.equal([{ path: '/name', before: 'A', after: 'B' }]);
  });

  it('is not given to a change that cannot be recorded: the old models stay, with a fault, until it can', async () => {
    const { catalog, store, tick } = await bench.start();
    const before = catalog.current();
    const record = store.catalogHistory.record;
    Object.assign(store.catalogHistory, { record: () => Promise.reject(new Error('no room')) });
    bench.write(OVERRIDES, 'models: { plain: { name: A } }\n');
    await tick();
    expect(catalog.current()).to.deep.include({ revision: before.revision, models: before.models });
    expect(catalog.current().fault).to.contain('cannot be recorded');
    Object.assign(store.catalogHistory, { record });
    await tick();
    expect(catalog.current()).to.include({ revision: before.revision + 1, fault: null });
    expect(modelIn(catalog.current(), 'plain')).to.include({ name: 'A' });
  });
});
