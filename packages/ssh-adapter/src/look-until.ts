import type { Clock } from '@spark-control/core';

/** Calls `look` until it finds something; `null` when the time is over. */
export async function lookUntil<T>(
  clock: Clock,
  options: Readonly<{ everyMs: number; forMs: number; signal: AbortSignal }>,
  look: () => Promise<T | null>,
): Promise<T | null> {
  const until = clock.monotonic() + options.forMs;
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    if (clock.monotonic() >= until) return null;
    await clock.sleep(options.everyMs, options.signal);
  }
}
