import type { JournalEvent, Swap } from '@spark-control/core';

/** Fields that swaps got after the first release, and what they are in a swap that was stored before. */
const LATER_FIELDS = { lease: null, maxModelLen: null } satisfies Partial<Swap>;

export const swapOf = ({ body }: Readonly<{ body: string }>): Swap => complete(JSON.parse(body) as Swap);

/** An event as it was stored; the swap in it may be older than this version. */
export function eventOf(body: string): JournalEvent {
  const event = JSON.parse(body) as JournalEvent;
  return event.kind === 'swap' || event.kind === 'progress' ? { ...event, swap: complete(event.swap) } : event;
}

const complete = (stored: Swap): Swap => ({ ...LATER_FIELDS, ...stored });
