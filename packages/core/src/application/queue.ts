import type { SwapId } from '../ids.ts';
import type { Cause, Swap } from '../swap/swap.ts';

/** The unsettled swaps of one cluster: at most one acts, the others wait in order. Kept by the arbiter, which alone changes it. */
export class SwapQueue {
  #active: Swap | null = null;
  #waiting: Swap[] = [];

  get active(): Swap | null {
    return this.#active;
  }

  get waiting(): readonly Swap[] {
    return this.#waiting;
  }

  get isBusy(): boolean {
    return this.#active !== null || this.#waiting.length > 0;
  }

  find(id: SwapId): Swap | null {
    if (this.#active?.id === id) return this.#active;
    return this.#waiting.find((swap) => swap.id === id) ?? null;
  }

  /** Takes in the new state of a swap: a settled one leaves, one that acts becomes the active one. */
  put(swap: Swap): void {
    if (this.#active?.id === swap.id) this.#active = null;
    const at = this.#waiting.findIndex((other) => other.id === swap.id);
    if (swap.settledAt !== null) {
      if (at >= 0) this.#waiting.splice(at, 1);
    } else if (swap.phase !== 'queued') {
      if (at >= 0) this.#waiting.splice(at, 1);
      this.#active = swap;
    } else if (at >= 0) this.#waiting[at] = swap;
    else this.#waiting.push(swap);
  }

  /** Swaps that waited longer than they wanted to. */
  expired(now: number): readonly Swap[] {
    return this.#waiting.filter((swap) => now - swap.createdAt >= swap.options.queueSeconds * 1_000);
  }

  /** The waiting swap that a newer one of the same requester replaces. */
  superseded(requestedBy: string): Swap | null {
    return this.#waiting.find((swap) => swap.requestedBy === requestedBy) ?? null;
  }
}

export const queueTimeout = (swap: Swap): Cause => ({
  code: 'QUEUE_TIMEOUT',
  message: `It waited ${swap.options.queueSeconds} s for its turn.`,
  hint: 'Ask again with a longer queue_seconds.',
  logTail: [],
});

export const supersededBy = (newer: SwapId): Cause => ({
  code: 'SUPERSEDED',
  message: `The same requester asked for something newer (${newer}).`,
  hint: null,
  logTail: [],
});
