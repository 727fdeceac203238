import {
  type CatalogSnapshot,
  type CatalogSource,
  type Issue,
  isSparkError,
  type Logger,
  Serial,
  SparkError,
  silentLogger,
} from '@spark-control/core';
import { type CatalogFiles, type CatalogReading, type GoodCatalog, readCatalog } from './catalog-files.ts';
import { type CatalogLedger, FILE_ACTOR, type ModelState, rowsBetween, statesOf } from './catalog-ledger.ts';
import { FileWatch, type Repeat } from './file-watch.ts';
import { summaryOf } from './summary.ts';

export type CatalogSourceOptions = Readonly<{
  files: CatalogFiles;
  logger?: Logger;
  /** Default: a timer that keeps no process alive. */
  repeat?: Repeat;
  /** How often the files are looked at. Default: 2,000 ms. 0: never. */
  pollMs?: number;
}>;

/**
 * The catalog of models.yaml and its overrides, read again when a file changes. Without a ledger the revision counts from the time of
 * the newest file; with one ({@link attach}) it is counted there, and a change of the files is recorded before anybody sees it.
 */
export class YamlCatalogSource implements CatalogSource {
  readonly files: CatalogFiles;
  readonly #logger: Logger;
  readonly #listeners = new Set<(snapshot: CatalogSnapshot) => void>();
  readonly #watch: FileWatch;
  /** Who reads in order to write must not meet another who does. */
  readonly #turns = new Serial();
  #ledger: CatalogLedger | null = null;
  #snapshot: CatalogSnapshot;
  #hadFile: boolean;
  #content: string;
  #recorded: ReadonlyMap<string, ModelState> = new Map();
  #bytes: Buffer | null;
  #isLooking = false;

  /** Throws INVALID_CATALOG when the files are broken now: there is no good snapshot to keep yet. */
  constructor({ files, logger = silentLogger, repeat, pollMs }: CatalogSourceOptions) {
    this.files = files;
    this.#logger = logger;
    this.#watch = new FileWatch(Object.values(files), () => this.#poll(), { repeat, pollMs });
    const reading = readCatalog(files);
    if (reading.kind === 'broken') {
      this.#watch.stop();
      throw invalidCatalog(reading.issues);
    }
    this.#snapshot = { revision: Math.max(1, this.#watch.newest()), models: reading.models, fault: null };
    this.#hadFile = !reading.isMissing;
    this.#bytes = reading.bytes;
    this.#content = JSON.stringify(reading.models);
  }

  current(): CatalogSnapshot {
    return this.#snapshot;
  }

