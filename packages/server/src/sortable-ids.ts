import { randomBytes } from 'node:crypto';
import type { Clock, Ids } from '@spark-control/core';

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const TIME_LENGTH = 10;
const RANDOM_LENGTH = 16;

/**
 * Ids in the layout of ULID (github.com/ulid/spec): 48 bits of time and 80 random bits in Crockford's base 32, so that
 * they sort by time as text. Within one millisecond the random part is counted up, so that they sort even then.
 */
export class SortableIds implements Ids {
  readonly #clock: Clock;
  #lastTime = -1;
  #lastRandom: number[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  next(prefix: Parameters<Ids['next']>[0]): string {
    const now = Math.max(this.#clock.now(), this.#lastTime); // never back, when the wall clock is set back
    this.#lastRandom = now === this.#lastTime ? increment(this.#lastRandom) : [...randomBytes(RANDOM_LENGTH)].map((byte) => byte & 31);
    this.#lastTime = now;
    return `${prefix}_${encodeTime(now)}${this.#lastRandom.map((digit) => ALPHABET[digit]).join('')}`;
  }
}

function encodeTime(ms: number): string {
  let rest = ms;
  let text = '';
  for (let digit = 0; digit < TIME_LENGTH; digit += 1) {
    text = ALPHABET[rest % 32] + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}

function increment(digits: readonly number[]): number[] {
  const next = [...digits];
  for (let at = next.length - 1; at >= 0; at -= 1) {
    const digit = (next[at] ?? 0) + 1;
    next[at] = digit % 32;
    if (digit < 32) break;
  }
  return next;
}
