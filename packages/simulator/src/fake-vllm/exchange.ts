import type { IncomingMessage, ServerResponse } from 'node:http';

const MAX_BODY_BYTES = 32 * 1024 * 1024;

/** The body was longer than the server takes. */
class BodyTooLargeError extends Error {}

/** One request and its answer, in vLLM's shapes. */
export class Exchange {
  readonly method: string;
  readonly path: string;
  /** Aborts when the client hung up before the answer was complete. */
  readonly gone: AbortSignal;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request;
    this.#response = response;
    this.method = request.method ?? 'GET';
    this.path = (request.url ?? '/').split('?')[0] ?? '/';
    const gone = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) gone.abort(new Error('the client has gone'));
    });
    this.gone = gone.signal;
  }

  get status(): number {
    return this.#response.statusCode;
  }

  get peer(): string {
    return `${this.#request.socket.remoteAddress ?? '-'}:${this.#request.socket.remotePort ?? 0}`;
  }

  bearer(): string | null {
    return /^Bearer (.*)$/i.exec(this.#request.headers.authorization ?? '')?.[1] ?? null;
  }

  /** The JSON body; `undefined` when it is none. */
  async body(): Promise<unknown> {
    const parts: Buffer[] = [];
    let size = 0;
    for await (const part of this.#request) {
      const bytes = Buffer.isBuffer(part) ? part : Buffer.from(String(part));
      size += bytes.length;
      if (size > MAX_BODY_BYTES) throw new BodyTooLargeError('the body is too large');
      parts.push(bytes);
    }
    try {
      return JSON.parse(Buffer.concat(parts).toString('utf8'));
    } catch {
      return undefined;
    }
  }

  text(status: number, text: string, type = 'text/plain; version=0.0.4; charset=utf-8'): void {
    // Half an answer cannot be taken back: the client must see that it is broken.
    if (this.#response.headersSent) this.abandon();
    else this.#response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text) }).end(text);
  }

  empty(status: number): void {
    this.#response.writeHead(status, { 'content-length': 0 });
    this.#response.end();
  }

  json(status: number, value: unknown): void {
    this.text(status, JSON.stringify(value), 'application/json');
  }

  /** OpenAI's error shape. In a stream that has begun, the error is an event of it. */
  error(status: number, type: string, message: string, param: string | null): void {
    const error = { error: { message, type, param, code: status } };
    if (this.#response.headersSent) {
      this.event(error);
      this.endStream();
    } else this.json(status, error);
  }

  startStream(): void {
    this.#response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  }

  event(value: unknown): void {
    this.#response.write(`data: ${JSON.stringify(value)}\n\n`);
  }

  endStream(): void {
    this.#response.end('data: [DONE]\n\n');
  }

  /** Breaks the connection off. */
  abandon(): void {
    this.#response.destroy();
  }
}
