import type { ClientClock } from './clock.ts';

/**
 * A signal that aborts with another one or when its time is over, whichever comes first. Not by `AbortSignal.any`: what is
 * derived from a signal that lives as long as the process would be kept by it.
 */
export class Limit {
  readonly #controller = new AbortController();
  readonly #parent: AbortSignal | undefined;
  readonly #clock: ClientClock;
  #timer = new AbortController();
  #isOver = false;

  constructor(clock: ClientClock, parent: AbortSignal | undefined) {
    this.#clock = clock;
    this.#parent = parent;
    parent?.addEventListener('abort', this.#onParent, { once: true });
    if (parent?.aborted) this.#onParent();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** True when the time ended it. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Ends it in `ms` from now, in place of what was set before. */
  set(ms: number): void {
    this.#timer.abort();
    const timer = new AbortController();
    this.#timer = timer;
    this.#clock.sleep(ms, timer.signal).then(
      () => {
        if (timer.signal.aborted) return;
        this.#isOver = true;
        this.#controller.abort(new Error(`nothing came for ${ms} ms`));
      },
      () => undefined,
    );
  }

  /** Stops the time, for as long as nothing is waited for. */
  pause(): void {
    this.#timer.abort();
  }

  /** Lets go of the parent and of the timer. */
  clear(): void {
    this.#timer.abort();
    this.#parent?.removeEventListener('abort', this.#onParent);
  }

  /** Ends it now; harmless on what has ended. */
  abort(reason?: Error): void {
    this.clear();
    this.#controller.abort(reason);
  }

  readonly #onParent = (): void => this.#controller.abort(this.#parent?.reason);
}
