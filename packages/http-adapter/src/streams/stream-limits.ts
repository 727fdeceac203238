import { SparkError } from '@spark-control/core';

export const MAX_STREAMS = 1_000;
export const MAX_STREAMS_PER_ADDRESS = 20;
const RETRY_AFTER_SECONDS = 10;

/** Counts open streams. */
export class StreamLimits {
  readonly #byAddress = new Map<string, number>();
  #total = 0;

  get total(): number {
    return this.#total;
  }

  /** Takes a place and returns how to give it back. @throws {SparkError} RATE_LIMITED */
  acquire(address: string): () => void {
    const own = this.#byAddress.get(address) ?? 0;
    if (own >= MAX_STREAMS_PER_ADDRESS) throw tooMany(`This address has ${own} streams open, which is the limit; close some.`);
    if (this.#total >= MAX_STREAMS) throw tooMany(`${this.#total} streams are open, which is the limit.`);
    this.#byAddress.set(address, own + 1);
    this.#total += 1;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#total -= 1;
      const left = (this.#byAddress.get(address) ?? 1) - 1;
      if (left > 0) this.#byAddress.set(address, left);
      else this.#byAddress.delete(address);
    };
  }
}

const tooMany = (message: string): SparkError =>
  new SparkError('RATE_LIMITED', message, { details: { retryAfterSeconds: RETRY_AFTER_SECONDS } });
