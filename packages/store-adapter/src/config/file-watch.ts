import { type Stats, statSync } from 'node:fs';

/** Calls `tick` every `ms`; returns what stops that. */
export type Repeat = (tick: () => void, ms: number) => () => void;

export const systemRepeat: Repeat = (tick, ms) => {
  const timer = setInterval(tick, ms);
  timer.unref();
  return () => clearInterval(timer);
};

export type FileWatchOptions = Readonly<{
  /** Default: a timer that keeps no process alive. */
  repeat?: Repeat | undefined;
  /** How often the files are looked at. Default: 2,000 ms. 0: never. */
  pollMs?: number | undefined;
}>;

/** Notices that files change. Their times are polled, because watching misses what editors and network folders do. */
export class FileWatch {
  readonly #paths: readonly string[];
  readonly #stop: () => void;
  #seen: string;

  constructor(paths: readonly string[], onChange: () => void, { repeat = systemRepeat, pollMs = 2_000 }: FileWatchOptions = {}) {
    this.#paths = paths;
    this.#seen = this.#signature();
    const poll = (): void => {
      if (this.#signature() !== this.#seen) onChange();
    };
    this.#stop = pollMs === 0 ? () => {} : repeat(poll, pollMs);
  }

  /** The files are about to be read: what changes from now on is news. */
  mark(): void {
    this.#seen = this.#signature();
  }

  /** What was read may be old already: the next look finds news in any case. */
  doubt(): void {
    this.#seen = '';
  }

  /** Time of the newest file, in whole ms since the epoch; 0 when there is none. */
  newest(): number {
    return Math.max(0, ...this.#paths.map((path) => Math.floor(statOf(path)?.mtimeMs ?? 0)));
  }

  stop(): void {
    this.#stop();
  }

  #signature(): string {
    const marks = this.#paths.map((path) => {
      const stat = statOf(path);
      return stat === undefined ? 'missing' : `${stat.mtimeMs}/${stat.ctimeMs}/${stat.size}/${stat.ino}`;
    });
    return marks.join(' ');
  }
}

/** `undefined` for whatever cannot be looked at; what is wrong with it, reading it tells. Must not throw: a timer calls it. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
