import { deliveryId, webhookId } from '@spark-control/core';
import { Delivery, DeliveryList, DeliveryListQuery, EmptyBody, IdParams } from '@spark-control/schema';
import type { ApiContext } from '../api-context.ts';
import { actorOf } from '../middleware/caller.ts';
import { defineRoute, json, type Route } from '../routing/route.ts';
import { exists } from './exists.ts';
import { deliveryView } from './view.ts';

const DEFAULT_LIMIT = 50;
const tag = 'webhooks';

export function deliveryRoutes({ webhooks }: ApiContext): readonly Route[] {
  const test = defineRoute({
    method: 'POST',
    path: '/api/webhooks/{id}/test',
    operationId: 'testWebhook',
    summary: 'Send a test and wait up to 20 s for what comes of it',
    tag,
    scope: 'control',
    params: IdParams,
    query: null,
    body: EmptyBody,
    bodyIsOptional: true,
    responses: { 200: { description: 'The delivery; `last` says what came of its first try', schema: Delivery } },
    errors: ['WEBHOOK_NOT_FOUND', 'STORE_UNAVAILABLE'],
    isReplayable: ({ params }) => exists(webhooks, params.id),
    async handle({ params, request }) {
      const id = webhookId(params.id);
      const { url } = await webhooks.get(id);
      return json(200, deliveryView(await webhooks.test(id, actorOf(request)), url));
    },
  });

  const list = defineRoute({
    method: 'GET',
    path: '/api/webhooks/{id}/deliveries',
    operationId: 'listDeliveries',
    summary: 'What was sent to an endpoint, newest first',
    tag,
    scope: 'read',
    params: IdParams,
    query: DeliveryListQuery,
    body: null,
    responses: { 200: { description: 'A page of deliveries: what is sent, and the status that came back', schema: DeliveryList } },
    errors: ['WEBHOOK_NOT_FOUND', 'STORE_UNAVAILABLE'],
    async handle({ params, query: { state, limit = DEFAULT_LIMIT, cursor } }) {
      const id = webhookId(params.id);
      const { url } = await webhooks.get(id);
      const found = await webhooks.deliveries(id, {
        // One more than asked tells whether there is a next page.
        limit: limit + 1,
        ...(state !== undefined && { state }),
        ...(cursor !== undefined && { before: deliveryId(cursor) }),
      });
      const page = found.slice(0, limit);
      return json(200, {
        items: page.map((delivery) => deliveryView(delivery, url)),
        next_cursor: found.length > limit ? (page.at(-1)?.id ?? null) : null,
      });
    },
  });

  const redeliver = defineRoute({
    method: 'POST',
    path: '/api/webhooks/deliveries/{id}/redeliver',
    operationId: 'redeliver',
    summary: 'Send a delivery again at once, with the same webhook-id',
    tag,
    scope: 'control',
    params: IdParams,
    query: null,
    body: EmptyBody,
    bodyIsOptional: true,
    responses: { 202: { description: 'The delivery, on its way again', schema: Delivery } },
    errors: ['DELIVERY_NOT_FOUND', 'WEBHOOK_NOT_FOUND', 'STORE_UNAVAILABLE'],
    isReplayable: () => true,
    async handle({ params, request }) {
      const delivery = await webhooks.redeliver(deliveryId(params.id), actorOf(request));
      const { url } = await webhooks.get(delivery.webhook);
      return json(202, deliveryView(delivery, url));
    },
  });

  return [test, list, redeliver];
}
