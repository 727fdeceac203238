import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import type { WireLock, WireModel, WirePreflightReport, WireStatus, WireSwap, WireSwapLogEvent } from '@spark-control/schema';
import { type Answer, ok, problem } from './stub-answer.ts';
import { type CoordinationScript, changeCoordination, readCoordination } from './stub-coordination.ts';

/** As the contract says; a test sees a violation as a message in the browser's console. */
const CSP = [
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'",
  "media-src 'self' blob:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  "require-trusted-types-for 'script'; trusted-types 'none'",
].join('; ');

const TYPES: Readonly<Record<string, string>> = { '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };

export type Recorded = Readonly<{ method: string; path: string; headers: IncomingMessage['headers']; body: unknown }>;

/** What the scripted server knows; a test changes it at will. */
export type Script = {
  status: WireStatus;
  models: WireModel[];
  swaps: Map<string, WireSwap>;
  logs: Map<string, WireSwapLogEvent[]>;
  coordination: CoordinationScript;
  preflight: WirePreflightReport;
  /** Answers to `POST /api/swap` and to a cancel. */
  onSwap(body: Record<string, unknown>): Answer;
  onCancel(id: string): Answer;
};

/**
 * A server that speaks the wire and does as a test says: real HTTP, real event streams, the real headers, no logic.
 * It serves the built dashboard from `wwwFolder`.
 */
export class StubApi {
  readonly script: Script;
  readonly requests: Recorded[] = [];
  readonly #server: Server;
  readonly #streams = new Map<ServerResponse, string | null>();
  readonly #www: URL;
  #refusesStreams = false;
  #eventId = 100;

  private constructor(script: Script, wwwFolder: URL) {
    this.script = script;
    this.#www = wwwFolder;
    this.#server = createServer((request, response) => {
      this.#handle(request, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
    });
  }

  static async start(script: Script, wwwFolder: URL): Promise<StubApi> {
    const stub = new StubApi(script, wwwFolder);
    await new Promise<void>((resolve) => stub.#server.listen(0, '127.0.0.1', resolve));
    return stub;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Stores a swap and tells all streams. */
  swap(swap: WireSwap): void {
    this.script.swaps.set(swap.id, swap);
    this.#push('swap', swap);
  }

  cluster(change: Partial<WireStatus['clusters'][number]>, key = 'default'): void {
    const { status } = this.script;
    const clusters = status.clusters.map((cluster) => (cluster.key === key ? { ...cluster, ...change } : cluster));
    this.script.status = { ...status, clusters };
    this.#push(
      'model',
      clusters.find((cluster) => cluster.key === key),
    );
  }

  /** Changes a lock and tells all streams. */
  lock(lock: WireLock): void {
    const { coordination } = this.script;
    coordination.locks = coordination.locks.map((known) => (known.cluster === lock.cluster ? lock : known));
    this.#push('lock', lock);
  }

  log(swapId: string, lines: readonly string[]): void {
    const known = this.script.logs.get(swapId) ?? [];
    this.script.logs.set(swapId, known);
    for (const line of lines) {
      const event = { seq: known.length + 1, host: 'spark-1', at: new Date().toISOString(), line };
      known.push(event);
      for (const [stream, followed] of this.#streams) if (followed === swapId) send(stream, 'log', { swap_id: swapId, ...event });
    }
  }

  /** Cuts every stream and, while `refuse` holds, takes no new one: what a dropped link or a restart looks like. */
  cutStreams(refuse: boolean): void {
    this.#refusesStreams = refuse;
    for (const stream of this.#streams.keys()) stream.destroy();
  }

  async close(): Promise<void> {
    this.cutStreams(true);
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #push(type: string, data: unknown): void {
    this.#eventId += 1;
    for (const stream of this.#streams.keys()) send(stream, type, data, this.#eventId);
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url);
    const body = await readBody(request);
    const method = request.method ?? 'GET';
    this.requests.push({ method, path: url.pathname + url.search, headers: request.headers, body });
    response.setHeader('Content-Security-Policy', CSP);
    response.setHeader('X-Request-Id', 'req_stub');
    if (url.pathname === '/api/events') return this.#openStream(url, response);
    if (url.pathname.startsWith('/api/')) return sendJson(response, await this.#answer(method, url, request, body));
    return this.#file(url.pathname, response);
  }

  #answer(method: string, url: URL, request: IncomingMessage, body: unknown): Answer | Promise<Answer> {
    const { script } = this;
    const [, , name, id, verb] = url.pathname.split('/');
    if (method === 'GET' && name === 'session') return ok({ csrf_token: 'token-1', anonymous: true });
    if (method === 'GET' && name === 'models') return ok({ items: script.models, next_cursor: null, revision: 1, fault: null });
    if (method === 'GET' && name === 'swaps') return ok({ items: this.#history(url.searchParams), next_cursor: null });
    const read = method === 'GET' ? readCoordination(script.coordination, url) : null;
    if (read !== null) return read;
    if (method === 'GET' && name === 'swap') return this.#swapOf(id ?? '');
    if (request.headers['x-csrf-token'] !== 'token-1') return problem(403, 'CROSS_SITE', 'The token is missing.');
    const fields = body as Record<string, unknown>;
    const lockId = String(request.headers['x-swap-lock'] ?? '');
    const change = changeCoordination(script.coordination, { method, url, lockId, body: fields });
    if (change !== null) return change;
    if (verb === 'validate') return ok(script.preflight);
    if (verb === 'cancel') return this.#keep(script.onCancel(id ?? ''));
    if (method === 'POST' && name === 'swap') return this.#keep(script.onSwap(fields));
    return problem(404, 'ROUTE_NOT_FOUND', `There is nothing at ${url.pathname}.`);
  }

  /** A swap that was answered is known from then on. */
  #keep(answer: Answer): Answer {
    if (answer.status < 300) this.script.swaps.set((answer.body as WireSwap).id, answer.body as WireSwap);
    return answer;
  }

  #history(query: URLSearchParams): readonly WireSwap[] {
    const asked = (field: 'outcome' | 'model', value: string | null): boolean => query.get(field) === null || query.get(field) === value;
    return [...this.script.swaps.values()]
      .filter((swap) => asked('outcome', swap.outcome) && asked('model', swap.model))
      .sort((a, b) => (a.id < b.id ? 1 : -1));
  }

  #swapOf(id: string): Answer {
    const swap = this.script.swaps.get(id);
    return swap === undefined ? problem(404, 'SWAP_NOT_FOUND', `There is no swap ${id}.`) : ok(swap);
  }

  #openStream(url: URL, response: ServerResponse): void {
    if (this.#refusesStreams) {
      response.destroy();
      return;
    }
    const followed = url.searchParams.get('logs');
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store, no-transform', 'X-Accel-Buffering': 'no' });
    response.write('retry: 200\n\n');
    this.#streams.set(response, followed);
    response.on('close', () => this.#streams.delete(response));
    const swaps = [...this.script.swaps.values()].reverse().slice(0, 10);
    send(
      response,
      'snapshot',
      { ...this.script.status, now: new Date().toISOString(), locks: this.script.coordination.locks, swaps },
      this.#eventId,
    );
    for (const line of this.script.logs.get(followed ?? '') ?? []) send(response, 'log', { swap_id: followed, ...line });
  }

  async #file(path: string, response: ServerResponse): Promise<void> {
    const isAsset = path.startsWith('/assets/');
    const bytes = await readFile(new URL(isAsset ? `.${path}` : './index.html', this.#www)).catch(() => null);
    if (bytes === null) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, {
      'Content-Type': isAsset ? (TYPES[extname(path)] ?? 'application/octet-stream') : 'text/html; charset=utf-8',
    });
    response.end(bytes);
  }
}

function send(stream: ServerResponse, type: string, data: unknown, id?: number): void {
  stream.write(`${id === undefined ? '' : `id: ${id}\n`}event: ${type}\ndata: ${JSON.stringify(data)}\n\n`);
}

function sendJson(response: ServerResponse, { status, body }: Answer): void {
  if (status === 204) {
    response.writeHead(204).end();
    return;
  }
  const type = status >= 400 ? 'application/problem+json' : 'application/json';
  response.writeHead(status, { 'Content-Type': type }).end(JSON.stringify(body));
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  return text === '' ? null : JSON.parse(text);
}
