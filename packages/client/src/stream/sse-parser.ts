/** One event of a stream. `id`: the last one named so far, `null` before the first. */
export type SseMessage = Readonly<{ event: string; data: string; id: string | null }>;
export type SseItem = Readonly<{ kind: 'message'; message: SseMessage } | { kind: 'retry'; ms: number }>;

/** More than any event of ours by far; a stream that never ends its event must not fill the memory. */
const MAX_EVENT_CHARS = 64 * 1024 * 1024;

/**
 * Reads `text/event-stream` as the HTML standard defines it, from pieces that may be cut anywhere, also within a character or
 * between CR and LF. An event that was not finished by an empty line is never given out.
 */
export class SseParser {
  readonly #decoder = new TextDecoder();
  #line = '';
  #endedInCr = false;
  #data: string[] = [];
  #size = 0;
  #event = '';
  #id: string | null;

  constructor(lastEventId: string | null = null) {
    this.#id = lastEventId;
  }

  /** @throws {RangeError} when an event grows beyond 64 Mi characters. */
  push(bytes: Uint8Array): readonly SseItem[] {
    const items: SseItem[] = [];
    const text = this.#decoder.decode(bytes, { stream: true });
    let from = 0;
    for (const end of text.matchAll(/\r\n|\r|\n/g)) {
      // The LF of a CRLF that was cut in two ended its line with the CR already.
      const isRestOfCrLf = this.#endedInCr && end.index === 0 && end[0] === '\n';
      if (!isRestOfCrLf) this.#endLine(this.#line + text.slice(from, end.index), items);
      if (!isRestOfCrLf) this.#line = '';
      from = end.index + end[0].length;
    }
    if (text !== '') this.#endedInCr = text.endsWith('\r');
    this.#line += text.slice(from);
    if (this.#size + this.#line.length > MAX_EVENT_CHARS) throw new RangeError('an event of the stream does not end');
    return items;
  }

  #endLine(line: string, items: SseItem[]): void {
    if (line === '') {
      this.#dispatch(items);
      return;
    }
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + (line[colon + 1] === ' ' ? 2 : 1));
    if (field === 'data') {
      this.#data.push(value);
      this.#size += value.length;
    } else if (field === 'event') this.#event = value;
    else if (field === 'id' && !value.includes('\0')) this.#id = value;
    else if (field === 'retry' && /^\d+$/.test(value)) items.push({ kind: 'retry', ms: Number(value) });
  }

  #dispatch(items: SseItem[]): void {
    const event = this.#event === '' ? 'message' : this.#event;
    if (this.#data.length > 0) items.push({ kind: 'message', message: { event, data: this.#data.join('\n'), id: this.#id } });
    this.#data = [];
    this.#size = 0;
    this.#event = '';
  }
}
