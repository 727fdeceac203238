import type { Clock } from '../ports/clock.ts';

/** Waits for `promise` for at most `ms`; `null` when that was too short. It goes on all the same. */
export async function atMost<T>(clock: Clock, ms: number, promise: Promise<T>): Promise<T | null> {
  const limit = new AbortController();
  const over = clock.sleep(ms, limit.signal).then(
    () => null,
    () => null,
  );
  try {
    return await Promise.race([promise, over]);
  } finally {
    limit.abort(new Error('it was not too long'));
  }
}
