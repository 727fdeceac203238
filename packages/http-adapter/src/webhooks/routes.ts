import { type NewWebhook, webhookId } from '@spark-control/core';
import {
  ChangeWebhookBody,
  CreateWebhookBody,
  EmptyBody,
  IdParams,
  Webhook,
  WebhookList,
  WebhookWithSecret,
  type WireChangeWebhook,
  type WireCreateWebhook,
} from '@spark-control/schema';
import type { ApiContext } from '../api-context.ts';
import { actorOf } from '../middleware/caller.ts';
import { defineRoute, json, noContent, type Route } from '../routing/route.ts';
import { deliveryRoutes } from './delivery-routes.ts';
import { exists } from './exists.ts';
import { webhookView } from './view.ts';

const tag = 'webhooks';

/** Changing webhooks makes this machine call others and gives out secrets: that is for `admin`. */
export function webhookRoutes(context: ApiContext): readonly Route[] {
  const { webhooks } = context;
  const list = defineRoute({
    method: 'GET',
    path: '/api/webhooks',
    operationId: 'listWebhooks',
    summary: 'Endpoints that are told of events',
    tag,
    scope: 'read',
    params: null,
    query: null,
    body: null,
    responses: { 200: { description: 'All endpoints, without their secrets', schema: WebhookList } },
    errors: ['STORE_UNAVAILABLE'],
    handle: async () => json(200, { items: (await webhooks.list()).map(webhookView), next_cursor: null }),
  });

  const create = defineRoute({
    method: 'POST',
    path: '/api/webhooks',
    operationId: 'createWebhook',
    summary: 'Have an endpoint told of events',
    tag,
    scope: 'admin',
    params: null,
    query: null,
    body: CreateWebhookBody,
    responses: { 201: { description: 'The endpoint, with its secret: the only time that it is shown', schema: WebhookWithSecret } },
    errors: ['STORE_UNAVAILABLE'],
    isReplayable: () => true,
    async handle({ body, request }) {
      const { webhook, secret } = await webhooks.create(newWebhookOf(body), actorOf(request));
      return json(201, { ...webhookView(webhook), secret }, { Location: `/api/webhooks/${encodeURIComponent(webhook.id)}` });
    },
  });

  const show = defineRoute({
    method: 'GET',
    path: '/api/webhooks/{id}',
    operationId: 'getWebhook',
    summary: 'One endpoint',
    tag,
    scope: 'read',
    params: IdParams,
    query: null,
    body: null,
    responses: { 200: { description: 'The endpoint, without its secret', schema: Webhook } },
    errors: ['WEBHOOK_NOT_FOUND', 'STORE_UNAVAILABLE'],
    handle: async ({ params }) => json(200, webhookView(await webhooks.get(webhookId(params.id)))),
  });

  const change = defineRoute({
    method: 'PATCH',
    path: '/api/webhooks/{id}',
    operationId: 'changeWebhook',
    summary: 'Change an endpoint; what is left out stays as it is',
    tag,
    scope: 'admin',
    params: IdParams,
    query: null,
    body: ChangeWebhookBody,
    responses: { 200: { description: 'The endpoint as it is now', schema: Webhook } },
    errors: ['WEBHOOK_NOT_FOUND', 'READ_ONLY', 'STORE_UNAVAILABLE'],
    async handle({ params, body, request }) {
      return json(200, webhookView(await webhooks.change(webhookId(params.id), changeOf(body), actorOf(request))));
    },
  });

  const remove = defineRoute({
    method: 'DELETE',
    path: '/api/webhooks/{id}',
    operationId: 'removeWebhook',
    summary: 'Remove an endpoint with its secrets and deliveries',
    tag,
    scope: 'admin',
    params: IdParams,
    query: null,
    body: null,
    responses: { 204: { description: 'Removed', schema: null } },
    errors: ['WEBHOOK_NOT_FOUND', 'READ_ONLY', 'STORE_UNAVAILABLE'],
    async handle({ params, request }) {
      await webhooks.remove(webhookId(params.id), actorOf(request));
      return noContent();
    },
  });

  const rotate = defineRoute({
    method: 'POST',
    path: '/api/webhooks/{id}/rotate-secret',
    operationId: 'rotateWebhookSecret',
    summary: 'Make a new secret; the old one signs beside it for 24 h',
    tag,
    scope: 'admin',
    params: IdParams,
    query: null,
    body: EmptyBody,
    bodyIsOptional: true,
    responses: { 200: { description: 'The endpoint, with its new secret', schema: WebhookWithSecret } },
    errors: ['WEBHOOK_NOT_FOUND', 'READ_ONLY', 'STORE_UNAVAILABLE'],
    isReplayable: ({ params }) => exists(webhooks, params.id),
    async handle({ params, request }) {
      const { webhook, secret } = await webhooks.rotateSecret(webhookId(params.id), actorOf(request));
      return json(200, { ...webhookView(webhook), secret });
    },
  });

  return [list, create, show, change, remove, rotate, ...deliveryRoutes(context)];
}

const newWebhookOf = ({ url, events, description, enabled, allow_loopback }: WireCreateWebhook): NewWebhook => ({
  url,
  events,
  description: description ?? null,
  enabled: enabled ?? true,
  allowLoopback: allow_loopback ?? false,
});

const changeOf = ({ url, events, description, enabled, allow_loopback }: WireChangeWebhook): Partial<NewWebhook> => ({
  ...(url !== undefined && { url }),
  ...(events !== undefined && { events }),
  ...(description !== undefined && { description }),
  ...(enabled !== undefined && { enabled }),
  ...(allow_loopback !== undefined && { allowLoopback: allow_loopback }),
});
