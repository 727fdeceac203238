import { processPrefix } from './log-line.ts';
import { plainText } from './plain-text.ts';

/** Longest line kept, in UTF-16 units; Docker cuts at the same length. */
export const MAX_LINE_LENGTH = 16_384;
const CUT_MARK = ' [cut]';

/**
 * Turns the raw output of a process into lines. A carriage return ends a line as a newline does, since progress bars
 * redraw themselves with it. Lines come out without escape sequences, control characters and trailing blanks; empty ones
 * are left out; what goes beyond {@link MAX_LINE_LENGTH} is cut, so that an endless line costs bounded memory.
 *
 * Chunks are text: decode UTF-8 as a stream before, or a character cut in two is lost. One instance per stream.
 */
export class LineSplitter {
  #pending = '';
  #isCut = false;
  /** A bar is written as prefix, carriage return, bar: without this the bar would lose the name of its process. */
  #prefix = '';

  /** The lines completed by `chunk`, in order. Never throws. */
  push(chunk: string): readonly string[] {
    const lines: string[] = [];
    let start = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const code = chunk.charCodeAt(at);
      if (code !== 0x0a && code !== 0x0d) continue;
      this.#append(chunk, start, at);
      this.#finish(lines, code === 0x0d);
      start = at + 1;
    }
    this.#append(chunk, start, chunk.length);
    return lines;
  }

  /** What is left when the stream ends without a line end. */
  flush(): readonly string[] {
    const lines: string[] = [];
    this.#finish(lines, false);
    return lines;
  }

  #append(chunk: string, start: number, end: number): void {
    const room = MAX_LINE_LENGTH - this.#pending.length;
    if (end - start > room) this.#isCut = true;
    this.#pending += chunk.slice(start, Math.min(end, start + room));
  }

  #finish(lines: string[], isRedraw: boolean): void {
    const raw = plainText(this.#pending);
    const own = processPrefix(raw);
    const text = raw.trimEnd();
    if (text.length > own.trimEnd().length) lines.push(this.#fitted(own === '' ? this.#prefix + text : text));
    const prefix = own === '' ? this.#prefix : own;
    this.#prefix = isRedraw ? prefix : '';
    this.#pending = '';
    this.#isCut = false;
  }

  #fitted(line: string): string {
    if (!this.#isCut && line.length <= MAX_LINE_LENGTH) return line;
    const kept = line.slice(0, MAX_LINE_LENGTH - CUT_MARK.length);
    // Half a surrogate pair would be an invalid character in JSON and on disk.
    return (/[\uD800-\uDBFF]$/.test(kept) ? kept.slice(0, -1) : kept) + CUT_MARK;
  }
}
