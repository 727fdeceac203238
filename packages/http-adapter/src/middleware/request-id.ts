import type { Clock, Ids, Logger } from '@spark-control/core';
import type { Request, RequestHandler } from 'express';

/** What a caller may choose as request id: it goes into log lines and headers as it is. */
const SANE_ID = /^[A-Za-z0-9._-]{1,64}$/;

const idsByRequest = new WeakMap<object, string>();

/** The id of a request that has passed {@link requestId}. */
export const requestIdOf = (request: Request): string => idsByRequest.get(request) ?? 'req_none';

/** Accepts or makes a request id, echoes it, and logs each answer with it. Query strings are not logged. */
export function requestId(ids: Ids, clock: Clock, logger: Logger): RequestHandler {
  return (request, response, next) => {
    const given = request.get('x-request-id');
    const id = given !== undefined && SANE_ID.test(given) ? given : ids.next('req');
    idsByRequest.set(request, id);
    response.set('X-Request-Id', id);
    const startedAt = clock.monotonic();
    const { method, path } = request;
    response.once('close', () => {
      const fields = { request_id: id, method, path, status: response.statusCode, duration_ms: Math.round(clock.monotonic() - startedAt) };
      const isQuiet = (method === 'GET' || method === 'HEAD') && response.statusCode < 400;
      if (isQuiet) logger.debug('answered', fields);
      else logger.info('answered', fields);
    });
    next();
  };
}
