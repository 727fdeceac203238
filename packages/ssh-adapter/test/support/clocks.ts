import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '@spark-control/core';

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: async (ms, signal) => {
    try {
      await pause(ms, undefined, { signal });
    } catch {
      throw signal.reason;
    }
  },
};

type Sleeper = { readonly at: number; readonly wake: () => void };

/** Time that moves only when told to. */
export class FakeClock implements Clock {
  #time = 0;
  #sleepers: Sleeper[] = [];

  now(): number {
    return this.#time;
  }

  monotonic(): number {
    return this.#time;
  }

  get sleepers(): number {
    return this.#sleepers.length;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const sleeper = { at: this.#time + ms, wake: resolve };
      this.#sleepers.push(sleeper);
      signal.addEventListener('abort', () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        reject(signal.reason);
      });
    });
  }

  advance(ms: number): void {
    this.#time += ms;
    const due = this.#sleepers.filter(({ at }) => at <= this.#time);
    this.#sleepers = this.#sleepers.filter(({ at }) => at > this.#time);
    for (const { wake } of due) wake();
  }
}
