import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import {
  type AnswerStore,
  type AuditEntry,
  type AuditLog,
  type AutomationStore,
  type Clock,
  type EventLog,
  type FenceCounter,
  isSparkError,
  type LeaseStore,
  type Logger,
  type MemoryRecords,
  type OperationStore,
  type ScheduleStore,
  type SwapJournal,
  silentLogger,
  type TrustStore,
  type WebhookOutbox,
  type WebhookStore,
} from '@spark-control/core';
import { type Kysely, sql } from 'kysely';
import type { CatalogLedger } from '../config/catalog-ledger.ts';
import { asStoreError, isDiskFull } from '../database/faults.ts';
import { migrate } from '../database/migrate.ts';
import { MIGRATIONS, type Migration } from '../database/migrations.ts';
import { type Database, openDatabase } from '../database/open-database.ts';
import type { Tables } from '../database/tables.ts';
import { Ballast } from './ballast.ts';
import { isOutOfRoom, type Sealer, sealerOf } from './sealer.ts';
import { SqlAnswers } from './sql-answers.ts';
import { SqlAudit } from './sql-audit.ts';
import { SqlAutomations } from './sql-automations.ts';
import { SqlCatalogHistory } from './sql-catalog-history.ts';
import { SqlEventLog } from './sql-event-log.ts';
import { SqlJournal } from './sql-journal.ts';
import { SqlLeases } from './sql-leases.ts';
import { SqlMemoryRecords } from './sql-memory-records.ts';
import { SqlOperations } from './sql-operations.ts';
import { SqlOutbox } from './sql-outbox.ts';
import { SqlSchedules } from './sql-schedules.ts';
import { SqlTrustStore } from './sql-trust.ts';
import { SqlWebhooks } from './sql-webhooks.ts';
import { WriteGuard } from './write-guard.ts';

export type StoreOptions = Readonly<{
  /** Data folder; made when missing. One server at a time. */
  folder: string;
  /** Default: the system's time. */
  clock?: Pick<Clock, 'now'>;
  /** Default: silent. */
  logger?: Logger;
  /** Size of the file that is given up on a full disk. Default: 16 MiB. */
  ballastBytes?: number;
  /** New swaps and locks are refused below this many free bytes. Default: 64 MiB. */
  minimumFreeBytes?: number;
  /** Numbered events kept for replay. Default: 10,000. */
  eventCap?: number;
  /** Deliveries that may be on their way to one webhook. Default: 10,000. */
  outboxCap?: number;
  /** Revisions kept of one model of the catalog. Default: 1,000. */
  revisionCap?: number;
  /** Schema to bring the database to. Default: that of this version. */
  migrations?: readonly Migration[];
}>;

/** The durable state of one control plane. */
export type Store = Readonly<{
  journal: SwapJournal & Pick<SqlJournal, 'transitions'>;
  events: EventLog;
  fences: FenceCounter;
  leases: LeaseStore;
  audit: AuditLog;
  /** Adds a line to the audit trail, for what is written elsewhere than in this store, such as a file. */
  record: (entry: AuditEntry) => Promise<void>;
  webhooks: WebhookStore;
  outbox: WebhookOutbox;
  automations: AutomationStore;
  schedules: ScheduleStore;
  operations: OperationStore;
  memoryRecords: MemoryRecords;
  /** Revisions of the catalog: for `YamlCatalogSource.attach` and `YamlCatalogEditor`. */
  catalogHistory: CatalogLedger;
  /** Pins of host keys that are in no file. */
  trust: TrustStore;
  answers: AnswerStore;
  /** Made once per data folder; it signs every claim on the hosts. */
  controllerId: string;
  /** Never rejects. `ok: false` with the reason while writes are refused. */
  health: () => Promise<Readonly<{ ok: boolean; detail: string }>>;
  /** Waits for the running write, then lets go of the folder. May be called twice. */
  close: () => Promise<void>;
}>;

/** Opens the store of a data folder. Rejects STORE_IN_USE, STORE_NEWER or STORE_UNAVAILABLE; each names the folder and the way out. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { folder, logger = silentLogger, clock = { now: Date.now } } = options;
  const ballast = new Ballast(folder, options.ballastBytes ?? 16 * 2 ** 20);
  const database = await openMigrated(options, ballast, clock.now());
  try {
    const sealer = openSealer(folder, ballast);
    if (!ballast.restore()) logger.warn('too little space for the reserve file: a full disk will stop all writes', { folder });
    return await assemble(options, database, ballast, sealer, logger);
  } catch (error) {
    await database.close();
    throw asStoreError(error, folder);
  }
}

/** The key of a folder that has none yet is small, and what it needs of a full disk the ballast can give. */
function openSealer(folder: string, ballast: Ballast): Sealer {
  try {
    return sealerOf(folder);
  } catch (error) {
    if (!isOutOfRoom(error)) throw error;
    ballast.release();
    return sealerOf(folder);
  }
}

