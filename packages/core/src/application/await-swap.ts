import type { SwapId } from '../ids.ts';
import type { Clock } from '../ports/clock.ts';
import { isSettled, type Swap } from '../swap/swap.ts';
import type { SparkCore } from './core-api.ts';
import { linkedAbort } from './linked-abort.ts';

/** In case an event was lost on a store that failed; a swap takes minutes. */
const LOOK_AGAIN_MS = 15_000;

/**
 * The swap once it has settled; `null` when it is not known. It listens before it reads, so that a swap that settles in between
 * is not waited for in vain. Rejects with `signal.reason` on abort.
 */
export async function awaitSwap(core: SparkCore, clock: Clock, id: SwapId, signal: AbortSignal): Promise<Swap | null> {
  const waiting = linkedAbort(signal);
  let settled: Swap | null = null;
  const unsubscribe = core.subscribe((event) => {
    if (event.kind !== 'swap' || event.swapId !== id || !isSettled(event.swap)) return;
    settled = event.swap;
    waiting.abort(new Error('the swap has settled'));
  });
  try {
    for (;;) {
      // A store that cannot be read now says nothing about the swap.
      const known = await core.swap(id).catch(() => undefined);
      if (settled !== null) return settled;
      if (known === null || (known !== undefined && isSettled(known))) return known;
      await clock.sleep(LOOK_AGAIN_MS, waiting.signal).catch(() => undefined);
      signal.throwIfAborted();
    }
  } finally {
    unsubscribe();
    waiting.release();
  }
}