  /** Called with each new snapshot; returns what ends that. */
  subscribe(listener: (snapshot: CatalogSnapshot) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * From now on revisions are counted and recorded in `ledger`; call once, before the catalog is shown to anybody. What changed while
   * no process looked, an edit of ours among it that a crash cut off from its record, is recorded as a change of the files.
   */
  async attach(ledger: CatalogLedger): Promise<void> {
    await this.inTurn(async () => {
      const { revision, models } = await ledger.last();
      this.#ledger = ledger;
      this.#recorded = models;
      this.#snapshot = { ...this.#snapshot, revision };
      await this.#look();
    });
  }

  /** Runs a task while nobody else reads the files in order to change something. */
  inTurn<T>(task: () => Promise<T>): Promise<T> {
    return this.#turns.run(task);
  }

  /**
   * Reads the files now and takes over, and records, what others changed; call in turn. While they are broken, the last good models
   * stay, with `fault` set.
   * @throws {SparkError} INVALID_CATALOG with the faults, STORE_UNAVAILABLE when a change cannot be recorded.
   */
  async settle(): Promise<GoodCatalog> {
    this.#watch.mark();
    const reading = this.#checked(readCatalog(this.files));
    if (reading.kind === 'broken') {
      this.#fail('The catalog is not valid, the last good one is used', reading.issues);
      throw invalidCatalog(reading.issues);
    }
    const rows = rowsBetween(this.#recorded, statesOf(reading), 'external');
    if (rows.length > 0 || !this.#shows(reading)) {
      try {
        const revision = await this.#ledger?.record(rows, FILE_ACTOR);
        this.adopt(reading, revision ?? this.#nextRevision());
      } catch (error) {
        this.#watch.doubt();
        const why = isSparkError(error) ? error.message : 'the store does not answer';
        this.#fail(`The files of the catalog changed, and that cannot be recorded: ${why}`, []);
        throw error;
      }
    } else {
      this.#bytes = reading.bytes;
      this.#publish({ ...this.#snapshot, fault: null });
    }
    return reading;
  }

  /** Shows a catalog that is on disk and in the ledger. */
  adopt(reading: GoodCatalog, revision: number): CatalogSnapshot {
    this.#hadFile = !reading.isMissing;
    this.#bytes = reading.bytes;
    this.#content = JSON.stringify(reading.models);
    this.#recorded = statesOf(reading);
    this.#publish({ revision, models: reading.models, fault: null });
    return this.#snapshot;
  }

  /** Whether the overrides still are what was last read from them. */
  isAsRead(bytes: Buffer | null): boolean {
    return bytes === null || this.#bytes === null ? bytes === this.#bytes : bytes.equals(this.#bytes);
  }

  /** The files were written: whatever happened to them since, the next look finds. */
  doubt(): void {
    this.#watch.doubt();
  }

  /** Stops looking at the files. */
  dispose(): void {
    this.#watch.stop();
    this.#listeners.clear();
  }

  #poll(): void {
    if (this.#ledger === null) {
      this.#reload();
      return;
    }
    if (this.#isLooking) return;
    this.#isLooking = true;
    void this.inTurn(() => this.#look()).finally(() => {
      this.#isLooking = false;
    });
  }

  /** {@link settle}, whose faults stand in the snapshot and the log. */
  async #look(): Promise<void> {
    try {
      await this.settle();
    } catch (error) {
      if (!isSparkError(error)) this.#logger.error('the catalog could not be read again', { error });
    }
  }

  #reload(): void {
    this.#watch.mark();
    const reading = this.#checked(readCatalog(this.files));
    if (reading.kind === 'broken') this.#fail('The catalog is not valid, the last good one is used', reading.issues);
    else if (!this.#shows(reading)) this.adopt(reading, this.#nextRevision());
    else this.#publish({ ...this.#snapshot, fault: null });
  }

  /** A file that was there and is gone was moved by mistake, or is being written anew. */
  #checked(reading: CatalogReading): CatalogReading {
    if (reading.kind === 'broken' || !reading.isMissing || !this.#hadFile) return reading;
    return { kind: 'broken', issues: [{ path: `${this.files.models}#`, code: 'missing', message: 'The file is gone.' }] };
  }

  #fail(what: string, issues: readonly Issue[]): void {
    const fault = issues.length === 0 ? what : summaryOf(what, issues);
    if (fault === this.#snapshot.fault) return;
    this.#logger.warn(fault, { issues });
    this.#publish({ ...this.#snapshot, fault });
  }

  #shows(reading: GoodCatalog): boolean {
    return JSON.stringify(reading.models) === this.#content;
  }

  #publish(snapshot: CatalogSnapshot): void {
    const { revision, fault } = this.#snapshot;
    if (snapshot.revision === revision && snapshot.fault === fault) return;
    this.#snapshot = snapshot;
    for (const listener of this.#listeners) listener(snapshot);
  }

  /** Rises over restarts too, while nobody sets the time of a file back. */
  #nextRevision(): number {
    return Math.max(this.#snapshot.revision + 1, this.#watch.newest());
  }
}

const invalidCatalog = (issues: readonly Issue[]): SparkError =>
  new SparkError('INVALID_CATALOG', summaryOf('The catalog is not valid', issues), { details: { issues } });
