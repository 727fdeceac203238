import type { StoredSnapshot } from '../ports/vector-store.ts';

const DAY_MS = 86_400_000;

/** A snapshot is kept when one of the two wants it; `null` wants none. Both `null`: all are kept. */
export type Retention = Readonly<{ keepCount: number | null; keepDays: number | null }>;

/** `remove`: oldest first. `problem`: why none may go although the rule would let some. */
export type Pruning = Readonly<{ remove: readonly StoredSnapshot[]; problem: string | null }>;

/** `broken`: no copy to rely on. `unsure`: nothing is wrong with it that could be seen, but nothing proves it either. `words`: half a sentence. */
export type Doubt = Readonly<{ kind: 'broken' | 'unsure'; words: string }>;

/** Why a snapshot that was just made is no reason to let an older one go; `null`: it is verified. */
export function doubtAbout(made: StoredSnapshot, listed: readonly StoredSnapshot[]): Doubt | null {
  const found = listed.find(({ collection, name }) => collection === made.collection && name === made.name);
  if (found === undefined) return { kind: 'broken', words: 'is not in the list of snapshots' };
  if (found.bytes === null) return { kind: 'unsure', words: 'has no size in the list of snapshots' };
  if (found.bytes <= 0) return { kind: 'broken', words: 'is empty' };
  if (found.checksum === null) return { kind: 'unsure', words: 'has no checksum in the list of snapshots' };
  if (made.checksum === null) return { kind: 'unsure', words: 'was made without a checksum to compare' };
  return found.checksum === made.checksum ? null : { kind: 'broken', words: 'has another checksum in the list than when it was made' };
}

/**
 * Which of the listed snapshots may go now that `made` is there. Pure.
 *
 * Nothing goes unless `made` is verified: listed, not empty, and with the checksum that was answered when it was made. `made` itself never
 * goes, nor one whose age is not known, nor one of another collection. Whoever made a snapshot, it counts and may go: the store
 * does not tell whose it is. Ages are by the store's own times, counted from that of `made`: no other clock can be wrong about them.
 */
export function prunable(made: StoredSnapshot, listed: readonly StoredSnapshot[], { keepCount, keepDays }: Retention): Pruning {
  if (keepCount === null && keepDays === null) return { remove: [], problem: null };
  const doubt = doubtAbout(made, listed);
  if (doubt !== null) return { remove: [], problem: doubt.words };
  const now = made.createdAt;
  if (now === null) return { remove: [], problem: 'has no date to count ages from' };
  const others = listed
    .filter(({ collection, name }) => collection === made.collection && name !== made.name)
    .flatMap((snapshot) => (snapshot.createdAt === null ? [] : [{ snapshot, createdAt: snapshot.createdAt }]))
    .toSorted((a, b) => b.createdAt - a.createdAt || (a.snapshot.name < b.snapshot.name ? 1 : -1));
  const isKept = (createdAt: number, index: number): boolean =>
    // `made` is the first of those that are counted, even if the list has one with a later date.
    (keepCount !== null && index + 1 < keepCount) || (keepDays !== null && now - createdAt <= keepDays * DAY_MS);
  const old = others.filter(({ createdAt }, index) => !isKept(createdAt, index));
  return { remove: old.map(({ snapshot }) => snapshot).toReversed(), problem: null };
}
