import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Clock } from '@spark-control/core';

/** The machine's clock. Its timers do not keep the process alive by themselves once it is told to stop. */
export class SystemClock implements Clock {
  readonly timeBase = timeBaseOfBoot();

  now(): number {
    return Date.now();
  }

  /** `hrtime`, not `performance.now`: it counts from the boot, so that the next process goes on where this one ended. */
  monotonic(): number {
    return Number(process.hrtime.bigint()) / 1e6;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const onAbort = (): void => {
        clearTimeout(timer);
        reject(signal.reason as Error);
      };
      const timer = setTimeout(() => {
        // Signals outlive sleeps by far: a listener left behind for each would be a leak.
        signal.removeEventListener('abort', onAbort);
        resolve();
      }, ms);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }
}

/** Linux names its boots; elsewhere each process is on its own, and a restart goes by wall time. */
function timeBaseOfBoot(): string {
  try {
    return `boot ${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}`;
  } catch {
    return `process ${randomUUID()}`;
  }
}
