import { type ClientClock, systemClock } from '../../src/index.ts';

/** A clock on which time goes by `speed` times as fast, so that minutes of waiting fit into a test. */
export const fastClock = (speed: number): ClientClock => ({
  monotonic: () => systemClock.monotonic() * speed,
  sleep: (ms, signal) => systemClock.sleep(ms / speed, signal),
});

/** Resolves once `condition` holds; the test's own time limit ends a wait in vain. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await systemClock.sleep(3);
}

/** A clock that stands still until it is told to go on. */
export class ManualClock implements ClientClock {
  /** Sleeps begun so far. */
  begun = 0;
  #now = 0;
  readonly #sleepers = new Set<Readonly<{ at: number; wake: () => void }>>();

  readonly monotonic = (): number => this.#now;

  readonly sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      this.begun += 1;
      const sleeper = { at: this.#now + ms, wake: resolve };
      this.#sleepers.add(sleeper);
      signal?.addEventListener('abort', () => {
        this.#sleepers.delete(sleeper);
        reject(signal.reason);
      });
    });

  advance(ms: number): void {
    this.#now += ms;
    for (const sleeper of this.#sleepers) {
      if (sleeper.at > this.#now) continue;
      this.#sleepers.delete(sleeper);
      sleeper.wake();
    }
  }
}
