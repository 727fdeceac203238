import { clusterKey, findModel, modelKey, type SparkCore, type Swap, swapId } from '@spark-control/core';
import {
  EmptyBody,
  IdParams,
  KeyParams,
  PreflightReport,
  SwapList,
  SwapListQuery,
  SwapRequestBody,
  Swap as SwapSchema,
  SwapWaitQuery,
  ValidateBody,
} from '@spark-control/schema';
import type { ApiContext } from '../api-context.ts';
import { defaultClusterOf } from '../clusters/default-cluster.ts';
import { LOCK_HEADER } from '../locks/lock-id.ts';
import { defineRoute, json, type Route } from '../routing/route.ts';
import { untilGone } from '../routing/until-gone.ts';
import type { StreamTools } from '../streams/stream-tools.ts';
import { openSwapStream } from '../streams/swap-stream.ts';
import { awaitSettled } from './await-settled.ts';
import { answerOf, cancelAnswerOf, swapRequestOf } from './decisions.ts';
import { preflightView } from './preflight-view.ts';
import { swapNotFound } from './swap-not-found.ts';

const DEFAULT_LIMIT = 50;
const tag = 'swap';

export function swapRoutes(context: ApiContext, streams: StreamTools): readonly Route[] {
  const { core, swapViews, drainSeconds } = context;
  const request = defineRoute({
    method: 'POST',
    path: '/api/swap',
    operationId: 'requestSwap',
    summary: 'Change the model that a cluster serves, or unload it',
    tag,
    scope: 'control',
    params: null,
    query: null,
    body: SwapRequestBody,
    takesLock: true,
    responses: {
      200: { description: 'The model already serves', schema: SwapSchema },
      202: { description: 'Started or queued', schema: SwapSchema },
    },
    errors: [
      'MODEL_NOT_FOUND',
      'CLUSTER_NOT_FOUND',
      'SWAP_IN_PROGRESS',
      'UNMANAGED_MODEL',
      'LOCKED',
      'LOCK_EXPIRED',
      'FENCED_OFF',
      'PREFLIGHT_FAILED',
      'UNSAFE_ARGUMENT',
      'QUEUE_FULL',
      'STORE_UNAVAILABLE',
    ],
    isReplayable: ({ body }) => knows(core, body.cluster ?? defaultClusterOf(core), body.model),
    async handle({ body, caller, request }) {
      const defaults = { cluster: defaultClusterOf(core), drainSeconds };
      const asked = swapRequestOf(body, request.get(LOCK_HEADER), caller, defaults);
      return answerOf(await core.requestSwap(asked), swapViews);
    },
  });

  const show = defineRoute({
    method: 'GET',
    path: '/api/swap/{id}',
    operationId: 'getSwap',
    summary: 'One swap, at once or when it settles',
    tag,
    scope: 'read',
    params: IdParams,
    query: SwapWaitQuery,
    body: null,
    responses: { 200: { description: 'The swap', schema: SwapSchema } },
    errors: ['SWAP_NOT_FOUND', 'STORE_UNAVAILABLE'],
    async handle({ params, query, request }) {
      const id = swapId(params.id);
      const waitMs = (query.wait_seconds ?? 0) * 1_000;
      const swap =
        waitMs === 0 ? await core.swap(id) : await awaitSettled(core, context.clock, id, waitMs, untilGone(request, context.closing));
      if (swap === null) throw swapNotFound(params.id);
      return json(200, await swapViews.view(swap));
    },
  });

  const list = defineRoute({
    method: 'GET',
    path: '/api/swaps',
    operationId: 'listSwaps',
    summary: 'Swaps, newest first',
    tag,
    scope: 'read',
    params: null,
    query: SwapListQuery,
    body: null,
    responses: { 200: { description: 'A page of swaps', schema: SwapList } },
    errors: ['STORE_UNAVAILABLE'],
    async handle({ query: { cluster, model, outcome, limit = DEFAULT_LIMIT, cursor } }) {
      const found = await core.swaps({
        // One more than asked tells whether there is a next page.
        limit: limit + 1,
        ...(cluster !== undefined && { cluster: clusterKey(cluster) }),
        ...(model !== undefined && { model: modelKey(model) }),
        ...(outcome !== undefined && { outcome }),
        ...(cursor !== undefined && { before: swapId(cursor) }),
      });
      const page = found.slice(0, limit);
      return json(200, { items: await swapViews.views(page), next_cursor: found.length > limit ? lastId(page) : null });
    },
  });

  const cancel = defineRoute({
    method: 'POST',
    path: '/api/swap/{id}/cancel',
    operationId: 'cancelSwap',
    summary: 'Cancel a running or queued swap',
    tag,
    scope: 'control',
    params: IdParams,
    query: null,
    body: EmptyBody,
    bodyIsOptional: true,
    responses: { 202: { description: 'The swap will end; follow it until it settles', schema: SwapSchema } },
    errors: ['SWAP_NOT_FOUND', 'SWAP_SETTLED', 'SWAP_ROLLING_BACK', 'STORE_UNAVAILABLE'],
    isReplayable: async ({ params }) => (await core.swap(swapId(params.id))) !== null,
    async handle({ params }) {
      return cancelAnswerOf(await core.cancelSwap(swapId(params.id)), swapViews);
    },
  });

  const stream = defineRoute({
    method: 'GET',
    path: '/api/swap/{id}/stream',
    operationId: 'streamSwap',
    summary: 'Events of one swap: snapshot, phase, progress, log, settled',
    tag,
    scope: 'read',
    params: IdParams,
    query: null,
    body: null,
    responses: {
      200: { description: 'Server-sent events; all but `log` carry the swap', schema: null, mediaType: 'text/event-stream' },
      204: { description: 'The stream ended where Last-Event-ID says', schema: null },
    },
    errors: ['SWAP_NOT_FOUND', 'RATE_LIMITED', 'STORE_UNAVAILABLE'],
    handle: ({ params }) => ({
      kind: 'stream',
      open: (request, response) => openSwapStream(streams, swapId(params.id), request, response),
    }),
  });

  const validate = defineRoute({
    method: 'POST',
    path: '/api/swap/{key}/validate',
    operationId: 'validateSwap',
    summary: 'Run every check of a swap to this model and start nothing',
    tag,
    scope: 'control',
    params: KeyParams,
    query: null,
    body: ValidateBody,
    bodyIsOptional: true,
    responses: { 200: { description: 'The checks', schema: PreflightReport } },
    errors: ['MODEL_NOT_FOUND', 'CLUSTER_NOT_FOUND', 'UNSAFE_ARGUMENT', 'STORE_UNAVAILABLE'],
    isReplayable: ({ params, body }) => knows(core, body.cluster ?? defaultClusterOf(core), params.key),
    takesLock: true,
    async handle({ params, body, request }) {
      const cluster = clusterKey(body.cluster ?? defaultClusterOf(core));
      const lockId = request.get('x-swap-lock') ?? null;
      return json(200, preflightView(await core.preflight(modelKey(params.key), cluster, body.flags ?? null, lockId)));
    },
  });

  return [request, list, show, cancel, stream, validate];
}

function knows(core: SparkCore, cluster: string, model: string | null): boolean {
  return core.clusters.some(({ key }) => key === cluster) && (model === null || findModel(core.catalog(), model) !== null);
}

const lastId = (page: readonly Swap[]): string | null => page.at(-1)?.id ?? null;
