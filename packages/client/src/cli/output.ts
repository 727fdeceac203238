import type { Io } from './io.ts';
import { plainDeep } from './text.ts';

/** Of a terminal that does not say how wide it is; some say 0. */
const UNKNOWN_WIDTH = 80;

export type Paint = 'bold' | 'dim' | 'red' | 'green' | 'yellow';
const CODES: Readonly<Record<Paint, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
};

/** Results go to standard output, words about them to standard error, so that both can be taken apart in a script. */
export class Output {
  readonly isJson: boolean;
  readonly #io: Io;
  readonly #isQuiet: boolean;
  readonly #speaksJson: boolean;
  readonly #hasColour: boolean;
  #live = '';
  #hasRecords = false;

  /** `isStdoutTaken`: standard output is somebody else's, so that with --json it is the words on standard error that are JSON. */
  constructor(
    io: Io,
    { isJson, isQuiet, isStdoutTaken = false }: Readonly<{ isJson: boolean; isQuiet: boolean; isStdoutTaken?: boolean }>,
  ) {
    this.#io = io;
    this.isJson = isJson;
    this.#isQuiet = isQuiet;
    this.#speaksJson = isJson && isStdoutTaken;
    const { NO_COLOR = '', TERM } = io.env;
    this.#hasColour = NO_COLOR === '' && TERM !== 'dumb';
  }

  /** The result: the value as it is with --json, else what `render` makes of it once it can harm no terminal. */
  result<T>(value: T, render: (value: T, paint: Painter) => string): void {
    if (this.isJson) this.#io.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
    else this.line(render(plainDeep(value), this.#painter(this.#io.stdout.isTTY)));
  }

  /** One of many results: a line each, with --json too. */
  record<T>(value: T, render: (value: T, paint: Painter) => string | null): void {
    this.#hasRecords = true;
    if (this.isJson) {
      this.#io.stdout.write(`${JSON.stringify(value)}\n`);
      return;
    }
    const text = render(plainDeep(value), this.#painter(this.#io.stdout.isTTY));
    if (text !== null) this.line(text);
  }

  /** What went wrong, in place of the result; after records it is a line as they are. */
  error(error: object): void {
    this.#io.stdout.write(`${JSON.stringify({ error }, null, this.#hasRecords ? 0 : 2)}\n`);
  }

  /** Text to standard output as it is. */
  line(text: string): void {
    if (text !== '') this.#io.stdout.write(`${text}\n`);
  }

  /** How things go; --quiet leaves it out. */
  note(text: string): void {
    if (!this.#isQuiet) this.#stderr('note', text);
  }

  /** What people should know in any case. */
  warn(text: string): void {
    this.#stderr('warning', text);
  }

  get isLive(): boolean {
    return this.#io.stderr.isTTY && !this.#speaksJson && this.#io.env['TERM'] !== 'dumb' && !this.#isQuiet;
  }

  /** A line on the terminal that the next one replaces; an empty one ends it. */
  live(render: (paint: Painter, columns: number) => string): void {
    this.#show(render(this.#painter(true), this.#io.stderr.columns || UNKNOWN_WIDTH));
  }

  endLive(): void {
    if (this.#live !== '') this.#show('');
  }

  #show(text: string): void {
    this.#live = text;
    this.#io.stderr.write(`\r${text}\u001b[K`);
  }

  #stderr(level: 'note' | 'warning', text: string): void {
    const live = this.#live;
    this.endLive();
    const words = level === 'warning' ? `sparkctl: ${text}` : text;
    this.#io.stderr.write(`${this.#speaksJson ? JSON.stringify({ level, message: text }) : words}\n`);
    if (live !== '') this.#show(live);
  }

  #painter(isTTY: boolean): Painter {
    if (!isTTY || !this.#hasColour) return (_, text) => text;
    return (paint, text) => {
      const [on, off] = CODES[paint];
      return `\u001b[${on}m${text}\u001b[${off}m`;
    };
  }
}

export type Painter = (paint: Paint, text: string) => string;
