import type { LogLine } from '../ports/model-runtime.ts';
import type { NumberedLogLine } from './core-api.ts';

const KEPT_LINES = 2_000;

/** The last lines of one swap, numbered from 1; after a restart from a higher number, so that no reader takes new lines for old ones. */
export class LogBook {
  readonly #lines: NumberedLogLine[] = [];
  #seq: number;

  constructor(after = 0) {
    this.#seq = after;
  }

  add(line: LogLine): NumberedLogLine {
    this.#seq += 1;
    const numbered = { ...line, seq: this.#seq };
    this.#lines.push(numbered);
    if (this.#lines.length > KEPT_LINES) this.#lines.shift();
    return numbered;
  }

  get lines(): readonly NumberedLogLine[] {
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
