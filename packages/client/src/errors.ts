import type { WireProblem } from '@spark-control/schema';

/** The code of answers that are not Spark Control's: a proxy's error page, another program behind that address. */
export const UNEXPECTED_ANSWER = 'UNEXPECTED_ANSWER';

/**
 * The server answered, and the answer is a refusal or an error. `code` is what programs go by (docs/errors.md lists them);
 * `problem` is the whole answer, `null` when it was not a problem document.
 */
export class SparkApiError extends Error {
  override readonly name = 'SparkApiError';
  readonly status: number;
  readonly code: string;
  readonly problem: WireProblem | null;
  /** As the server asked, `null` when it did not. */
  readonly retryAfterSeconds: number | null;

  constructor(status: number, problem: WireProblem | null, message: string, retryAfterSeconds: number | null = null) {
    super(message);
    this.status = status;
    this.code = problem?.code ?? UNEXPECTED_ANSWER;
    this.problem = problem;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** No answer came: whether the request had an effect is not known. */
export class SparkUnreachableError extends Error {
  override readonly name = 'SparkUnreachableError';
  readonly baseUrl: string;
  /** The line was there but no answer came in time. */
  readonly isTimeout: boolean;

  constructor(baseUrl: string, reason: string, options: Readonly<{ isTimeout?: boolean; cause?: unknown }> = {}) {
    super(`Spark Control at ${baseUrl} cannot be reached: ${reason}`, { cause: options.cause });
    this.baseUrl = baseUrl;
    this.isTimeout = options.isTimeout ?? false;
  }
}

/** True for what may be gone when the same call is made again: no answer, too many requests, or a server (or its proxy) in trouble. */
export function isPassing(error: unknown): error is SparkApiError | SparkUnreachableError {
  if (error instanceof SparkUnreachableError) return true;
  return error instanceof SparkApiError && (error.status === 429 || error.status >= 500);
}

export const hasCode = (error: unknown, ...codes: readonly string[]): error is SparkApiError =>
  error instanceof SparkApiError && codes.includes(error.code);

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there (connection refused)',
  ECONNRESET: 'the connection was cut',
  UND_ERR_SOCKET: 'the connection was cut',
  EPIPE: 'the connection was cut',
  ETIMEDOUT: 'the connection timed out',
  UND_ERR_CONNECT_TIMEOUT: 'the connection timed out',
  ENOTFOUND: 'its name is not known',
  EAI_AGAIN: 'its name cannot be looked up now',
  EHOSTUNREACH: 'there is no way to that host',
  ENETUNREACH: 'there is no way to that network',
};

/** `fetch` says only "fetch failed"; the reason is somewhere among its causes. */
export function reasonOf(error: unknown): string {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1) {
    const code = 'code' in at ? String(at.code) : '';
    if (REASONS[code] !== undefined) return REASONS[code];
    if (code !== '' && at.cause === undefined) return at.message === '' ? code : `${at.message} (${code})`;
    if (at.cause === undefined) return at.message;
  }
  return String(error);
}
