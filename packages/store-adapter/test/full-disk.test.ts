import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore, type Store } from '@spark-control/store-adapter';
import { expect } from 'chai';
import { idOf, swapEvent, swapNamed } from '../../core/test/support/journal-samples.ts';
import { auditOf, endedAt, leaseOf } from '../../core/test/support/lock-samples.ts';
import { rejection } from './support/folders.ts';

const run = (program: string, words: readonly string[]) => spawnSync(program, words);
const BALLAST = 512 * 1024;
const mountIn = (folder: string, ...options: readonly string[]): boolean =>
  run('mount', ['-t', 'tmpfs', '-o', options.join(','), 'spark-test', folder]).status === 0;

describe('a store on a disk of 4 MiB', () => {
  let folder = '';
  let store: Store | null = null;
  const open = async (): Promise<Store> => {
    store = await openStore({ folder, ballastBytes: BALLAST, minimumFreeBytes: 0 });
    return store;
  };
  const filler = (): string => join(folder, 'filler');
  const fill = (): void => {
    const { bavail, bsize } = statfsSync(folder);
    writeFileSync(filler(), Buffer.alloc(bavail * bsize, 1));
  };
  const hasBallast = (): boolean => existsSync(join(folder, 'spark-control.ballast'));

  beforeEach(function () {
    folder = mkdtempSync(join(tmpdir(), 'spark-full-'));
    if (mountIn(folder, 'size=4m')) return;
    console.log('      skipped: mounting a small disk needs root (CAP_SYS_ADMIN)');
    this.skip();
  });
  afterEach(async () => {
    await store?.close();
    store = null;
    run('umount', ['-l', folder]); // lazy: the Node 20 driver keeps a closed file until its statements are collected
    rmSync(folder, { recursive: true, force: true });
  });

  /** Commits swaps until the disk refuses one; returns how many went in. */
  const commitUntilFull = async ({ journal }: Store): Promise<number> => {
    for (let index = 0; index < 10_000; index += 1) {
      const swap = swapNamed(`fill${index}`, { reason: 'x'.repeat(2_000) });
      const error = await journal.commit({ swap, events: [swapEvent(swap)] }).then(
        () => null,
        (reason: unknown) => reason as { code?: string; message: string },
      );
      if (error === null) continue;
      expect(error).to.have.property('code', 'STORE_UNAVAILABLE');
      expect(error.message).to.contain(folder).and.to.contain('full');
      return index;
    }
    throw new Error('the disk never got full');
  };

  it('refuses new swaps and locks, goes on reading, lets a running swap and a held lock end, and recovers by itself', async () => {
    const { journal, answers, health, leases, audit } = await open();
    expect(hasBallast()).to.equal(true);
    const running = swapNamed('running', { phase: 'loading' });
    await journal.commit({ swap: running });
    await journal.commit({ lease: leaseOf(1) });
    fill();
    const count = await commitUntilFull(store as unknown as Store);

    expect(hasBallast()).to.equal(false);
    expect(await health()).to.include({ ok: false });
    expect(await journal.get(running.id)).to.deep.equal(running);
    expect(await journal.list({ limit: 5_000 })).to.have.length(count + 1);
    expect(await rejection(answers.begin('key', 'hash', 0))).to.have.property('code', 'STORE_UNAVAILABLE');

    await journal.commit({
      swap: { ...running, phase: 'ready' },
      transition: { swap: running.id, from: 'loading', to: 'ready', at: 1, note: null },
    });
    expect(await journal.get(running.id)).to.include({ phase: 'ready' });
    expect(await rejection(journal.commit({ swap: swapNamed('another') }))).to.have.property('code', 'STORE_UNAVAILABLE');

    const grant = journal.commit({ lease: leaseOf(2), audit: [auditOf('never')] });
    expect(await rejection(grant), 'a lock is never granted from memory').to.have.property('code', 'STORE_UNAVAILABLE');
    const ended = leaseOf(1, { ended: endedAt(9) });
    await journal.commit({ lease: ended, audit: [auditOf('released')] });
    expect(await leases.leases(ended.cluster, 0)).to.deep.equal([ended]);
    expect(await audit.verify()).to.deep.equal({ entries: 1, firstBroken: null });

    rmSync(filler());
    expect(await health()).to.include({ ok: true });
    expect(hasBallast()).to.equal(true);
    await journal.commit({ swap: swapNamed('another') });
    expect(await journal.get(idOf('another'))).to.include({ phase: 'queued' });
  });

  it('opens and reads on a disk that is full already', async () => {
    const first = await open();
    await first.journal.commit({ swap: swapNamed('a') });
    await first.close();
    store = null;
    rmSync(join(folder, 'spark-control.ballast'));
    fill();
    const second = await open();
    expect(await second.journal.get(idOf('a'))).to.deep.equal(swapNamed('a'));
  });

  it('says what to do when a new store finds no room at all', async () => {
    fill();
    const error = await rejection(open());
    expect(error).to.have.property('code', 'STORE_UNAVAILABLE');
    expect(error.message).to.contain(folder).and.to.contain('full');
  });

  it('refuses new swaps, and only those, while less is free than wanted', async () => {
    store = await openStore({ folder, ballastBytes: BALLAST, minimumFreeBytes: 2 ** 30 });
    expect(await rejection(store.journal.commit({ swap: swapNamed('a') }))).to.have.property('code', 'STORE_UNAVAILABLE');
    expect(await store.answers.begin('key', 'hash', 0)).to.deep.equal({ kind: 'new' });
    expect((await store.health()).detail).to.contain('full');
  });

  it('refuses a read-only disk by name, with and without a store on it', async () => {
    const readOnly = mkdtempSync(join(tmpdir(), 'spark-readonly-'));
    try {
      for (const action of [async () => {}, async () => (await open()).close()]) {
        await action();
        expect(run('mount', ['--bind', folder, readOnly]).status).to.equal(0);
        expect(run('mount', ['-o', 'remount,bind,ro', readOnly]).status).to.equal(0);
        const error = await rejection(openStore({ folder: readOnly, ballastBytes: BALLAST, minimumFreeBytes: 0 }));
        expect(error).to.have.property('code', 'STORE_UNAVAILABLE');
        expect(error.message).to.contain(readOnly).and.to.contain('read-only');
        run('umount', ['-l', readOnly]);
      }
    } finally {
      rmSync(readOnly, { recursive: true, force: true });
    }
  });
});
