import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clusterKey } from '@spark-control/core';
import { openStore } from '@spark-control/store-adapter';
import { expect } from 'chai';
import { idOf, swapEvent, swapNamed } from '../../core/test/support/journal-samples.ts';
import { chooseDriver } from '../src/database/driver.ts';
import { rejection, SMALL, temporaryFolder } from './support/folders.ts';

describe('opening a store', () => {
  const folder = temporaryFolder();

  it('makes the folder when it is missing, for this user alone', async () => {
    const store = await openStore({ folder: join(folder.path(), 'a', 'b'), ...SMALL });
    await store.close();
    expect(existsSync(join(folder.path(), 'a', 'b', 'spark-control.db'))).to.equal(true);
  });

  it('finds everything again after it was closed', async () => {
    const swap = swapNamed('a', { phase: 'loading' });
    const first = await folder.open();
    await first.journal.commit({
      swap,
      transition: { swap: swap.id, from: null, to: 'loading', at: 5, note: 'from here' },
      events: [swapEvent(swap)],
      fence: { cluster: clusterKey('default'), value: 12 },
    });
    await first.close();

    const second = await folder.open();
    expect(await second.journal.get(swap.id)).to.deep.equal(swap);
    expect(await second.journal.transitions(swap.id)).to.deep.equal([{ from: null, to: 'loading', at: 5, note: 'from here' }]);
    expect(await second.fences.current(clusterKey('default'))).to.equal(12);
    expect(second.controllerId)
      .to.equal(first.controllerId)
      .and.to.match(/^ctl_[0-9a-f]{20}$/);
    expect((await second.journal.commit({ events: [swapEvent(swap)] })).map(({ id }) => id)).to.deep.equal([2]);
  });

  it('keeps one row for each transition of a swap, in order', async () => {
    const { journal } = await folder.open();
    const id = idOf('a');
    await journal.commit({ swap: swapNamed('a'), transition: { swap: id, from: null, to: 'queued', at: 1, note: null } });
    await journal.commit({ swap: swapNamed('a'), transition: { swap: id, from: 'queued', to: 'validating', at: 1, note: null } });
    await journal.commit({ swap: swapNamed('b'), transition: { swap: idOf('b'), from: null, to: 'queued', at: 1, note: null } });
    expect((await journal.transitions(id)).map(({ to }) => to)).to.deep.equal(['queued', 'validating']);
  });

  it('writes all of an entry or nothing', async () => {
    const { journal, events } = await folder.open();
    const broken = { cluster: clusterKey('default'), value: 'not a number' as unknown as number };
    const error = await rejection(journal.commit({ swap: swapNamed('a'), events: [swapEvent(swapNamed('a'))], fence: broken }));
    expect(error.message).to.match(/INTEGER column/); // a defect of the caller stays what it is
    expect(await journal.get(idOf('a'))).to.equal(null);
    expect(await events.range()).to.deep.equal({ oldest: 0, newest: 0 });
    expect((await journal.commit({ events: [swapEvent(swapNamed('a'))] }))[0]?.id).to.equal(1);
  });

  it('forgets requests that a crash cut off, and keeps the answers', async () => {
    const first = await folder.open();
    const answer = { status: 200, headers: {}, body: 'done' };
    await first.answers.begin('cut off', 'hash', 0);
    await first.answers.begin('finished', 'hash', 0);
    await first.answers.complete('finished', answer, 0);
    await first.close();
    const { answers } = await folder.open();
    expect(await answers.begin('cut off', 'hash', 1)).to.deep.equal({ kind: 'new' });
    expect(await answers.begin('finished', 'hash', 1)).to.deep.equal({ kind: 'replay', answer });
  });

  it('refuses a second server on the same folder, at once and by name', async () => {
    await folder.open();
    const error = await rejection(openStore({ folder: folder.path(), ...SMALL }));
    expect(error).to.have.property('code', 'STORE_IN_USE');
    expect(error.message).to.contain(folder.path()).and.to.contain('SPARK_CONTROL_DATA');
  }).timeout(2_000);

  it('lets the next server in once the first has closed', async () => {
    await (await folder.open()).close();
    expect((await (await folder.open()).health()).ok).to.equal(true);
  });

  it('refuses a folder that is a file, and names it', async () => {
    const path = join(folder.path(), 'taken');
    writeFileSync(path, '');
    for (const wanted of [path, join(path, 'below')]) {
      const error = await rejection(openStore({ folder: wanted, ...SMALL }));
      expect(error).to.have.property('code', 'STORE_UNAVAILABLE');
      expect(error.message).to.contain(wanted).and.to.contain('is a file');
    }
  });

  it('refuses a file that is no database, and one of another program, and leaves both alone', async () => {
    writeFileSync(
      join(folder.path(), 'spark-control.db'),
      'these are notes, not a database, and they are long enough to be looked at\n'.repeat(20),
    );
    expect((await rejection(folder.open())).message).to.contain('not a database');

    const other = join(folder.path(), 'other');
    mkdirSync(other);
    const handle = chooseDriver().open(join(other, 'spark-control.db'));
    handle.exec('create table songs (title text)');
    handle.close();
    expect((await rejection(openStore({ folder: other, ...SMALL }))).message).to.contain('another program');
    expect(readdirSync(other)).to.deep.equal(['spark-control.db']);
  });

  for (const { what, lose } of [
    { what: 'file was deleted', lose: (path: string) => rmSync(join(path, 'spark-control.db')) },
    { what: 'file was replaced', lose: (path: string) => renameSync(join(path, 'other'), join(path, 'spark-control.db')) },
    { what: 'folder was moved away', lose: (path: string) => renameSync(path, `${path}-moved`) },
  ]) {
    it(`acknowledges nothing once its ${what}`, async () => {
      const { journal, health, answers } = await folder.open();
      await journal.commit({ swap: swapNamed('before') });
      writeFileSync(join(folder.path(), 'other'), '');
      lose(folder.path());
      expect(await rejection(journal.commit({ swap: swapNamed('after') }))).to.have.property('code', 'STORE_UNAVAILABLE');
      expect(await rejection(answers.begin('key', 'hash', 0))).to.have.property('code', 'STORE_UNAVAILABLE');
      expect((await health()).detail).to.contain('removed or replaced');
      expect(await journal.get(idOf('before'))).to.include({ id: idOf('before') });
      rmSync(`${folder.path()}-moved`, { recursive: true, force: true });
    });
  }

  it('answers STORE_UNAVAILABLE once it is closed', async () => {
    const store = await folder.open();
    await store.close();
    await store.close();
    expect(await rejection(store.journal.commit({ swap: swapNamed('a') }))).to.have.property('code', 'STORE_UNAVAILABLE');
    for (const read of [
      () => store.journal.get(swapNamed('a').id),
      () => store.events.range(),
      () => store.fences.current(swapNamed('a').cluster),
    ]) {
      expect(await rejection(read())).to.have.property('code', 'STORE_UNAVAILABLE');
    }
    expect((await store.health()).ok).to.equal(false);
  });

  it('refuses an SQLite that is too old for a write-ahead log', () => {
    expect(() => chooseDriver('99.0.0'))
      .to.throw(/SQLite 99\.0\.0 or later is needed/)
      .with.property('code', 'STORE_UNAVAILABLE');
  });
});
