import { type Logger, SparkError } from '@spark-control/core';
import { asStoreError, isDiskFull } from '../database/faults.ts';
import type { Ballast } from './ballast.ts';

/**
 * What a write is for. When room is short, nothing new is begun, neither a swap nor a lock, while what already runs may still
 * be journalled to its end: half a swap on the hosts without a record is the worst outcome, and a lock that cannot be
 * released comes next.
 */
export type WritePurpose = 'begin' | 'continue' | 'other';

export type GuardOptions = Readonly<{
  folder: string;
  ballast: Ballast;
  /** New swaps and locks are refused below this many free bytes. */
  minimumFreeBytes: number;
  /** Whether the database file is still the one that was opened. */
  isInPlace: () => boolean;
  /** Shrinks the database from within, in the room that the ballast gave. */
  relieve: () => Promise<void>;
  logger: Logger;
}>;

/** Every write goes through here: it turns a full disk into STORE_UNAVAILABLE and manages the ballast. */
export class WriteGuard {
  readonly #options: GuardOptions;
  #isOnReserve = false;

  constructor(options: GuardOptions) {
    this.#options = options;
  }

  async write<T>(purposeOf: () => Promise<WritePurpose>, action: () => Promise<T>): Promise<T> {
    this.#refuseWhenGone();
    await this.#recover();
    await this.#admit(purposeOf);
    const usesReserve = this.#isOnReserve;
    try {
      return await action();
    } catch (error) {
      // With the ballast gone already there is no second try.
      if (!isDiskFull(error) || usesReserve) throw asStoreError(error, this.#options.folder);
      return await this.#onFull(error, purposeOf, action);
    }
  }

  /** Throws STORE_UNAVAILABLE while nothing new may be written. */
  async check(): Promise<void> {
    this.#refuseWhenGone();
    await this.#recover();
    await this.#admit(async () => 'begin');
  }

  /** Leaves the reserve when there is room for a new ballast. */
  async #recover(): Promise<void> {
    if (!this.#isOnReserve || !this.#options.ballast.restore()) return;
    this.#isOnReserve = false;
    this.#options.logger.info('there is room on the disk again: the store takes writes', { folder: this.#options.folder });
  }

  /** SQLite goes on writing to a file that was deleted, and what it acknowledges then is lost. */
  #refuseWhenGone(): void {
    const { folder, isInPlace } = this.#options;
    if (isInPlace()) return;
    const advice = 'Put it back if you still have it, and start the server again';
    throw new SparkError('STORE_UNAVAILABLE', `The database in ${folder} was removed or replaced while the server ran. ${advice}.`);
  }

  async #admit(purposeOf: () => Promise<WritePurpose>): Promise<void> {
    if (this.#isOnReserve) {
      if ((await purposeOf()) !== 'continue') throw this.#full();
      return;
    }
    const { ballast, minimumFreeBytes } = this.#options;
    if (ballast.freeBytes() < minimumFreeBytes && (await purposeOf()) === 'begin') throw this.#full();
  }

  async #onFull<T>(error: unknown, purposeOf: () => Promise<WritePurpose>, action: () => Promise<T>): Promise<T> {
    const { ballast, folder, logger, relieve } = this.#options;
    try {
      if (!this.#isOnReserve) {
        logger.error('the disk of the data folder is full: no new work is taken until there is room', { folder });
        this.#isOnReserve = true;
        ballast.release();
        await relieve();
      }
      if ((await purposeOf()) === 'continue') return await action();
    } catch (again) {
      throw asStoreError(again, folder);
    }
    throw this.#full(error);
  }

  #full(cause?: unknown): SparkError {
    const { folder, ballast, minimumFreeBytes } = this.#options;
    const wanted = Math.ceil(Math.max(2 * ballast.bytes, minimumFreeBytes) / 2 ** 20);
    const message = `The disk of the data folder ${folder} is full. Keep at least ${wanted} MiB free there; writes go on by themselves then.`;
    return new SparkError('STORE_UNAVAILABLE', message, { cause });
  }
}
