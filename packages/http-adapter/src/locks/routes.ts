import { clusterKey, lockId, ticket } from '@spark-control/core';
import { AcquireBody, Grant, Lease, Lock, LockQuery, ReleaseBody, ReleaseQuery, Renewal, RenewBody } from '@spark-control/schema';
import type { ApiContext } from '../api-context.ts';
import { defaultClusterOf } from '../clusters/default-cluster.ts';
import { actorOf } from '../middleware/caller.ts';
import { defineRoute, json, noContent, type Route } from '../routing/route.ts';
import { hasGone, untilGone } from '../routing/until-gone.ts';
import { acquireAnswerOf, breakAnswerOf, releaseAnswerOf, renewAnswerOf } from './decisions.ts';
import { LOCK_HEADER, requiredLockId } from './lock-id.ts';
import { goneBeforeGrant } from './refusals.ts';
import { breakReasonOf } from './release-query.ts';
import { lockView } from './view.ts';

const path = '/api/swap/lock';
const tag = 'lock';

export function lockRoutes({ core, closing }: ApiContext): readonly Route[] {
  const clusterOf = (given: string | undefined) => clusterKey(given ?? defaultClusterOf(core));

  const acquire = defineRoute({
    method: 'POST',
    path,
    operationId: 'acquireLock',
    summary: 'Acquire the lock of a cluster, at once or after a wait in line',
    tag,
    scope: 'control',
    params: null,
    query: null,
    body: AcquireBody,
    responses: { 201: { description: 'Granted; only this answer has the lock id', schema: Grant } },
    errors: ['CLUSTER_NOT_FOUND', 'LOCK_HELD', 'QUEUE_TIMEOUT', 'QUEUE_FULL', 'STORE_UNAVAILABLE'],
    isReplayable: ({ body }) => core.clusters.some(({ key }) => key === clusterOf(body.cluster)),
    async handle({ body, request }) {
      const actor = actorOf(request);
      const decision = await core.locks.acquire(
        {
          cluster: clusterOf(body.cluster),
          holder: body.holder,
          reason: body.reason ?? null,
          ttlMs: body.ttl_seconds * 1_000,
          waitMs: (body.wait_seconds ?? 0) * 1_000,
          ticket: body.ticket == null ? null : ticket(body.ticket),
          actor,
        },
        untilGone(request, closing),
      );
      if (decision.kind === 'granted' && hasGone(request)) {
        // Nobody will ever learn this lock's id, so that without this everybody would wait for its TTL.
        await core.locks.release(decision.grant.lockId, actor);
        throw goneBeforeGrant();
      }
      return acquireAnswerOf(decision);
    },
  });

  const renew = defineRoute({
    method: 'PUT',
    path,
    operationId: 'renewLock',
    summary: 'Renew a lock: its end moves, and never to an earlier time',
    tag,
    scope: 'control',
    params: null,
    query: null,
    body: RenewBody,
    bodyIsOptional: true,
    takesLock: true,
    responses: { 200: { description: 'The lock lives on', schema: Renewal } },
    errors: ['LOCK_ID_REQUIRED', 'LOCK_EXPIRED', 'FENCED_OFF', 'STORE_UNAVAILABLE'],
    async handle({ body, request }) {
      const id = lockId(requiredLockId(body.lock_id, request.get(LOCK_HEADER)));
      const ttlMs = body.ttl_seconds === undefined ? null : body.ttl_seconds * 1_000;
      return renewAnswerOf(await core.locks.renew(id, ttlMs, actorOf(request)));
    },
  });

  const show = defineRoute({
    method: 'GET',
    path,
    operationId: 'getLock',
    summary: 'Who holds the lock of a cluster, and who waits for it',
    tag,
    scope: 'read',
    params: null,
    query: LockQuery,
    body: null,
    responses: { 200: { description: 'The lock, held or free', schema: Lock } },
    errors: ['CLUSTER_NOT_FOUND'],
    handle: ({ query }) => json(200, lockView(core.locks.view(clusterOf(query.cluster)))),
  });

  const release = defineRoute({
    method: 'DELETE',
    path,
    operationId: 'releaseLock',
    summary: 'Release a lock by its id, give up a place in line by its ticket, or break the lock that is held by force (scope admin)',
    tag,
    scope: 'control',
    params: null,
    query: ReleaseQuery,
    body: ReleaseBody,
    bodyIsOptional: true,
    takesLock: true,
    responses: {
      200: { description: 'Broken by force: the lock that was held', schema: Lease },
      204: { description: 'Released, or no longer in line', schema: null },
    },
    errors: [
      'LOCK_ID_REQUIRED',
      'CLUSTER_NOT_FOUND',
      'LOCK_NOT_FOUND',
      'LOCK_EXPIRED',
      'FENCED_OFF',
      'SWAP_IN_PROGRESS',
      'STORE_UNAVAILABLE',
    ],
    async handle({ query, body, request }) {
      const reason = breakReasonOf(query);
      const cluster = clusterOf(query.cluster);
      if (reason !== null) return breakAnswerOf(await core.locks.break(cluster, reason, actorOf(request)));
      const given = request.get(LOCK_HEADER);
      if (body.ticket != null && body.lock_id == null && given === undefined) {
        await core.locks.leave(ticket(body.ticket));
        return noContent();
      }
      const id = lockId(requiredLockId(body.lock_id, given));
      return releaseAnswerOf(await core.locks.release(id, actorOf(request)));
    },
  });

  return [acquire, renew, show, release];
}
