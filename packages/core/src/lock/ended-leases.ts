import type { Lease, LeaseEnd } from './lease.ts';

/** However the wall clock is set: so many are told how their lock ended. */
const ALWAYS_REMEMBERED = 200;
/** A loop that takes the lock and lets it go, as fast as it can, fills the memory otherwise. */
const MOST_REMEMBERED = 10_000;
/** A late caller learns for so long how its lock ended. */
export const REMEMBERED_MS = 7 * 86_400_000;

/**
 * How locks ended, newest first, as a chain: one more costs the same however many there are, while the book that it belongs to is
 * still never changed. It is pruned when it has grown to twice its size.
 */
export type EndedLeases = Readonly<{ lockDigest: string; end: LeaseEnd; older: EndedLeases | null; count: number }> | null;

export function remember(ended: EndedLeases, lockDigest: string, end: LeaseEnd): EndedLeases {
  const known = ended !== null && ended.count >= 2 * MOST_REMEMBERED ? pruned(ended, end.at) : ended;
  return { lockDigest, end, older: known, count: (known?.count ?? 0) + 1 };
}

/** Of stored leases, in any order. */
export function endedOf(leases: readonly Lease[]): EndedLeases {
  const sorted = leases.toSorted((a, b) => a.fence - b.fence).slice(-MOST_REMEMBERED);
  return sorted.reduce<EndedLeases>((chain, { lockDigest, ended }) => (ended === null ? chain : remember(chain, lockDigest, ended)), null);
}

export function endOf(ended: EndedLeases, lockDigest: string): LeaseEnd | null {
  for (let at = ended; at !== null; at = at.older) if (at.lockDigest === lockDigest) return at.end;
  return null;
}

function pruned(ended: EndedLeases, now: number): EndedLeases {
  const kept: NonNullable<EndedLeases>[] = [];
  for (let at = ended; at !== null && kept.length < MOST_REMEMBERED; at = at.older) {
    if (kept.length < ALWAYS_REMEMBERED || at.end.at > now - REMEMBERED_MS) kept.push(at);
  }
  return kept.reduceRight<EndedLeases>(
    (chain, { lockDigest, end }) => ({ lockDigest, end, older: chain, count: (chain?.count ?? 0) + 1 }),
    null,
  );
}
