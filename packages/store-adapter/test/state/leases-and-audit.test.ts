import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { clusterKey } from '@spark-control/core';
import { expect } from 'chai';
import { idOf, swapEvent, swapNamed } from '../../../core/test/support/journal-samples.ts';
import { auditOf, endedAt, leaseOf } from '../../../core/test/support/lock-samples.ts';
import { chooseDriver } from '../../src/database/driver.ts';
import { MIGRATIONS } from '../../src/database/migrations.ts';
import { rejection, temporaryFolder } from '../support/folders.ts';

const here = clusterKey('default');

describe('leases and the audit trail of a data folder', () => {
  const folder = temporaryFolder();
  const meddle = (...statements: readonly string[]): void => {
    const handle = chooseDriver().open(join(folder.path(), 'spark-control.db'));
    for (const statement of statements) handle.exec(statement);
    handle.close();
  };

  it('are there again after the store was closed', async () => {
    const first = await folder.open();
    const ended = leaseOf(1, { ended: endedAt(5, 'broken') });
    await first.journal.commit({ lease: ended, audit: [auditOf('a')] });
    await first.journal.commit({ lease: leaseOf(2), fence: { cluster: here, value: 2 }, audit: [auditOf('b')] });
    const before = await first.audit.list({ limit: 10 });
    await first.close();
    const { leases, audit, journal } = await folder.open();
    expect(await leases.leases(here, 0)).to.deep.equal([ended, leaseOf(2)]);
    await journal.commit({ audit: [auditOf('c')] });
    expect((await audit.list({ limit: 10 })).slice(1)).to.deep.equal(before);
    expect(await audit.verify()).to.deep.equal({ entries: 3, firstBroken: null });
  });

  it('are written with all the rest of an entry or not at all', async () => {
    const { journal, leases, audit } = await folder.open();
    const broken = { cluster: here, value: 'not a number' as unknown as number };
    for (const entry of [
      { lease: leaseOf(1), audit: [auditOf('a')], fence: broken },
      { lease: leaseOf(1), audit: [auditOf('a', { at: 'never' as unknown as number })], events: [swapEvent(swapNamed('a'))] },
    ]) {
      expect((await rejection(journal.commit(entry))).message).to.match(/INTEGER column/);
      expect(await leases.leases(here, 0)).to.deep.equal([]);
      expect(await audit.list({ limit: 10 })).to.deep.equal([]);
    }
    await journal.commit({ audit: [auditOf('a')] });
    expect(await audit.verify()).to.deep.equal({ entries: 1, firstBroken: null }); // no number was lost
  });

  it('keep an audit entry although its lease is forgotten', async () => {
    const { journal, leases, audit } = await folder.open();
    await journal.commit({ lease: leaseOf(1, { ended: endedAt(1) }), audit: [auditOf('a')] });
    await journal.commit({ lease: leaseOf(2, { acquiredAt: 2 ** 40 }) });
    expect((await leases.leases(here, 0)).map(({ fence }) => fence)).to.deep.equal([2]);
    expect(await audit.list({ limit: 10 })).to.have.length(1);
  });

  for (const { what, statement, firstBroken } of [
    { what: 'a changed text', statement: `update audit set body = replace(body, '"b"', '"x"') where id = 2`, firstBroken: 2 },
    { what: 'text that is no JSON any more', statement: `update audit set body = '{' where id = 3`, firstBroken: 3 },
    { what: 'a changed column that lists are narrowed by', statement: `update audit set cluster = 'other' where id = 2`, firstBroken: 2 },
    { what: 'a changed hash', statement: `update audit set hash = hash || '0' where id = 1`, firstBroken: 1 },
    { what: 'an entry taken out', statement: 'delete from audit where id = 2', firstBroken: 2 },
    { what: 'the newest entry taken out', statement: 'delete from audit where id = 4', firstBroken: 4 },
    { what: 'the oldest entry taken out', statement: 'delete from audit where id = 1', firstBroken: 1 },
    { what: 'all entries taken out', statement: 'delete from audit', firstBroken: 1 },
    {
      what: 'two entries in each other’s place',
      statement: 'update audit set id = -id where id in (2, 3); update audit set id = 5 + id where id < 0',
      firstBroken: 2,
    },
  ]) {
    it(`show ${what}`, async () => {
      const store = await folder.open();
      await store.journal.commit({ audit: ['a', 'b', 'c', 'd'].map((target) => auditOf(target)) });
      await store.close();
      meddle(statement);
      const { audit } = await folder.open();
      expect((await audit.verify()).firstBroken).to.equal(firstBroken);
    });
  }

  it('come to a database of version 2, whose swaps learn that they ran under no lock', async () => {
    const old = await folder.open({ migrations: MIGRATIONS.slice(0, 2) });
    const swap = swapNamed('a', { phase: 'loading' });
    await old.journal.commit({ swap, events: [swapEvent(swap)] });
    await old.close();
    meddle(
      `update swaps set body = json_remove(body, '$.lease', '$.maxModelLen')`,
      `update events set body = json_remove(body, '$.swap.lease', '$.swap.maxModelLen')`,
    );
    const { journal, leases, audit, events } = await folder.open();
    expect(existsSync(join(folder.path(), 'spark-control.db.before-v3'))).to.equal(true);
    expect(await journal.get(idOf('a'))).to.deep.equal(swap);
    expect(await journal.unsettled()).to.deep.equal([swap]);
    expect((await events.replay(0, 10)).map((event) => 'swap' in event && event.swap)).to.deep.equal([swap]);
    await journal.commit({ lease: leaseOf(1), audit: [auditOf('a')] });
    expect(await leases.leases(here, 0)).to.deep.equal([leaseOf(1)]);
    expect(await audit.verify()).to.deep.equal({ entries: 1, firstBroken: null });
  });

  it('take no new lock while less is free than wanted, and let one that is held be renewed and end', async () => {
    const store = await folder.open();
    await store.journal.commit({ lease: leaseOf(1) });
    await store.close();
    const { journal, leases, audit } = await folder.open({ minimumFreeBytes: Number.MAX_SAFE_INTEGER });
    const granted = await rejection(journal.commit({ lease: leaseOf(2), audit: [auditOf('refused')] }));
    expect(granted).to.have.property('code', 'STORE_UNAVAILABLE');
    await journal.commit({ lease: leaseOf(1, { expiresAt: 9_999_999 }), audit: [auditOf('renewed')] });
    await journal.commit({ lease: leaseOf(1, { ended: endedAt(7) }), audit: [auditOf('released')] });
    expect(await leases.leases(here, 0)).to.deep.equal([leaseOf(1, { ended: endedAt(7) })]);
    expect((await audit.list({ limit: 10 })).map(({ target }) => target)).to.deep.equal(['released', 'renewed']);
  });

  it('reject a read as STORE_UNAVAILABLE once the store is closed', async () => {
    const { close, leases, audit } = await folder.open();
    await close();
    for (const read of [leases.leases(here, 0), audit.list({ limit: 1 }), audit.verify()]) {
      expect(await rejection(read)).to.have.property('code', 'STORE_UNAVAILABLE');
    }
  });
});
