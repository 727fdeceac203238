/** A line longer than this is passed on in pieces: output without line ends must not fill the memory. */
const MAX_LINE = 65_536;

/** Cuts text that comes in pieces into lines. By default a carriage return ends one too: that is how progress bars redraw. Empty lines are dropped. */
export class LineSplitter {
  readonly #onLine: (line: string) => void;
  readonly #ends: RegExp;
  #rest = '';

  constructor(onLine: (line: string) => void, ends: '\r\n' | '\n' = '\r\n') {
    this.#onLine = onLine;
    this.#ends = ends === '\n' ? /\n+/ : /[\r\n]+/;
  }

  add(text: string): void {
    const parts = `${this.#rest}${text}`.split(this.#ends);
    this.#rest = parts.pop() ?? '';
    for (const line of parts) if (line !== '') this.#onLine(line);
    if (this.#rest.length > MAX_LINE) this.end();
  }

  end(): void {
    const line = this.#rest;
    this.#rest = '';
    if (line !== '') this.#onLine(line);
  }
}
