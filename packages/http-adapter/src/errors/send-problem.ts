import { type Clock, isSparkError, type Logger, SparkError } from '@spark-control/core';
import type { ErrorRequestHandler, Request, Response } from 'express';
import { requestIdOf } from '../middleware/request-id.ts';
import { isDefect, problemOf } from './problem.ts';

/** Time for the client to read the answer before the connection goes, while its upload is left unread. */
const LINGER_MS = 500;

/** Turns whatever was thrown into a problem document. The only place where errors become answers. */
export function errorMiddleware(clock: Clock, logger: Logger, bodyLimitBytes: number): ErrorRequestHandler {
  return (thrown: unknown, request, response, _next) => {
    const error = foreseen(thrown);
    const requestId = requestIdOf(request);
    if (isDefect(error)) logDefect(logger, error, requestId, request);
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const problem = problemOf(error, requestId);
    const body = JSON.stringify(problem);
    response.status(problem.status);
    response.set('Content-Type', 'application/problem+json; charset=utf-8');
    response.set('Cache-Control', 'no-store');
    if (problem.retry_after_seconds !== undefined) response.set('Retry-After', String(Math.max(1, Math.ceil(problem.retry_after_seconds))));
    if (leavesUploadUnread(request, bodyLimitBytes)) linger(request, response, body, clock);
    else response.end(body);
  };
}

/** Express and its static files throw errors with a 4xx status for paths that cannot be decoded: no such path. */
function foreseen(thrown: unknown): unknown {
  if (isSparkError(thrown) || typeof thrown !== 'object' || thrown === null || !('status' in thrown)) return thrown;
  const { status } = thrown;
  if (typeof status !== 'number' || status < 400 || status > 499) return thrown;
  return new SparkError('ROUTE_NOT_FOUND', 'This path cannot be read.', { cause: thrown });
}

function logDefect(logger: Logger, error: unknown, requestId: string, request: Request): void {
  const stack = error instanceof Error ? error.stack : String(error);
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause.stack : undefined;
  logger.error('a request met a defect', {
    request_id: requestId,
    method: request.method,
    path: request.path,
    stack,
    ...(cause && { cause }),
  });
}

/** A body whose rest Node would read to the end, however long it is, before the connection could be used again. */
export function leavesUploadUnread(request: Request, bodyLimitBytes: number): boolean {
  if (request.complete) return false;
  if (request.headers['transfer-encoding'] !== undefined) return true;
  return Number(request.headers['content-length'] ?? 0) > bodyLimitBytes;
}

/**
 * Answers without reading the upload. Closing at once would reset the connection and the client would lose the answer,
 * so the whole answer goes out first, the reading stays paused, and the socket goes shortly after.
 */
function linger(request: Request, response: Response, body: string, clock: Clock): void {
  const gone = new AbortController();
  response.set('Connection', 'close');
  response.set('Content-Length', String(Buffer.byteLength(body)));
  response.once('close', () => gone.abort());
  request.pause();
  if (request.method === 'HEAD') response.flushHeaders();
  else response.write(body);
  clock.sleep(LINGER_MS, gone.signal).then(
    () => request.socket.destroy(),
    () => undefined,
  );
}
