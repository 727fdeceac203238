import { Interrupted, type StopSignal } from './failure.ts';
import type { Io } from './io.ts';

/**
 * The signals that this program gets. The first aborts {@link signal}, a second one {@link hardSignal}; while they are
 * diverted they go elsewhere and abort nothing.
 */
export class Interrupts {
  readonly #first = new AbortController();
  readonly #second = new AbortController();
  readonly #stop: () => void;
  #diverted: ((signal: StopSignal) => void) | null = null;

  constructor(io: Io) {
    this.#stop = io.onSignal((signal) => {
      if (this.#diverted !== null) this.#diverted(signal);
      else if (this.#first.signal.aborted) this.#second.abort(new Interrupted(signal));
      else this.#first.abort(new Interrupted(signal));
    });
  }

  get signal(): AbortSignal {
    return this.#first.signal;
  }

  get hardSignal(): AbortSignal {
    return this.#second.signal;
  }

  /** Hands signals to `listener` until the returned function is called. */
  divert(listener: (signal: StopSignal) => void): () => void {
    this.#diverted = listener;
    return () => {
      this.#diverted = null;
    };
  }

  close(): void {
    this.#stop();
  }
}
