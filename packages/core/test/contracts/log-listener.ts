import type { LogLine, ModelRuntime } from '../../src/index.ts';

/** Follows the log for the time of one test and waits for lines. */
export class LogListener {
  readonly lines: LogLine[] = [];
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  readonly #waiting = new Set<() => void>();

  constructor(runtime: ModelRuntime, sinceMs: number | null = null) {
    this.#done = runtime.followLogs(sinceMs, (line) => this.#hear(line), this.#stop.signal);
  }

  /** Resolves with the first line that matches, at once when it was heard before. */
  async heard(pattern: RegExp, timeoutMs = 60_000): Promise<LogLine> {
    const find = (): LogLine | undefined => this.lines.find(({ line }) => pattern.test(line));
    const found = find();
    if (found !== undefined) return found;
    return new Promise((resolve, reject) => {
      const check = (): void => {
        const line = find();
        if (line === undefined) return;
        clearTimeout(timer);
        this.#waiting.delete(check);
        resolve(line);
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(check);
        reject(
          new Error(`no line matched ${pattern} within ${timeoutMs} ms; last of ${this.lines.length}: ${this.lines.at(-1)?.line ?? '-'}`),
        );
      }, timeoutMs);
      this.#waiting.add(check);
    });
  }

  /** Ends following; rejects when following did. */
  async end(): Promise<void> {
    this.#stop.abort(new Error('the test is over'));
    await this.#done;
  }

  #hear(line: LogLine): void {
    this.lines.push(line);
    for (const check of [...this.#waiting]) check();
  }
}
