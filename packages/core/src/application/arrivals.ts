/** Numbers those who come, so that lock waiters and queued swaps stand in one line, whatever the wall clock does. */
export class Arrivals {
  #last = 0;

  next(): number {
    this.#last += 1;
    return this.#last;
  }
}
