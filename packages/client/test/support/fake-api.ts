import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export type Seen = Readonly<{
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  body: unknown;
  /** Calls of this route so far, this one included. */
  count: number;
}>;

/** `drop`: the connection is cut without an answer. A function writes the answer itself. */
export type Answer = Plain | 'drop' | ((response: ServerResponse) => void);
type Plain = Readonly<{ status: number; body?: unknown; headers?: Readonly<Record<string, string>> }>;
export type Handler = (seen: Seen) => Answer | Promise<Answer>;

/** A real HTTP server that answers what a test tells it to. */
export class FakeApi {
  readonly seen: Seen[] = [];
  readonly #handlers = new Map<string, Handler>();
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #open = new Set<ServerResponse>();
  #port = 0;

  constructor() {
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => response.destroy(error as Error));
    });
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Answers that have begun or will, and whose client is still there. */
  get openAnswers(): number {
    return this.#open.size;
  }

  /** `route`: method and path; `{}` stands for one part of the path. */
  on(route: string, handler: Handler | Plain | 'drop'): this {
    this.#handlers.set(route, typeof handler === 'function' ? handler : () => handler);
    return this;
  }

  calls(route: string): readonly Seen[] {
    return this.seen.filter((seen) => matches(route, seen));
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
    return this;
  }

  /** As a server that is killed: nobody gets an answer any more. {@link listen} brings it back on the same port. */
  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#open.add(response);
    response.once('close', () => this.#open.delete(response));
    const url = new URL(request.url ?? '/', this.url);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const facts = { method: request.method ?? '', path: url.pathname };
    const route = [...this.#handlers.keys()].find((known) => matches(known, facts));
    const seen: Seen = {
      ...facts,
      query: url.searchParams,
      headers: request.headers,
      body: text === '' ? undefined : JSON.parse(text),
      count: this.calls(route ?? '').length + 1,
    };
    this.seen.push(seen);
    const answer = route === undefined ? problem(404, 'ROUTE_NOT_FOUND') : await (this.#handlers.get(route) as Handler)(seen);
    if (answer === 'drop') request.socket.destroy();
    else if (typeof answer === 'function') answer(response);
    else {
      const type = answer.status >= 400 ? 'application/problem+json' : 'application/json';
      response.writeHead(answer.status, { 'content-type': type, ...answer.headers });
      response.end(answer.body === undefined ? '' : JSON.stringify(answer.body));
    }
  }
}

function matches(route: string, { method, path }: Readonly<{ method: string; path: string }>): boolean {
  const [wanted, pattern = ''] = route.split(' ');
  const parts = pattern.split('/');
  const given = path.split('/');
  return wanted === method && parts.length === given.length && parts.every((part, index) => part === '{}' || part === given[index]);
}

/** A problem document. */
export function problem(status: number, code: string, more: Readonly<Record<string, unknown>> = {}): Plain {
  const body = {
    type: 'urn:x',
    title: code,
    status,
    detail: `The detail of ${code}.`,
    code,
    request_id: 'req_1',
    remedy: 'Do so.',
    ...more,
  };
  return { status, body };
}

/** Events as the server writes them. */
export const frame = (event: string, data: unknown, id?: number): string =>
  `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

/** An answer that is a stream. `end`: closes it after the frames. */
export function stream(frames: readonly string[], end = true): Answer {
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('retry: 100\n\n');
    for (const text of frames) response.write(text);
    if (end) response.end();
  };
}
