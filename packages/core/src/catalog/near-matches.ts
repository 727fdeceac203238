/**
 * Up to three candidates that somebody who wrote `word` may have meant, nearest first: few typing errors away
 * (a swapped pair of letters is one), or one containing the other. Case does not matter.
 */
export function nearMatches(word: string, candidates: readonly string[]): readonly string[] {
  const wanted = word.toLowerCase();
  // Beyond this nobody typed it by hand; the distance takes time by the product of the lengths.
  if (wanted === '' || wanted.length > 128) return [];
  const allowed = Math.max(1.5, Math.floor(wanted.length / 3));
  return [...new Set(candidates)]
    .map((candidate) => ({ candidate, score: scoreOf(wanted, candidate.toLowerCase()) }))
    .filter(({ score }) => score <= allowed)
    .sort((a, b) => a.score - b.score || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/**
 * A part of the other word counts a little more than one error: people leave out an organisation or a size. A short candidate
 * inside a long word means nothing.
 */
function scoreOf(wanted: string, candidate: string): number {
  if (candidate.length > 128) return Number.POSITIVE_INFINITY;
  const isPart =
    wanted.length >= 3 && (candidate.includes(wanted) || (wanted.includes(candidate) && candidate.length * 2 >= wanted.length));
  const distance = editDistance(wanted, candidate);
  return isPart ? Math.min(1.5, distance) : distance;
}

/** Damerau-Levenshtein distance (insert, delete, replace, swap neighbours), in UTF-16 units. */
export function editDistance(a: string, b: string): number {
  let twoAgo: readonly number[] = [];
  let previous: readonly number[] = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      const cost = Math.min(at(previous, column) + 1, at(current, column - 1) + 1, at(previous, column - 1) + (same ? 0 : 1));
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current.push(swapped ? Math.min(cost, at(twoAgo, column - 2) + 1) : cost);
    }
    twoAgo = previous;
    previous = current;
  }
  return at(previous, b.length);
}

const at = (row: readonly number[], index: number): number => row[index] ?? Number.POSITIVE_INFINITY;
