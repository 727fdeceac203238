import { createHash } from 'node:crypto';
import { type AnswerStore, type Clock, ERROR_CATALOG, isSparkError, type Logger, SparkError, type StoredAnswer } from '@spark-control/core';
import { invalidRequest } from './validator.ts';

const SANE_KEY = /^[\x21-\x7e]{1,255}$/;

export type Replayable = Readonly<{ answer: StoredAnswer; isReplay: boolean }>;

/** Reads the key of a request; `null` without one. @throws {SparkError} INVALID_REQUEST */
export function idempotencyKeyOf(header: string | undefined): string | null {
  if (header === undefined) return null;
  if (SANE_KEY.test(header)) return header;
  throw invalidRequest([{ path: '/headers/idempotency-key', code: 'pattern', message: 'must be 1 to 255 visible ASCII characters' }]);
}

/** Equal for equal JSON values, whatever the order of their fields. */
export function bodyHashOf(body: unknown): string {
  return createHash('sha256').update(canonical(body)).digest('hex');
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const fields = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`).join(',')}}`;
}

/**
 * Gives equal requests one answer. The first runs; those that come meanwhile wait for it; those that come later get what
 * was stored. An answer that says "try again later" is no answer to keep: after it the key is free again.
 */
export class Idempotency {
  readonly #store: AnswerStore;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #running = new Map<string, Readonly<{ bodyHash: string; answer: Promise<StoredAnswer>; hasGone: () => boolean }>>();

  constructor(store: AnswerStore, clock: Clock, logger: Logger) {
    this.#store = store;
    this.#clock = clock;
    this.#logger = logger;
  }

  /**
   * `scope` is caller and route. `hasGone`: whether the client of this request has hung up, which may be what ended it.
   * @throws {SparkError} IDEMPOTENCY_KEY_REUSED, or whatever `run` throws.
   */
  async run(
    scope: string,
    givenKey: string,
    bodyHash: string,
    run: () => Promise<StoredAnswer>,
    hasGone: () => boolean = () => false,
  ): Promise<Replayable> {
    const key = createHash('sha256').update(`${scope}\n${givenKey}`).digest('hex');
    // Looked up and entered without an await in between: of two equal requests exactly one goes on.
    const first = this.#running.get(key);
    if (first !== undefined) {
      if (first.bodyHash !== bodyHash) throw reused();
      try {
        return { answer: await first.answer, isReplay: true };
      } catch (error) {
        // What a route says itself goes for all who joined.
        if (isSparkError(error) || !first.hasGone()) throw error;
        // Who asks again after a timeout must not fail with the request that timed out.
        return await this.run(scope, givenKey, bodyHash, run, hasGone);
      }
    }
    let isReplay = false;
    const answer = this.#first(key, bodyHash, run, () => {
      isReplay = true;
    });
    this.#running.set(key, { bodyHash, answer, hasGone });
    try {
      return { answer: await answer, isReplay };
    } finally {
      this.#running.delete(key);
    }
  }

  async #first(key: string, bodyHash: string, run: () => Promise<StoredAnswer>, onReplay: () => void): Promise<StoredAnswer> {
    let found = await this.#store.begin(key, bodyHash, this.#clock.now());
    if (found.kind === 'running') {
      // Not of this process, as #running shows: its process ended before it answered. The core refuses a second swap by itself.
      await this.#store.abandon(key);
      found = await this.#store.begin(key, bodyHash, this.#clock.now());
    }
    if (found.kind === 'other_body') throw reused();
    if (found.kind === 'replay') {
      onReplay();
      return found.answer;
    }
    try {
      const answer = await run();
      await this.#keep(key, answer);
      return answer;
    } catch (error) {
      await this.#forget(key);
      throw error;
    }
  }

  /** The effect has happened: a store that fails now must not turn its answer into an error. */
  async #keep(key: string, answer: StoredAnswer): Promise<void> {
    if (isPassing(answer)) return this.#forget(key);
    try {
      await this.#store.complete(key, answer, this.#clock.now());
    } catch (error) {
      this.#logger.warn('an answer could not be kept for its Idempotency-Key', { error: String(error) });
    }
  }

  async #forget(key: string): Promise<void> {
    try {
      await this.#store.abandon(key);
    } catch (error) {
      this.#logger.warn('an Idempotency-Key could not be freed', { error: String(error) });
    }
  }
}

const reused = (): SparkError =>
  new SparkError('IDEMPOTENCY_KEY_REUSED', 'This Idempotency-Key came before with another body; use a new key for a new request.');

const isPassing = ({ status, headers }: StoredAnswer): boolean => status >= 500 || headers['Retry-After'] !== undefined;

/** True for errors that come out the same when the call is repeated, so that they are worth keeping as its answer. */
export const isLasting = (error: unknown): boolean => isSparkError(error) && !ERROR_CATALOG[error.code].retryable;
