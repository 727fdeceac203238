import type { OperationPart } from './operation.ts';

const WINDOW_MS = 30_000;
/** Two reports right after each other say nothing about a rate. */
const SHORTEST_SPAN_MS = 1_000;

type Sample = Readonly<{ at: number; grown: number }>;

/**
 * How many bytes have come since counting began. What a part had when it was first seen running is not counted: a download that is
 * taken up finds gigabytes on the disk, and they did not come in a second.
 */
export type ByteMeter = Readonly<{ seen: ReadonlyMap<string, number>; grown: number; samples: readonly Sample[] }>;

export const EMPTY_METER: ByteMeter = { seen: new Map(), grown: 0, samples: [] };

/** Takes in the parts as they are at `at`, ms that never go back. Parts that tell no bytes count for nothing. */
export function measured(meter: ByteMeter, parts: readonly OperationPart[], at: number): ByteMeter {
  const seen = new Map(meter.seen);
  let grown = meter.grown;
  for (const { key, status, doneBytes } of parts) {
    if (doneBytes === null) continue;
    const before = seen.get(key);
    if (before === undefined && status !== 'running') continue;
    grown += Math.max(0, doneBytes - (before ?? doneBytes));
    seen.set(key, doneBytes);
  }
  if (seen.size === 0) return meter;
  return { seen, grown, samples: [...withinWindow(meter.samples, at), { at, grown }] };
}

/** Bytes per second over the last half minute; `null` while nobody can tell. */
export function bytesPerSecond({ samples }: ByteMeter): number | null {
  const first = samples[0];
  const last = samples.at(-1);
  if (first === undefined || last === undefined || last.at - first.at < SHORTEST_SPAN_MS) return null;
  return Math.round(((last.grown - first.grown) * 1_000) / (last.at - first.at));
}

/** Keeps the newest sample that is older than the window as well: the window then is full even when reports are rare. */
function withinWindow(samples: readonly Sample[], now: number): readonly Sample[] {
  const first = samples.findLastIndex(({ at }) => at <= now - WINDOW_MS);
  return samples.slice(Math.max(0, first));
}
