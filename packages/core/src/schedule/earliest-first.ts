/**
 * Merges sources, each of them rising, into one that rises; of equals the one of the earlier source comes first. No source is
 * read further than its next item, so that the reader may stop whenever it has enough.
 */
export function* earliestFirst<T>(sources: readonly Iterable<T>[], timeOf: (item: T) => number): Generator<T> {
  const heads = new Heads<T>();
  for (const [rank, source] of sources.entries()) {
    const rest = source[Symbol.iterator]();
    const { done, value } = rest.next();
    if (done !== true) heads.push({ time: timeOf(value), item: value, rank, rest });
  }
  for (let head = heads.pop(); head !== undefined; head = heads.pop()) {
    yield head.item;
    const { done, value } = head.rest.next();
    if (done !== true) heads.push({ ...head, time: timeOf(value), item: value });
  }
}

type Head<T> = Readonly<{ time: number; item: T; rank: number; rest: Iterator<T> }>;

const isBefore = <T>(a: Head<T>, b: Head<T>): boolean => a.time < b.time || (a.time === b.time && a.rank < b.rank);

/** A binary heap: there may be a thousand sources. */
class Heads<T> {
  readonly #heap: Head<T>[] = [];

  push(head: Head<T>): void {
    let hole = this.#heap.push(head) - 1;
    while (hole > 0) {
      const above = (hole - 1) >> 1;
      const parent = this.#heap[above];
      if (parent === undefined || !isBefore(head, parent)) break;
      this.#heap[hole] = parent;
      hole = above;
    }
    this.#heap[hole] = head;
  }

  pop(): Head<T> | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (last !== undefined && this.#heap.length > 0) this.#sink(last);
    return first;
  }

  #sink(head: Head<T>): void {
    let hole = 0;
    for (;;) {
      const [left, right] = [this.#heap[2 * hole + 1], this.#heap[2 * hole + 2]];
      const takesRight = left !== undefined && right !== undefined && isBefore(right, left);
      const smaller = takesRight ? right : left;
      if (smaller === undefined || !isBefore(smaller, head)) break;
      this.#heap[hole] = smaller;
      this.#heap[hole] = smaller;
      hole = 2 * hole + (takesRight ? 2 : 1);
    }
    this.#heap[hole] = head;
    this.#heap[hole] = head;
  }
}
