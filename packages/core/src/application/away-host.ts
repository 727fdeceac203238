import { isSparkError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';

/** An attempt that took this long had a link for most of it. */
const CONNECTED_MS = 60_000;

export type Absence = Readonly<{
  clock: Clock;
  pollMs: number;
  /** A host that is away for longer is given up. */
  limitMs: number;
  /** Called at each try that failed. */
  away: (seconds: number) => void;
}>;

/**
 * Repeats a task that may be repeated while its host cannot be reached, for at most `limitMs` on end: `task` calls `heard` whenever the host answers. What
 * was begun there goes on.
 */
export async function whileAway<T>(absence: Absence, signal: AbortSignal, task: (heard: () => void) => Promise<T>): Promise<T> {
  const { clock, pollMs, limitMs, away } = absence;
  let since: number | null = null;
  for (;;) {
    const begunAt = clock.monotonic();
    try {
      return await task(() => {
        since = null;
      });
    } catch (error) {
      signal.throwIfAborted();
      if (!isSparkError(error) || error.code !== 'HOST_UNREACHABLE') throw error;
      if (clock.monotonic() - begunAt >= CONNECTED_MS) since = null;
      since ??= clock.monotonic();
      const awayMs = clock.monotonic() - since;
      if (awayMs >= limitMs) throw error;
      away(Math.round(awayMs / 1_000));
      await clock.sleep(pollMs, signal);
    }
  }
}
