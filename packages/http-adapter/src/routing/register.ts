import { isSparkError, SparkError, type StoredAnswer } from '@spark-control/core';
import type { Express, Request, Response } from 'express';
import { isDefect, problemOf } from '../errors/problem.ts';
import { callerOf } from '../middleware/caller.ts';
import { hasBody, readJsonBody } from '../middleware/json-body.ts';
import { requestIdOf } from '../middleware/request-id.ts';
import { bodyHashOf, type Idempotency, idempotencyKeyOf, isLasting } from './idempotency.ts';
import type { Answer, Route, RouteInput } from './route.ts';
import { hasGone } from './until-gone.ts';
import type { RequestCheck, RequestValidator } from './validator.ts';

export type RoutingTools = Readonly<{ validator: RequestValidator; idempotency: Idempotency; bodyLimitBytes: number }>;

/** Express' own syntax of a path of the table: `{id}` becomes `:id`. */
export const expressPath = (path: string): string => path.replace(/\{(\w+)\}/g, ':$1');

const METHODS = { GET: 'get', POST: 'post', PUT: 'put', PATCH: 'patch', DELETE: 'delete' } as const;

/** Puts the route table on an Express app, with OPTIONS and 405 for each path. */
export function registerRoutes(app: Express, routes: readonly Route[], tools: RoutingTools): void {
  for (const [path, methods] of methodsByPath(routes)) {
    for (const route of routes.filter((candidate) => candidate.path === path)) {
      const check = tools.validator.checkOf(route);
      const handler = (request: Request, response: Response): Promise<void> => serve(route, check, tools, request, response);
      app[METHODS[route.method]](expressPath(path), handler);
    }
    const allow = methods.join(', ');
    app.all(expressPath(path), (request, response) => {
      response.set('Allow', allow);
      if (request.method !== 'OPTIONS') throw new SparkError('METHOD_NOT_ALLOWED', `${path} takes ${allow}.`);
      response.status(204).end();
    });
  }
}

const compare = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);
const precedence = (path: string): string => path.replace(/\{\w+\}/g, '\uffff');

function methodsByPath(routes: readonly Route[]): ReadonlyMap<string, readonly string[]> {
  const paths = new Map<string, string[]>();
  // Express takes the first that fits: a word of a path (`/api/swap/lock`) has to come before a parameter in its place.
  const inOrder = routes.toSorted((a, b) => compare(precedence(a.path), precedence(b.path)));
  for (const { path, method } of inOrder) {
    const methods = paths.get(path) ?? [];
    paths.set(path, [...methods, ...(method === 'GET' ? ['GET', 'HEAD'] : [method])]);
  }
  for (const [path, methods] of paths) paths.set(path, [...methods, 'OPTIONS']);
  return paths;
}

async function serve(route: Route, check: RequestCheck, tools: RoutingTools, request: Request, response: Response): Promise<void> {
  let rawBody: unknown;
  if (route.body !== null) rawBody = await readJsonBody(request, tools.bodyLimitBytes);
  // Nobody will read it, and Node would read all of it before the next request on this connection.
  else if (hasBody(request)) response.set('Connection', 'close');
  const input: RouteInput<unknown, unknown, unknown> = {
    ...check(request.params, request.query, rawBody),
    caller: callerOf(request),
    request,
  };

  const key = route.isReplayable === undefined ? null : idempotencyKeyOf(request.get('idempotency-key'));
  if (key === null || !(await route.isReplayable?.(input))) return send(await route.handle(input), request, response);

  const scope = `${input.caller} ${route.method} ${request.path}`;
  const bodyHash = bodyHashOf(askedOf(route, input, request));
  const run = async (): Promise<StoredAnswer> => {
    try {
      return storedAnswer(await route.handle(input));
    } catch (error) {
      if (!isLasting(error) || isDefect(error)) throw error;
      return storedRefusal(error, requestIdOf(request));
    }
  };
  const { answer, isReplay } = await tools.idempotency.run(scope, key, bodyHash, run, () => hasGone(request));
  if (isReplay) response.set('Idempotency-Replayed', 'true');
  sendText(answer, response);
}

async function send(answer: Answer, request: Request, response: Response): Promise<void> {
  if (answer.kind === 'json') sendText(storedAnswer(answer), response);
  else if (request.method === 'HEAD')
    response.status(200).set({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store, no-transform' }).end();
  else await answer.open(request, response);
}

function sendText({ status, headers, body }: StoredAnswer, response: Response): void {
  response.status(status).set('Cache-Control', 'no-store').set(headers).end(body);
}

function storedAnswer(answer: Answer): StoredAnswer {
  if (answer.kind === 'stream') throw new RangeError('a stream cannot be kept as the answer of an idempotent request');
  if (answer.body === undefined) return { status: answer.status, headers: answer.headers, body: '' };
  const headers = { 'Content-Type': 'application/json; charset=utf-8', ...answer.headers };
  return { status: answer.status, headers, body: JSON.stringify(answer.body) };
}

function storedRefusal(error: unknown, requestId: string): StoredAnswer {
  const problem = problemOf(error, requestId);
  const retry = isSparkError(error) ? problem.retry_after_seconds : undefined;
  const headers: Record<string, string> = { 'Content-Type': 'application/problem+json; charset=utf-8' };
  if (retry !== undefined) headers['Retry-After'] = String(Math.max(1, Math.ceil(retry)));
  return { status: problem.status, headers, body: JSON.stringify(problem) };
}

/** What makes two requests the same. A lock id in the header counts as one in the body: under another lock it is another request. */
function askedOf(route: Route, { body }: RouteInput<unknown, unknown, unknown>, request: Request): unknown {
  const lock = route.takesLock ? request.get('x-swap-lock') : undefined;
  return lock === undefined ? body : { body, lock };
}
