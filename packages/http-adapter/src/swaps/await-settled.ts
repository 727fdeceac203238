import { type Clock, isSettled, type SparkCore, type Swap, type SwapId } from '@spark-control/core';

/**
 * The swap once it has settled, or as it is after `waitMs` or when `signal` aborts; `null` when there is none. It listens
 * before it reads, so that a swap that settles in between is not waited for in vain.
 */
export async function awaitSettled(core: SparkCore, clock: Clock, id: SwapId, waitMs: number, signal: AbortSignal): Promise<Swap | null> {
  const over = new AbortController();
  const unsubscribe = core.subscribe((event) => {
    if (event.kind === 'swap' && event.swapId === id && isSettled(event.swap)) over.abort();
  });
  try {
    const swap = await core.swap(id);
    if (swap === null || isSettled(swap)) return swap;
    // Ends by the time, by the event or because nobody waits any more; each time the swap is read again.
    await clock.sleep(waitMs, AbortSignal.any([over.signal, signal])).catch(() => undefined);
    return await core.swap(id);
  } finally {
    unsubscribe();
  }
}
