import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '@spark-control/core';

/** The machine's own time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  timeBase: 'simulated',
  async sleep(ms, signal) {
    try {
      await delay(Math.max(0, ms), undefined, { signal });
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw error;
    }
  },
};

/** A clock on which `speed` simulated seconds pass in one. Wall time stays true, since it is only shown. */
export function spedUp(clock: Clock, speed: number): Clock {
  if (!(speed > 0)) throw new RangeError('speed must be above 0');
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic() * speed,
    timeBase: `${clock.timeBase} x ${speed}`,
    sleep: (ms, signal) => clock.sleep(ms / speed, signal),
  };
}
