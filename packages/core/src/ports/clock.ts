/** The only source of time. `now` is wall time in ms since the epoch; `monotonic` counts ms and never jumps. */
export interface Clock {
  now(): number;
  monotonic(): number;
  /**
   * Names the time base of `monotonic`: two processes that name the same one share its readings, for example since the
   * same boot of the machine. A clock that cannot know gives one of its own to each process.
   */
  readonly timeBase: string;
  /** Resolves after `ms` of monotonic time, or rejects with `signal.reason` as soon as `signal` aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** The only source of identity: `prefix_` and a part that sorts by time. */
export interface Ids {
  next(prefix: 'swp' | 'op' | 'req' | 'whk' | 'dlv' | 'aut' | 'run'): string;
}
