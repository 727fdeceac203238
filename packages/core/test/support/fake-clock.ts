import type { Clock } from '../../src/index.ts';

type Timer = { at: number; seq: number; fire: () => void };

/** A clock that stands still until told. `advance` wakes sleepers in order and lets their promises run in between. */
export class FakeClock implements Clock {
  /** Another name stands for another boot of the machine. */
  timeBase = 'boot 1';
  #monotonic = 0;
  #offset: number;
  #timers: Timer[] = [];
  #seq = 0;

  constructor(startsAt = 1_700_000_000_000) {
    this.#offset = startsAt;
  }

  now(): number {
    return this.#offset + this.#monotonic;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  /** Moves wall time only, as an administrator or NTP would. */
  jump(ms: number): void {
    this.#offset += ms;
  }

  /** Time passes and nothing runs, as while the event loop is stalled: timers are late. */
  stall(ms: number): void {
    this.#monotonic += ms;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      const onAbort = (): void => {
        this.#timers = this.#timers.filter((other) => other !== timer);
        reject(signal.reason as Error);
      };
      const fire = (): void => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      const timer: Timer = { at: this.#monotonic + ms, seq: this.#seq++, fire };
      this.#timers.push(timer);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  get sleepers(): number {
    return this.#timers.length;
  }

  async advance(ms: number): Promise<void> {
    const until = this.#monotonic + ms;
    for (;;) {
      await settle();
      const next = this.#timers.filter((timer) => timer.at <= until).sort((a, b) => a.at - b.at || a.seq - b.seq)[0];
      if (next === undefined) break;
      this.#monotonic = Math.max(this.#monotonic, next.at);
      this.#timers = this.#timers.filter((timer) => timer !== next);
      next.fire();
    }
    this.#monotonic = until;
    await settle();
  }

  /** Lets time pass until `promise` has settled, and gives what it gave. */
  async drive<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const watched = promise.finally(() => {
      isSettled = true;
    });
    watched.catch(() => undefined);
    await this.until(() => isSettled);
    return watched;
  }

  /** Advances in small steps until `condition` holds; fails after `limitMs` of clock time. */
  async until(condition: () => boolean | Promise<boolean>, limitMs = 3_600_000): Promise<void> {
    const end = this.#monotonic + limitMs;
    while (!(await condition())) {
      if (this.#monotonic >= end) throw new Error(`nothing happened within ${limitMs} ms of clock time`);
      await this.advance(50);
    }
  }
}

/** Lets every promise that can go on do so. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}
