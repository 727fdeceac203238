/** At most so many sends at once. Who has to wait is served in turn, those that a person waits for before all others. */
export class SendSlots {
  #free: number;
  readonly #urgent: (() => void)[] = [];
  readonly #others: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /** Resolves with the way to give the slot back, once there is one. Rejects with `signal.reason` when that comes first. */
  take(isUrgent: boolean, signal: AbortSignal): Promise<() => void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const line = isUrgent ? this.#urgent : this.#others;
      const enter = (): void => {
        signal.removeEventListener('abort', leave);
        this.#free -= 1;
        resolve(this.#release());
      };
      const leave = (): void => {
        line.splice(line.indexOf(enter), 1);
        reject(signal.reason);
      };
      if (this.#free > 0) return enter();
      signal.addEventListener('abort', leave, { once: true });
      line.push(enter);
    });
  }

  #release(): () => void {
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#free += 1;
      (this.#urgent.shift() ?? this.#others.shift())?.();
    };
  }
}