/** Opens and migrates; on a full disk once more without the ballast. */
async function openMigrated(options: StoreOptions, ballast: Ballast, now: number): Promise<Database> {
  try {
    return await tryOpen(options, now);
  } catch (error) {
    if (!isDiskFull(error) && !(isSparkError(error) && isDiskFull(error.cause))) throw asStoreError(error, options.folder);
    ballast.release();
    return await tryOpen(options, now).catch((again: unknown) => {
      throw asStoreError(again, options.folder);
    });
  }
}

async function tryOpen({ folder, logger = silentLogger, migrations = MIGRATIONS }: StoreOptions, now: number): Promise<Database> {
  const database = openDatabase(folder, migrations.at(-1)?.version ?? 0);
  try {
    const applied = await migrate(database, migrations, now);
    if (applied.length > 0) logger.info('migrated the database', { folder, versions: applied, driver: database.driver });
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function assemble(
  options: StoreOptions,
  { db, handle, path, close: closeDatabase }: Database,
  ballast: Ballast,
  sealer: Sealer,
  logger: Logger,
): Promise<Store> {
  const { folder, minimumFreeBytes = 64 * 2 ** 20, eventCap = 10_000, outboxCap = 10_000, revisionCap = 1_000 } = options;
  const events = new SqlEventLog(db, eventCap);
  const relieve = async (): Promise<void> => {
    handle.exec('pragma wal_checkpoint(truncate)'); // gives back the room of the log first: a delete needs some
    await events.shrink();
  };
  const guard = new WriteGuard({ folder, ballast, minimumFreeBytes, isInPlace: sameFile(path), relieve, logger });
  const leases = new SqlLeases(db);
  const audit = new SqlAudit(db);
  const outbox = new SqlOutbox(db, { guard, audit, logger, cap: outboxCap });
  const automations = new SqlAutomations(db, { guard, audit, outbox });
  const webhooks = new SqlWebhooks(db, { guard, audit, sealer, logger });
  const schedules = new SqlSchedules(db, guard, audit);
  const journal = new SqlJournal(db, { events, leases, audit, outbox }, guard);
  const answers = new SqlAnswers(db, guard, sealer);
  const operations = new SqlOperations(db, guard, audit);
  const memoryRecords = new SqlMemoryRecords(db, guard);
  const catalogHistory = new SqlCatalogHistory(db, { guard, audit, sealer, clock: options.clock ?? { now: Date.now }, kept: revisionCap });
  const schema = (options.migrations ?? MIGRATIONS).at(-1)?.version ?? 0;
  const trust = await SqlTrustStore.open(db, { guard, audit, clock: options.clock ?? { now: Date.now } }, schema);
  await answers.abandonRunning().catch((error: unknown) => {
    // A full disk must not keep the server from starting: reads work, and this is done again at the next start.
    if (!isSparkError(error)) throw error;
    logger.warn('cut-off requests could not be forgotten', { folder, reason: error.message });
  });
  let closing: Promise<void> | null = null;
  const close = async (): Promise<void> => {
    await sql`select 1`.execute(db).catch(() => {}); // takes its turn behind whatever still runs
    await closeDatabase();
  };
  const read = readerOf(folder);
  return {
    journal: {
      commit: (entry) => journal.commit(entry),
      get: read((id) => journal.get(id)),
      list: read((query) => journal.list(query)),
      unsettled: read(() => journal.unsettled()),
      loadTimes: read((cluster, model, simulated) => journal.loadTimes(cluster, model, simulated)),
      transitions: read((id) => journal.transitions(id)),
    },
    events: {
      replay: read((after, limit, swap) => events.replay(after, limit, swap)),
      range: read(() => events.range()),
    },
    leases: { leases: read((cluster, since) => leases.leases(cluster, since)) },
    audit: { list: read((query) => audit.list(query)), verify: read(() => audit.verify()) },
    record: (entry) =>
      guard.write(
        async () => 'other',
        () => db.transaction().execute((transaction) => audit.append(transaction, [entry])),
      ),
    webhooks: {
      endpoints: read(() => webhooks.endpoints()),
      secrets: read((id, now) => webhooks.secrets(id, now)),
      save: (endpoint, secret, entry) => webhooks.save(endpoint, secret, entry),
      remove: (id, entry) => webhooks.remove(id, entry),
    },
    automations: {
      list: read(() => automations.list()),
      runs: read((query) => automations.runs(query)),
      unsettled: read(() => automations.unsettled()),
      evaluatedUntil: read((id) => automations.evaluatedUntil(id)),
      save: (automation, entry) => automations.save(automation, entry),
      remove: (id, entry) => automations.remove(id, entry),
      begin: (run, entry) => automations.begin(run, entry),
      attach: (run) => automations.attach(run),
      finish: (run, notice) => automations.finish(run, notice),
      setEvaluatedUntil: (id, at) => automations.setEvaluatedUntil(id, at),
    },
    outbox: {
      pending: read((webhook, limit, after) => outbox.pending(webhook, limit, after)),
      delivery: read((id) => outbox.delivery(id)),
      deliveries: read((query) => outbox.deliveries(query)),
      attempts: read((id) => outbox.attempts(id)),
      counts: read((webhook) => outbox.counts(webhook)),
      record: (delivery, attempt, entry) => outbox.record(delivery, attempt, entry),
      enqueue: (webhook, notice, at) => outbox.enqueue(webhook, notice, at),
      giveUp: (webhook, at) => outbox.giveUp(webhook, at),
      prune: read((before) => outbox.prune(before)),
    },
    schedules: {
      list: read(() => schedules.list()),
      get: read((id) => schedules.get(id)),
      save: (schedule, entry) => schedules.save(schedule, entry),
      remove: (id, entry) => schedules.remove(id, entry),
    },
    memoryRecords: {
      save: (record) => memoryRecords.save(record),
      latest: read((cluster, model, simulated) => memoryRecords.latest(cluster, model, simulated)),
    },
    operations: {
      get: read((id) => operations.get(id)),
      list: read((query) => operations.list(query)),
      unsettled: read(() => operations.unsettled()),
      save: (stored, entry) => operations.save(stored, entry),
    },
    catalogHistory: {
      ready: () => catalogHistory.ready(),
      last: read(() => catalogHistory.last()),
      record: (rows, actor) => catalogHistory.record(rows, actor),
      history: read((model, limit) => catalogHistory.history(model, limit)),
      entryAt: read((model, revision) => catalogHistory.entryAt(model, revision)),
    },
    trust,
    fences: { current: read((cluster) => journal.current(cluster)) },
    answers,
    controllerId: await controllerIdOf(db),
    health: () => healthOf(db, guard, ballast, folder),
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

/** Reads fail too, on a broken disk or after the end; that is STORE_UNAVAILABLE as for a write, not a defect. */
function readerOf(folder: string): <A extends readonly unknown[], T>(read: (...args: A) => Promise<T>) => (...args: A) => Promise<T> {
  return (read) =>
    async (...args) => {
      try {
        return await read(...args);
      } catch (error) {
        throw asStoreError(error, folder);
      }
    };
}

/** Whether `path` still leads to the file it leads to now. `stat` opens nothing, so it does not touch our lock. */
function sameFile(path: string): () => boolean {
  const { ino } = statSync(path);
  return () => statSync(path, { throwIfNoEntry: false })?.ino === ino;
}

async function controllerIdOf(db: Kysely<Tables>): Promise<string> {
  const find = () => db.selectFrom('meta').select('value').where('name', '=', 'controller_id').executeTakeFirst();
  const known = await find();
  if (known !== undefined) return known.value;
  const value = `ctl_${randomBytes(10).toString('hex')}`;
  await db
    .insertInto('meta')
    .values({ name: 'controller_id', value })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return (await find())?.value ?? value;
}

async function healthOf(
  db: Kysely<Tables>,
  guard: WriteGuard,
  ballast: Ballast,
  folder: string,
): Promise<Readonly<{ ok: boolean; detail: string }>> {
  try {
    await sql`select 1`.execute(db);
    await guard.check();
    return { ok: true, detail: `${Math.floor(ballast.freeBytes() / 2 ** 20)} MiB free in ${folder}` };
  } catch (error) {
    const fault = asStoreError(error, folder);
    return { ok: false, detail: isSparkError(fault) ? fault.message : `the store in ${folder} does not answer` };
  }
}
