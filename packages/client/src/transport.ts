import type { WireProblem } from '@spark-control/schema';
import { parseBaseUrl } from './base-url.ts';
import { type ClientClock, systemClock } from './clock.ts';
import { hasCode, reasonOf, SparkApiError, SparkUnreachableError } from './errors.ts';
import { Limit } from './limit.ts';

export type CallOptions = Readonly<{
  signal?: AbortSignal | undefined;
  /** How long one try may take, 30 s by default; time that the server is asked to wait comes on top. */
  timeoutMs?: number | undefined;
  /** Further tries when no answer came, 2 by default. Only calls that may be repeated are. */
  retries?: number | undefined;
  /** Of calls that start or create something; made up when not given. Give one to repeat the call in another process. */
  idempotencyKey?: string | undefined;
}>;

export type Request = Readonly<{
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  query?: Readonly<Record<string, string | number | undefined>>;
  body?: unknown;
  headers?: Readonly<Record<string, string>>;
  /** Time for which the server was asked to hold the answer back. */
  waitSeconds?: number;
  /** Answers other than 2xx that are results and no errors. */
  alsoGood?: readonly number[];
  /** Of a removal, what a repeated try is answered when the first one got there and only its answer was lost. */
  goneCode?: string;
}>;

export type TransportOptions = Readonly<{
  baseUrl: string;
  apiKey?: string | null | undefined;
  fetch?: typeof fetch | undefined;
  clock?: ClientClock | undefined;
  userAgent?: string | undefined;
}>;

const TIMEOUT_MS = 30_000;
const RETRIES = 2;
const FIRST_PAUSE_MS = 200;

/** HTTP to one server: headers, time limits, errors, repeated tries. */
export class Transport {
  readonly baseUrl: string;
  readonly clock: ClientClock;
  readonly #fetch: typeof fetch;
  readonly #headers: Readonly<Record<string, string>>;

  constructor({ baseUrl, apiKey, fetch: fetchImpl, clock, userAgent }: TransportOptions) {
    this.baseUrl = parseBaseUrl(baseUrl);
    this.clock = clock ?? systemClock;
    this.#fetch = fetchImpl ?? fetch;
    const key = apiKey ?? '';
    // Said here because the error of `fetch` would quote it.
    if (!/^[\x21-\x7e]*$/.test(key)) throw new TypeError('The API key has characters that cannot be sent.');
    this.#headers = {
      'user-agent': userAgent ?? 'spark-control-client',
      ...(key !== '' && { authorization: `Bearer ${key}` }),
    };
  }

  /**
   * The body of the answer. Tries again when no answer came: reads, `PUT`, `PATCH` and `DELETE` may be repeated, and a `POST`
   * carries an `Idempotency-Key`, by which the server knows it again.
   *
   * @throws {SparkApiError | SparkUnreachableError} or the reason of `options.signal`.
   */
  async call<T>(request: Request, options: CallOptions = {}): Promise<T> {
    const headers = {
      accept: 'application/json',
      ...(request.body !== undefined && { 'content-type': 'application/json' }),
      ...(request.method === 'POST' && { 'idempotency-key': options.idempotencyKey ?? crypto.randomUUID() }),
      ...request.headers,
    };
    const retries = options.retries ?? RETRIES;
    for (let tries = 0; ; tries += 1) {
      try {
        return await this.#once<T>(request, headers, options);
      } catch (error) {
        if (tries > 0 && request.goneCode !== undefined && hasCode(error, request.goneCode)) return undefined as T;
        // A server that hangs would only be waited for again.
        if (tries >= retries || !(error instanceof SparkUnreachableError) || error.isTimeout) throw error;
        await this.clock.sleep(FIRST_PAUSE_MS * 3 ** tries * (0.75 + Math.random() / 2), options.signal);
      }
    }
  }

  /** Opens a stream; `limit` goes on to govern it. Resolves with 200 or 204. @throws as {@link call} */
  async open(path: string, headers: Readonly<Record<string, string>>, limit: Limit): Promise<Response> {
    limit.set(TIMEOUT_MS);
    const response = await this.#send({ method: 'GET', path }, { accept: 'text/event-stream', ...headers }, limit);
    if (response.status === 204) return response;
    const type = response.headers.get('content-type') ?? '';
    if (response.status === 200 && type.startsWith('text/event-stream')) return response;
    throw answerError(response, await this.#read(response, limit), 'GET', path);
  }

  async #once<T>(request: Request, headers: Readonly<Record<string, string>>, options: CallOptions): Promise<T> {
    const limit = new Limit(this.clock, options.signal);
    try {
      limit.set((options.timeoutMs ?? TIMEOUT_MS) + (request.waitSeconds ?? 0) * 1_000);
      const response = await this.#send(request, headers, limit);
      const text = await this.#read(response, limit);
      if (response.status === 204) return undefined as T;
      const isGood = response.ok || request.alsoGood?.includes(response.status);
      const body = isGood ? parsed(text) : undefined;
      if (body === undefined) throw answerError(response, text, request.method, request.path);
      return body as T;
    } finally {
      limit.clear();
    }
  }

  async #send({ method, path, query, body }: Request, headers: Readonly<Record<string, string>>, limit: Limit): Promise<Response> {
    const given = new URLSearchParams();
    for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined) given.set(name, String(value));
    const search = given.size === 0 ? '' : `?${given}`;
    return this.#guarded(limit, () =>
      this.#fetch(`${this.baseUrl}${path}${search}`, {
        method,
        headers: { ...this.#headers, ...headers },
        signal: limit.signal,
        // Following one would send the key to wherever it points, and turn a POST into a GET.
        redirect: 'manual',
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
    );
  }

  #read(response: Response, limit: Limit): Promise<string> {
    return this.#guarded(limit, () => response.text());
  }

  async #guarded<T>(limit: Limit, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      throw this.lost(cause, limit);
    }
  }

  /** What a failed read or write means: the caller's abort, our time limit, or the network. */
  lost(cause: unknown, limit: Limit): unknown {
    if (limit.isOver) return new SparkUnreachableError(this.baseUrl, 'it does not answer in time', { isTimeout: true, cause });
    if (limit.signal.aborted) return limit.signal.reason;
    return new SparkUnreachableError(this.baseUrl, reasonOf(cause), { cause });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function answerError({ status, headers }: Response, text: string, method: string, path: string): SparkApiError {
  const body = parsed(text);
  const retryAfter = headers.get('retry-after') ?? '';
  const retryAfterSeconds = /^\d{1,9}$/.test(retryAfter) ? Number(retryAfter) : null;
  if (isProblem(body)) return new SparkApiError(status, body, body.detail || body.title, body.retry_after_seconds ?? retryAfterSeconds);
  const location = headers.get('location');
  const what = location === null ? '' : ` and points to ${location}`;
  const message = `${method} ${path} answered ${status}${what}, which is not an answer of Spark Control. Is the URL right?`;
  return new SparkApiError(status, null, message, retryAfterSeconds);
}

function isProblem(body: unknown): body is WireProblem {
  if (typeof body !== 'object' || body === null) return false;
  const { code, title, detail } = body as Partial<Record<string, unknown>>;
  return typeof code === 'string' && typeof title === 'string' && typeof detail === 'string';
}
