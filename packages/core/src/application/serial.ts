/** Runs tasks one after the other, in the order they came: the single writer of a cluster. A task that fails does not stop the next. */
export class Serial {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(task: () => Promise<T>): Promise<T> {
    const next = this.#last.then(task, task);
    this.#last = next.catch(() => undefined);
    return next;
  }

  /** Resolves when all that was queued so far is done. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
