import { type Clock, LineSplitter } from '@spark-control/core';

export type LoggedLine = Readonly<{ at: number; line: string }>;

const KEPT_LINES = 5000;

/**
 * What `docker logs` has of one container. Like Docker it holds a line back until its newline, so a bar that hangs half-way is
 * never seen. Lines are numbered from 0 and the oldest are dropped.
 */
export class ContainerLog {
  readonly #clock: Clock;
  readonly #splitter = new LineSplitter();
  readonly #onLines: () => void;
  #lines: LoggedLine[];
  #first = 0;
  #pending = '';

  constructor(clock: Clock, onLines: () => void, earlier: readonly LoggedLine[] = []) {
    this.#clock = clock;
    this.#onLines = onLines;
    this.#lines = [...earlier];
  }

  write(chunk: string): void {
    const text = this.#pending + chunk;
    const end = text.lastIndexOf('\n') + 1;
    this.#pending = text.slice(end);
    const at = this.#clock.now();
    const lines = this.#splitter.push(text.slice(0, end));
    if (lines.length === 0) return;
    for (const line of lines) this.#lines.push({ at, line });
    const surplus = this.#lines.length - KEPT_LINES;
    if (surplus > 0) {
      this.#lines.splice(0, surplus);
      this.#first += surplus;
    }
    this.#onLines();
  }

  /** The process has ended: what it left without a newline is a line now. */
  flush(): void {
    if (this.#pending !== '') this.write('\n');
  }

  get end(): number {
    return this.#first + this.#lines.length;
  }

  /** Lines from number `from` on, as far as they are still there. */
  since(from: number): readonly LoggedLine[] {
    return this.#lines.slice(Math.max(0, from - this.#first));
  }

  tail(count: number): readonly LoggedLine[] {
    return this.#lines.slice(-count);
  }
}
