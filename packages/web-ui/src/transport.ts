import type { Problem, Session } from './wire.ts';

/** A refusal or a failure of the server, or of the way to it. `problem` is fit to be shown. */
export class ApiError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.name = 'ApiError';
    this.problem = problem;
  }
}

export type Request = Readonly<{
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
}>;

/** Asks the server for `path`. Rejects with {@link ApiError} and nothing else, except on abort. An answer without content is `null`. */
export type Call = <T>(path: string, request?: Request) => Promise<T>;

export function createCall(fetchImpl: typeof fetch): Call {
  const session = createSession(fetchImpl);
  return call;

  async function call<T>(path: string, request: Request = {}, isRetry = false): Promise<T> {
    const { method = 'GET', body, signal } = request;
    const headers: Record<string, string> = { accept: 'application/json', ...request.headers };
    if (body !== undefined) headers['content-type'] = 'application/json';
    if (method !== 'GET') headers['x-csrf-token'] = await session.token();
    const response = await send(fetchImpl, path, {
      method,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    });
    if (response.ok) return response.status === 204 ? (null as T) : parse<T>(response);
    // The session, and with it the token, ends when the server restarts with a new secret: fetch another, once.
    if (response.status === 403 && method !== 'GET' && !isRetry) {
      session.forget();
      return call<T>(path, request, true);
    }
    throw new ApiError(await problemOf(response));
  }
}

function createSession(fetchImpl: typeof fetch): Readonly<{ token(): Promise<string>; forget(): void }> {
  let pending: Promise<string> | null = null;
  const fetchToken = async (): Promise<string> => {
    const response = await send(fetchImpl, '/api/session', { headers: { accept: 'application/json' } });
    if (!response.ok) throw new ApiError(await problemOf(response));
    return (await parse<Session>(response)).csrf_token;
  };
  const forget = (): void => {
    pending = null;
  };
  return {
    forget,
    token() {
      pending ??= fetchToken().catch((error: unknown) => {
        forget();
        throw error;
      });
      return pending;
    },
  };
}

async function send(fetchImpl: typeof fetch, path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetchImpl(path, { credentials: 'same-origin', ...init });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError(
      clientProblem('NO_ANSWER', 'The server did not answer', 'Check that Spark Control runs and that this device reaches it.'),
    );
  }
}

async function parse<T>(response: Response): Promise<T> {
  try {
    return (await response.json()) as T;
  } catch {
    throw new ApiError(clientProblem('BAD_ANSWER', 'The answer could not be read', 'Reload the page; a proxy may stand in between.'));
  }
}

/** The problem document of an answer, or one made from its status when a proxy on the way answered instead. */
async function problemOf(response: Response): Promise<Problem> {
  const body: unknown = await response.json().catch(() => null);
  const requestId = response.headers.get('x-request-id');
  if (isProblem(body)) return { ...body, request_id: body.request_id ?? requestId };
  const title = `HTTP ${response.status}`;
  return { ...clientProblem('BAD_ANSWER', title, 'Something between this page and Spark Control answered.'), status: response.status };
}

const isProblem = (body: unknown): body is Problem =>
  typeof body === 'object' && body !== null && 'code' in body && 'title' in body && typeof body.code === 'string';

/** A problem that the page itself has, in the shape of the server's. */
export function clientProblem(code: string, title: string, remedy: string): Problem {
  return { title, status: 0, detail: title, code, request_id: null, remedy };
}

/** Anything but an {@link ApiError} here is a fault of the page; it is shown rather than swallowed. */
export function problemFrom(error: unknown): Problem {
  // By what it carries: code that came in another file may have a class of its own.
  if (error instanceof Error && 'problem' in error && isProblem(error.problem)) return error.problem;
  const detail = error instanceof Error ? error.message : String(error);
  return { title: 'A fault in the page', status: 0, detail, code: 'PAGE_FAULT', request_id: null, remedy: 'Reload the page.' };
}
