import type { IncomingMessage, ServerResponse } from 'node:http';

const MAX_BODY_BYTES = 64 * 1024 * 1024;

/** One request and its answer in Qdrant's shapes: `{result, status, time}`, and errors as `{status: {error}}`. */
export class QdrantRequest {
  readonly method: string;
  /** Decoded segments of the path. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  readonly key: string | null;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;

  constructor(request: IncomingMessage, response: ServerResponse) {
    const url = new URL(request.url ?? '/', 'http://qdrant');
    this.#request = request;
    this.#response = response;
    this.method = request.method ?? 'GET';
    this.path = url.pathname.split('/').slice(1).map(decodeURIComponent);
    this.query = url.searchParams;
    const header = request.headers['api-key'];
    this.key = typeof header === 'string' ? header : (/^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? null);
  }

  /** Settles with false when the client hung up first. */
  waited(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(true), ms);
      this.#response.once('close', () => {
        clearTimeout(timer);
        resolve(false);
      });
    });
  }

  async bytes(): Promise<Buffer> {
    const parts: Buffer[] = [];
    let size = 0;
    for await (const part of this.#request as AsyncIterable<Buffer>) {
      size += part.length;
      if (size > MAX_BODY_BYTES) throw new RangeError('the body is too large');
      parts.push(part);
    }
    return Buffer.concat(parts);
  }

  async json(): Promise<Readonly<Record<string, unknown>>> {
    const value: unknown = JSON.parse((await this.bytes()).toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  }

  /** The first file of a multipart body; `null` when there is none. */
  async file(): Promise<Buffer | null> {
    const boundary = /boundary=("?)([^";]+)\1/.exec(this.#request.headers['content-type'] ?? '')?.[2];
    const body = await this.bytes();
    if (boundary === undefined) return null;
    const start = body.indexOf('\r\n\r\n');
    const end = body.lastIndexOf(`\r\n--${boundary}--`);
    return start < 0 || end < start ? null : body.subarray(start + 4, end);
  }

  result(result: unknown): void {
    this.#send(200, 'application/json', JSON.stringify({ result, status: 'ok', time: 0.000_012 }));
  }

  error(status: number, message: string): void {
    this.#send(status, 'application/json', JSON.stringify({ status: { error: message }, time: 0.000_012 }));
  }

  text(status: number, text: string): void {
    this.#send(status, 'text/plain', text);
  }

  file200(content: Buffer): void {
    this.#response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': content.length }).end(content);
  }

  /** Promises a long answer, sends a little of it, and breaks off. */
  cut(): void {
    this.#response.writeHead(200, { 'content-type': 'application/json', 'content-length': 4_096 });
    this.#response.write('{"result":', () => this.#response.destroy());
  }

  #send(status: number, type: string, text: string): void {
    if (this.#response.headersSent || this.#response.destroyed) return;
    this.#response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text) }).end(text);
  }
}
