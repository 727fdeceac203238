import { operationId } from '@spark-control/core';
import { EmptyBody, IdParams, Operation, OperationList, OperationQuery, OperationWaitQuery } from '@spark-control/schema';
import type { ApiContext } from '../api-context.ts';
import { actorOf } from '../middleware/caller.ts';
import { defineRoute, json, type Route } from '../routing/route.ts';
import { untilGone } from '../routing/until-gone.ts';
import type { StreamTools } from '../streams/stream-tools.ts';
import { awaitOver } from './await-over.ts';
import { operationNotFound } from './not-found.ts';
import { openOperationStream } from './operation-stream.ts';
import { operationView } from './view.ts';

const DEFAULT_LIMIT = 50;
const tag = 'operations';

/** Long work other than swaps: downloads, updates, installations. Each is begun where its subject is. */
export function operationRoutes(context: ApiContext, streams: StreamTools): readonly Route[] {
  const { operations, clock } = context;
  const list = defineRoute({
    method: 'GET',
    path: '/api/operations',
    operationId: 'listOperations',
    summary: 'Operations, newest first',
    tag,
    scope: 'read',
    params: null,
    query: OperationQuery,
    body: null,
    responses: { 200: { description: 'A page of operations', schema: OperationList } },
    errors: ['STORE_UNAVAILABLE'],
    async handle({ query: { kind, subject, state, limit = DEFAULT_LIMIT, cursor } }) {
      const found = await operations.list({
        // One more than asked tells whether there is a next page.
        limit: limit + 1,
        ...(kind !== undefined && { kind }),
        ...(subject !== undefined && { subject }),
        ...(state !== undefined && { state }),
        ...(cursor !== undefined && { before: operationId(cursor) }),
      });
      const page = found.slice(0, limit);
      const now = clock.now();
      const next_cursor = found.length > limit ? (page.at(-1)?.id ?? null) : null;
      return json(200, { items: page.map((operation) => operationView(operation, now)), next_cursor });
    },
  });

  const show = defineRoute({
    method: 'GET',
    path: '/api/operations/{id}',
    operationId: 'getOperation',
    summary: 'One operation, at once or when it is over',
    tag,
    scope: 'read',
    params: IdParams,
    query: OperationWaitQuery,
    body: null,
    responses: { 200: { description: 'The operation', schema: Operation } },
    errors: ['OPERATION_NOT_FOUND', 'STORE_UNAVAILABLE'],
    async handle({ params, query, request }) {
      const id = operationId(params.id);
      const waitMs = (query.wait_seconds ?? 0) * 1_000;
      const operation =
        waitMs === 0 ? await operations.get(id) : await awaitOver(operations, clock, id, waitMs, untilGone(request, context.closing));
      if (operation === null) throw operationNotFound(params.id);
      return json(200, operationView(operation, clock.now()));
    },
  });

  const cancel = defineRoute({
    method: 'POST',
    path: '/api/operations/{id}/cancel',
    operationId: 'cancelOperation',
    summary: 'Cancel a running operation',
    tag,
    scope: 'control',
    params: IdParams,
    query: null,
    body: EmptyBody,
    bodyIsOptional: true,
    responses: { 202: { description: 'The operation will end; follow it until it does', schema: Operation } },
    errors: ['OPERATION_NOT_FOUND', 'OPERATION_SETTLED', 'NOT_SUPPORTED', 'STORE_UNAVAILABLE'],
    isReplayable: async ({ params }) => (await operations.get(operationId(params.id))) !== null,
    async handle({ params, request }) {
      const operation = await operations.cancel(operationId(params.id), actorOf(request));
      return json(202, operationView(operation, clock.now()), { Location: `/api/operations/${encodeURIComponent(operation.id)}` });
    },
  });

  const stream = defineRoute({
    method: 'GET',
    path: '/api/operations/{id}/stream',
    operationId: 'streamOperation',
    summary: 'Events of one operation: snapshot, progress, log, settled',
    tag,
    scope: 'read',
    params: IdParams,
    query: null,
    body: null,
    responses: {
      200: { description: 'Server-sent events; all but `log` carry the operation', schema: null, mediaType: 'text/event-stream' },
      204: { description: 'The stream ended where Last-Event-ID says', schema: null },
    },
    errors: ['OPERATION_NOT_FOUND', 'RATE_LIMITED', 'STORE_UNAVAILABLE'],
    handle: ({ params }) => ({
      kind: 'stream',
      open: (request, response) => openOperationStream(streams, operationId(params.id), request, response),
    }),
  });

  return [list, show, cancel, stream];
}
