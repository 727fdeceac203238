import { type Stats, statSync } from 'node:fs';
import { type CatalogSnapshot, type CatalogSource, type Issue, type Logger, SparkError, silentLogger } from '@spark-control/core';
import { type CatalogFiles, readCatalog } from './catalog-files.ts';
import { summaryOf } from './summary.ts';

/** Calls `tick` every `ms`; returns what stops that. */
export type Repeat = (tick: () => void, ms: number) => () => void;

export type CatalogSourceOptions = Readonly<{
  files: CatalogFiles;
  logger?: Logger;
  /** Default: a timer that keeps no process alive. */
  repeat?: Repeat;
  /** How often the files are looked at. Default: 2,000 ms. 0: never. */
  pollMs?: number;
}>;

const systemRepeat: Repeat = (tick, ms) => {
  const timer = setInterval(tick, ms);
  timer.unref();
  return () => clearInterval(timer);
};

/**
 * The catalog of models.yaml and its overrides, read again when a file changes. Times of change are polled, because
 * watching misses what editors and network folders do.
 */
export class YamlCatalogSource implements CatalogSource {
  readonly #files: CatalogFiles;
  readonly #logger: Logger;
  readonly #listeners = new Set<(snapshot: CatalogSnapshot) => void>();
  readonly #stop: () => void;
  #snapshot: CatalogSnapshot;
  #hadFile: boolean;
  #content: string;
  #seen: string;

  /** Throws INVALID_CATALOG when the files are broken now: there is no good snapshot to keep yet. */
  constructor({ files, logger = silentLogger, repeat = systemRepeat, pollMs = 2_000 }: CatalogSourceOptions) {
    this.#files = files;
    this.#logger = logger;
    this.#seen = this.#signature();
    const reading = readCatalog(files);
    if (reading.kind === 'broken') throw invalidCatalog(reading.issues);
    this.#snapshot = { revision: this.#revisionAfter(0), models: reading.models, fault: null };
    this.#hadFile = !reading.isMissing;
    this.#content = JSON.stringify(reading.models);
    this.#stop = pollMs === 0 ? () => {} : repeat(() => this.#poll(), pollMs);
  }

  current(): CatalogSnapshot {
    return this.#snapshot;
  }

  /** Called with each new snapshot; returns what ends that. */
  subscribe(listener: (snapshot: CatalogSnapshot) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Reads the files now. While they are broken, the last good models stay, with `fault` set. */
  reload(): CatalogSnapshot {
    this.#seen = this.#signature();
    const reading = readCatalog(this.#files);
    const issues = reading.kind === 'broken' ? reading.issues : this.#lossOf(reading.isMissing);
    if (reading.kind === 'good' && issues.length === 0) {
      this.#hadFile = !reading.isMissing;
      this.#take(reading.models, null);
    } else {
      const fault = summaryOf('The catalog is not valid, the last good one is used', issues);
      this.#logger.warn(fault, { issues });
      this.#take(this.#snapshot.models, fault);
    }
    return this.#snapshot;
  }

  /** Stops looking at the files. */
  dispose(): void {
    this.#stop();
    this.#listeners.clear();
  }

  /** A file that was there and is gone was moved by mistake, or is being written anew. */
  #lossOf(isMissing: boolean): readonly Issue[] {
    if (!isMissing || !this.#hadFile) return [];
    return [{ path: `${this.#files.models}#`, code: 'missing', message: 'The file is gone.' }];
  }

  #poll(): void {
    if (this.#signature() !== this.#seen) this.reload();
  }

  #take(models: CatalogSnapshot['models'], fault: string | null): void {
    const content = JSON.stringify(models);
    if (content === this.#content && fault === this.#snapshot.fault) return;
    this.#content = content;
    this.#snapshot = { revision: this.#revisionAfter(this.#snapshot.revision), models, fault };
    for (const listener of this.#listeners) listener(this.#snapshot);
  }

  /** Rises over restarts too, since it counts from the time of the newest file: it serves as ETag. */
  #revisionAfter(last: number): number {
    const times = Object.values(this.#files).map((path) => Math.floor(statOf(path)?.mtimeMs ?? 0));
    return Math.max(last + 1, ...times);
  }

  #signature(): string {
    const marks = Object.values(this.#files).map((path) => {
      const stat = statOf(path);
      return stat === undefined ? 'missing' : `${stat.mtimeMs}/${stat.size}/${stat.ino}`;
    });
    return marks.join(' ');
  }
}

/** `undefined` for whatever cannot be looked at; what is wrong with it, reading it tells. Must not throw: a timer calls it. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

const invalidCatalog = (issues: readonly Issue[]): SparkError =>
  new SparkError('INVALID_CATALOG', summaryOf('The catalog is not valid', issues), { details: { issues } });
