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
