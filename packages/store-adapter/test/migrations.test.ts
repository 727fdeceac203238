import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { clusterKey, modelKey } from '@spark-control/core';
import { expect } from 'chai';
import { idOf, swapNamed } from '../../core/test/support/journal-samples.ts';
import { chooseDriver, isAtLeast } from '../src/database/driver.ts';
import { MIGRATIONS, type Migration } from '../src/database/migrations.ts';
import { rejection, temporaryFolder } from './support/folders.ts';

const NEXT = MIGRATIONS.length + 1;
const another: Migration = {
  version: NEXT,
  name: 'add a table',
  up: async (db) => {
    await db.schema.createTable('extra').addColumn('id', 'integer').execute();
  },
};
const broken: Migration = {
  version: NEXT + 1,
  name: 'break off half-way',
  up: async (db) => {
    await db.schema.createTable('half').addColumn('id', 'integer').execute();
    throw new Error('the migration broke off');
  },
};

describe('migrating a database', () => {
  const folder = temporaryFolder();
  const query = (sql: string, file = 'spark-control.db'): unknown[] => {
    const handle = chooseDriver().open(join(folder.path(), file));
    const rows = handle.prepare(sql).all();
    handle.close();
    return rows.map((row) => Object.values(row as object));
  };
  const tables = (file?: string): unknown[] =>
    query("select name from sqlite_master where name in ('extra', 'half') order by 1", file).flat();

  it('numbers the migrations from 1 without a hole', () => {
    expect(MIGRATIONS.map(({ version }) => version)).to.deep.equal(MIGRATIONS.map((_, index) => index + 1));
  });

  it('refuses the data of a newer version and changes nothing', async () => {
    await (await folder.open({ migrations: [...MIGRATIONS, another] })).close();
    const error = await rejection(folder.open());
    expect(error).to.have.property('code', 'STORE_NEWER');
    expect(error.message).to.contain(folder.path()).and.to.contain(`schema ${NEXT}`);
    expect(query('pragma user_version')).to.deep.equal([[NEXT]]);
  });

  it('applies what is missing, and keeps a copy of what was before', async () => {
    const store = await folder.open();
    await store.journal.commit({ swap: swapNamed('a') });
    await store.close();
    const migrated = await folder.open({ migrations: [...MIGRATIONS, another] });
    expect(await migrated.journal.get(idOf('a'))).to.deep.equal(swapNamed('a'));
    await migrated.close();
    expect(tables()).to.deep.equal(['extra']);
    expect(tables(`spark-control.db.before-v${NEXT}`)).to.deep.equal([]);
    expect(query('select id from swaps', `spark-control.db.before-v${NEXT}`)).to.deep.equal([['swp_a']]);
    expect(query('select version, name from migrations order by 1').at(-1)).to.deep.equal([NEXT, 'add a table']);
  });

  it('learns from the swaps which older load times were simulated', async () => {
    const old = await folder.open({ migrations: MIGRATIONS.slice(0, 1) });
    await old.journal.commit({ swap: { ...swapNamed('a'), phase: 'ready', simulated: true, settledAt: 7 } });
    await old.journal.commit({ swap: { ...swapNamed('b'), phase: 'ready', settledAt: 8 } });
    await old.close();
    const handle = chooseDriver().open(join(folder.path(), 'spark-control.db'));
    for (const at of [7, 8]) {
      const values = `${at}, 'default', 'qwen', ${at}, ${at}, 1`;
      handle.exec(`insert into load_times (id, cluster, model, seconds, at, succeeded) values (${values})`);
    }
    handle.close();
    const { journal } = await folder.open();
    expect(await journal.loadTimes(clusterKey('default'), modelKey('qwen'), true)).to.deep.equal([7]);
    expect(await journal.loadTimes(clusterKey('default'), modelKey('qwen'), false)).to.deep.equal([8]);
  });

  it('makes no copy of a new database', async () => {
    await folder.open();
    expect(existsSync(join(folder.path(), 'spark-control.db.before-v1'))).to.equal(false);
  });

  it('takes back all of a migration that breaks off, and none of those before it', async () => {
    await rejection(folder.open({ migrations: [...MIGRATIONS, another, broken] }));
    expect(tables()).to.deep.equal(['extra']);
    expect(query('pragma user_version')).to.deep.equal([[NEXT]]);
    expect((await (await folder.open({ migrations: [...MIGRATIONS, another] })).health()).ok).to.equal(true);
  });

  for (const [version, expected] of [
    ['3.51.2', false],
    ['3.51.3', true],
    ['3.53.0', true],
    ['3.6.23', false],
    ['4.0.0', true],
  ] as const) {
    it(`finds that SQLite ${version} is ${expected ? 'new enough' : 'too old'}`, () => {
      expect(isAtLeast(version, '3.51.3')).to.equal(expected);
    });
  }

  it('makes every table strict', async () => {
    await (await folder.open()).close();
    const loose = query("select name from pragma_table_list where schema = 'main' and name not like 'sqlite_%' and strict = 0");
    expect(loose).to.deep.equal([]);
  });
});
