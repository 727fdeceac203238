import type { LogLine } from '../ports/model-runtime.ts';

const KEPT_LINES = 2_000;

/** The last lines of one swap or operation, numbered from 1; after a restart from a higher number, so that no reader takes new lines for old ones. */
export class LogBook<Line extends Readonly<{ line: string }> = LogLine> {
  readonly #lines: (Line & Readonly<{ seq: number }>)[] = [];
  #seq: number;

  constructor(after = 0) {
    this.#seq = after;
  }

  add(line: Line): Line & Readonly<{ seq: number }> {
    this.#seq += 1;
    const numbered = { ...line, seq: this.#seq };
    this.#lines.push(numbered);
    if (this.#lines.length > KEPT_LINES) this.#lines.shift();
    return numbered;
  }

  get lines(): readonly (Line & Readonly<{ seq: number }>)[] {
    return this.#lines;
  }

  /** The text of the last `count` lines written after line number `after`. */
  tail(count: number, after = 0): readonly string[] {
    return this.#lines
      .filter((line) => line.seq > after)
      .slice(-count)
      .map((line) => line.line);
  }

  get lastSeq(): number {
    return this.#seq;
  }
}
