import type { Span } from './schedule.ts';

/** At most so many are found of each: a thousand things at one time are a thousand times a thousand conflicts. */
export const MAX_OVERLAPS = 20;

type Entry = Readonly<{ span: Span; index: number; isSubject: boolean }>;

/**
 * For each of `subjects` the indices of those `others` that it overlaps, rising, at most {@link MAX_OVERLAPS}. A list that is
 * compared with itself (the same array) leaves out each one's overlap with itself. Sweeps by start: work grows with what is
 * found, not with the square of what is given.
 */
export function overlaps(subjects: readonly Span[], others: readonly Span[]): readonly (readonly number[])[] {
  const isSameList = subjects === others;
  const found: number[][] = subjects.map(() => []);
  const running = new Set<Entry>();
  const unfilled = new Set<Entry>();
  const note = (subject: number, other: number): boolean => {
    const list = found[subject] ?? [];
    if (!(isSameList && subject === other) && list.length < MAX_OVERLAPS) list.push(other);
    return list.length >= MAX_OVERLAPS;
  };

  for (const entry of entriesOf(subjects, others)) {
    const { span, index, isSubject } = entry;
    if (span.start >= span.end) continue;
    // Every step of both loops takes an entry away or notes an overlap, and there is an end to both.
    for (const earlier of isSubject ? running : unfilled) {
      const pool = isSubject ? running : unfilled;
      if (earlier.span.end <= span.start) pool.delete(earlier);
      else if (isSubject && note(index, earlier.index)) break;
      else if (!isSubject && note(earlier.index, index)) pool.delete(earlier);
    }
    if (!isSubject) running.add(entry);
    else if ((found[index]?.length ?? 0) < MAX_OVERLAPS) unfilled.add(entry);
  }
  return found.map((list) => list.sort((a, b) => a - b));
}

function entriesOf(subjects: readonly Span[], others: readonly Span[]): readonly Entry[] {
  const entries: Entry[] = [];
  for (const [index, span] of subjects.entries()) entries.push({ span, index, isSubject: true });
  for (const [index, span] of others.entries()) entries.push({ span, index, isSubject: false });
  return entries.sort((a, b) => a.span.start - b.span.start);
}
