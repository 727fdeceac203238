import type { SparkClient } from '../../client.ts';
import { hasCode, isPassing } from '../../errors.ts';

const PATIENCE_MS = 10_000;
const FIRST_PAUSE_MS = 250;

export type Release = Readonly<{
  client: SparkClient;
  lockId: string;
  /** By the client's clock: what is not released by then has ended by itself. */
  endsAt: number;
  signal: AbortSignal;
  warn(text: string): void;
}>;

/**
 * Releases the lease; never rejects, since the command has ended and its exit code is what counts. A server that does not
 * answer is asked for some seconds more; a swap that the command left running is waited for, up to the end of the lease.
 */
export async function releaseLease({ client, lockId, endsAt, signal, warn }: Release): Promise<boolean> {
  const { clock } = client;
  const giveUpAt = Math.min(clock.monotonic() + PATIENCE_MS, endsAt);
  let isRepeated = false;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs *= 2) {
    try {
      await client.lock.release(lockId, { signal, retries: 0, timeoutMs: PATIENCE_MS });
      return true;
    } catch (error) {
      // An earlier try got there and only its answer was lost.
      if (isRepeated && hasCode(error, 'LOCK_NOT_FOUND')) return true;
      if (signal.aborted) return failed(warn, 'stopped before it was released');
      if (hasCode(error, 'SWAP_IN_PROGRESS')) {
        if (await awaitSwap(client, error.problem?.swap_id, endsAt, signal)) continue;
        return failed(warn, 'a swap of this lock still runs');
      }
      if (!isPassing(error)) return failed(warn, (error as Error).message);
      isRepeated = true;
      if (clock.monotonic() + pauseMs > giveUpAt) return failed(warn, error.message);
    }
    await clock.sleep(pauseMs, signal).catch(() => undefined);
  }
}

function failed(warn: (text: string) => void, why: string): false {
  warn(`the lock was not released, and ends by itself when its time is over: ${why}`);
  return false;
}

async function awaitSwap(client: SparkClient, swapId: string | undefined, endsAt: number, signal: AbortSignal): Promise<boolean> {
  const left = Math.floor((endsAt - client.clock.monotonic()) / 1_000);
  if (swapId === undefined || left < 1) return false;
  try {
    await client.swaps.get(swapId, { waitSeconds: Math.min(60, left), signal });
    return true;
  } catch {
    return false;
  }
}
