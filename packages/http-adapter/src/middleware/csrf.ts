import { SparkError } from '@spark-control/core';
import cookieParser from 'cookie-parser';
import csurf, { type Options } from 'csurf';
import type { Request, RequestHandler } from 'express';
import { SAFE_METHODS } from './cross-site-guard.ts';

/** Cookies are per host and not per port, and boxes with many services share one name: hence a name of our own. */
export const SESSION_COOKIE = 'spark_control_session';
export const SESSION_PATH = '/api/session';

// The package's types are written for CommonJS: TypeScript takes the import for the module, at run time it is the function.
const createProtection = csurf as unknown as typeof csurf.default;

/**
 * The dashboard's session and its token. The page asks {@link SESSION_PATH}, gets the cookie and the token, and sends the
 * token as `x-csrf-token`. A request that carries no session cookie cannot ride on a session and needs no token.
 */
export function dashboardSession(secret: string | readonly string[]): readonly RequestHandler[] {
  const [plain, secure] = [protection(false), protection(true)];
  return [
    cookieParser(typeof secret === 'string' ? secret : [...secret]),
    (request, response, next) => {
      if (!needsSession(request)) return next();
      const protect = request.secure ? secure : plain;
      protect(request, response, (error?: unknown) => next(error === undefined ? undefined : refusalOf(error)));
    },
  ];
}

function protection(secure: boolean): RequestHandler {
  const options: Options = {
    cookie: { key: SESSION_COOKIE, path: '/', signed: true, httpOnly: true, sameSite: 'strict', secure },
    // Not from body or query: a token in a URL ends up in logs.
    value: (request) => request.get('x-csrf-token') ?? '',
  };
  return createProtection(options);
}

function needsSession(request: Request): boolean {
  if (SAFE_METHODS.includes(request.method)) return request.path === SESSION_PATH && request.method === 'GET';
  return hasSessionCookie(request);
}

/** Also true for a cookie whose signature is not ours: it was meant as a session. */
function hasSessionCookie(request: Request): boolean {
  const { cookies, signedCookies } = request as { cookies?: Record<string, unknown>; signedCookies?: Record<string, unknown> };
  return cookies?.[SESSION_COOKIE] !== undefined || signedCookies?.[SESSION_COOKIE] !== undefined;
}

function refusalOf(error: unknown): unknown {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : null;
  if (code !== 'EBADCSRFTOKEN') return error;
  return new SparkError(
    'CROSS_SITE',
    `The request carries a dashboard session without its token. GET ${SESSION_PATH} gives the token; send it as x-csrf-token.`,
    { cause: error },
  );
}
