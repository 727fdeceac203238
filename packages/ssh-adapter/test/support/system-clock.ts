import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '@spark-control/core';

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  timeBase: 'this process',
  sleep: async (ms, signal) => {
    try {
      await pause(ms, undefined, { signal });
    } catch {
      throw signal.reason;
    }
  },
};
