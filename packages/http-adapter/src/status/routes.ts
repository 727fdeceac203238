import { EventsQuery, Status } from '@spark-control/schema';
import type { ApiContext } from '../api-context.ts';
import { defineRoute, json, type Route } from '../routing/route.ts';
import { openEventStream } from '../streams/event-stream.ts';
import type { StreamTools } from '../streams/stream-tools.ts';
import { statusView } from './view.ts';

export function statusRoutes(context: ApiContext, streams: StreamTools): readonly Route[] {
  const status = defineRoute({
    method: 'GET',
    path: '/api/status',
    operationId: 'getStatus',
    summary: 'One snapshot of everything the overview shows',
    tag: 'status',
    scope: 'read',
    params: null,
    query: null,
    body: null,
    responses: { 200: { description: 'The snapshot', schema: Status } },
    errors: ['STORE_UNAVAILABLE'],
    async handle() {
      const lastEventId = streams.hub.lastId ?? (await context.core.eventRange()).newest;
      return json(200, await statusView(context, lastEventId));
    },
  });

  const events = defineRoute({
    method: 'GET',
    path: '/api/events',
    operationId: 'streamEvents',
    summary: "The dashboard's stream: snapshot, swap, model, lock, host, operation, log",
    tag: 'status',
    scope: 'read',
    params: null,
    query: EventsQuery,
    body: null,
    responses: { 200: { description: 'Server-sent events', schema: null, mediaType: 'text/event-stream' } },
    errors: ['RATE_LIMITED', 'STORE_UNAVAILABLE'],
    handle: ({ query }) => ({
      kind: 'stream',
      open: (request, response) => openEventStream(streams, query.logs?.split(',') ?? [], request, response),
    }),
  });
  return [status, events];
}
