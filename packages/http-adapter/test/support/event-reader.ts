import { type ClientRequest, type IncomingMessage, request } from 'node:http';

export type ReadEvent = Readonly<{ id: string | null; event: string; data: Record<string, unknown> }>;

/** A client of an event stream that shows what came, byte for byte and parsed. */
export class EventReader {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly events: ReadEvent[] = [];
  raw = '';
  isEnded = false;
  readonly #outgoing: ClientRequest;
  readonly #response: IncomingMessage;
  #rest = '';
  #wake: () => void = () => undefined;

  private constructor(outgoing: ClientRequest, response: IncomingMessage) {
    this.#outgoing = outgoing;
    this.#response = response;
    this.status = response.statusCode ?? 0;
    this.headers = response.headers;
    const end = (): void => {
      this.isEnded = true;
      this.#wake();
    };
    response.on('end', end).on('error', end).on('close', end);
  }

  /** `frozen`: never reads. */
  static open(port: number, path: string, options: { lastEventId?: string; frozen?: boolean } = {}): Promise<EventReader> {
    return new Promise((resolve, reject) => {
      const headers = options.lastEventId === undefined ? {} : { 'last-event-id': options.lastEventId };
      const outgoing = request({ port, host: '127.0.0.1', path, headers, agent: false });
      outgoing.on('error', reject);
      outgoing.on('response', (response) => {
        const reader = new EventReader(outgoing, response);
        if (!options.frozen) response.on('data', (chunk: Buffer) => reader.#take(chunk.toString()));
        resolve(reader);
      });
      outgoing.end();
    });
  }

  #take(text: string): void {
    this.raw += text;
    const blocks = (this.#rest + text).split('\n\n');
    this.#rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = new Map(
        block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()] as const),
      );
      const [event, data] = [fields.get('event'), fields.get('data')];
      if (event === undefined || data === undefined) continue;
      this.events.push({ id: fields.get('id') ?? null, event, data: JSON.parse(data) as Record<string, unknown> });
    }
    this.#wake();
  }

  /** Waits until so many events are there or the stream has ended. */
  async received(count: number): Promise<readonly ReadEvent[]> {
    await this.until(() => this.events.length >= count || this.isEnded);
    return this.events;
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  ended(): Promise<void> {
    return this.until(() => this.isEnded);
  }

  get names(): readonly string[] {
    return this.events.map(({ event }) => event);
  }

  get ids(): readonly number[] {
    return this.events.flatMap(({ id, event }) => (id === null || event === 'snapshot' ? [] : [Number(id)]));
  }

  resume(): void {
    this.#response.on('data', (chunk: Buffer) => this.#take(chunk.toString()));
  }

  cut(): void {
    this.#outgoing.destroy();
  }
}
