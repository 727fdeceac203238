import type { SwapId } from '../ids.ts';
import { lateWord } from './decide.ts';
import { endOf } from './ended-leases.ts';
import type { Lease, LockFacts } from './lease.ts';
import { contenders, hasRunningSwap, holding, inTheWay, isOver, type LockBook, type Now, type Work } from './lock-book.ts';
import { withoutGone } from './waiting-line.ts';

/** What a lock id, or none, is worth to a swap that is asked for now. */
export type Standing = Readonly<
  | { kind: 'open' }
  | { kind: 'ours'; lease: Lease }
  | { kind: 'locked'; lock: LockFacts }
  | { kind: 'expired'; detail: string }
  | { kind: 'fenced_off'; detail: string }
>;

/** `lockDigest`: of the id that came with the request, `null` when none did. A running swap is no lock: it makes the cluster busy. */
export function standingOf(book: LockBook, lockDigest: string | null, work: Work, now: Now): Standing {
  const { live } = book;
  if (lockDigest === null) {
    if (live !== null && (!isOver(live, now) || hasRunningSwap(book, work))) return { kind: 'locked', lock: lockFacts(book, work, now) };
    const [first] = contenders({ ...book, line: withoutGone(book.line, now.monotonic) }, work);
    const isKept = work.active === null && first !== undefined && 'ticket' in first;
    return isKept ? { kind: 'locked', lock: lockFacts(book, work, now) } : { kind: 'open' };
  }
  if (live?.lockDigest === lockDigest) {
    return isOver(live, now) ? { kind: 'expired', detail: 'The time of this lock is over.' } : { kind: 'ours', lease: live };
  }
  const ending = endOf(book.ended, lockDigest);
  if (ending?.how === 'released') return { kind: 'expired', detail: 'This lock was released.' };
  const word = lateWord(book, lockDigest);
  return word.kind === 'expired' ? { kind: 'expired', detail: 'This lock has expired.' } : { kind: 'fenced_off', detail: word.detail };
}

function lockFacts(book: LockBook, work: Work, now: Now): LockFacts {
  const facts = inTheWay(book, work, now);
  if (facts === null) throw new RangeError('nothing stands in the way');
  return facts;
}

/** The queued swap that may begin now, `null` when none may: the first of the live lock's own, or the first in line when it is free. */
export function nextSwap(book: LockBook, work: Work, now: Now): SwapId | null {
  if (work.active !== null) return null;
  const lease = holding(book, now);
  if (lease !== null) return work.queued.find((swap) => swap.lease === lease.fence)?.id ?? null;
  if (book.live !== null) return null; // over, and not yet swept
  const [first] = contenders({ ...book, line: withoutGone(book.line, now.monotonic) }, work);
  return first !== undefined && 'id' in first ? first.id : null;
}

/** Queued swaps whose lock has ended without them. */
export const orphans = ({ live }: LockBook, { queued }: Work): readonly SwapId[] =>
  queued.filter(({ lease }) => lease !== null && lease !== live?.fence).map(({ id }) => id);
