import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '@spark-control/core';

/** Real time: the rig's hosts know no other. */
export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  timeBase: 'this process',
  sleep(ms, signal) {
    return delay(ms, undefined, { signal }).catch(() => {
      throw signal.reason;
    });
  },
};
