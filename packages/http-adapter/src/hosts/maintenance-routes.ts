import {
  type ErrorCode,
  hostKey,
  type Operation as LongWork,
  type MaintenanceDesk,
  type RebootRequest,
  SparkError,
} from '@spark-control/core';
import { KeyParams, Operation, RebootBody, UpdateBody, UpdatePlan, type WireRebootBody, type WireUpdateBody } from '@spark-control/schema';
import type { Request } from 'express';
import type { ApiContext } from '../api-context.ts';
import { givenLockId, LOCK_HEADER } from '../locks/lock-id.ts';
import { actorOf } from '../middleware/caller.ts';
import { operationView } from '../operations/view.ts';
import { defineRoute, type JsonAnswer, json, type Route } from '../routing/route.ts';
import { invalidRequest } from '../routing/validator.ts';
import { planView } from './maintenance-view.ts';
import { hostNotFound } from './view.ts';

const tag = 'hosts';
const errors: readonly ErrorCode[] = [
  'HOST_NOT_FOUND',
  'NOT_SUPPORTED',
  'HOST_UNREACHABLE',
  'HOST_AUTH_FAILED',
  'HOST_KEY_UNKNOWN',
  'HOST_KEY_MISMATCH',
  'RUNTIME_REJECTED',
];
const begins: readonly ErrorCode[] = [
  ...errors,
  'LOCKED',
  'LOCK_EXPIRED',
  'FENCED_OFF',
  'SWAP_IN_PROGRESS',
  'OPERATION_IN_PROGRESS',
  'UNMANAGED_MODEL',
  'PREFLIGHT_FAILED',
  'STORE_UNAVAILABLE',
];

/** Packages and reboots of the hosts. Whoever may change the system of a host owns it: that is for `admin`. */
export function maintenanceRoutes(context: ApiContext): readonly Route[] {
  const { clock, core } = context;
  const knows = (key: string): boolean => core.clusters.some((cluster) => cluster.hosts.some((host) => host.key === key));
  const deskFor = (key: string): MaintenanceDesk => {
    if (!knows(key)) throw hostNotFound(key);
    if (context.maintenance !== null) return context.maintenance;
    throw new SparkError('NOT_SUPPORTED', 'These hosts were given without a way to update or reboot them.');
  };
  const begun = (operation: LongWork): JsonAnswer =>
    json(202, operationView(operation, clock.now()), { Location: `/api/operations/${encodeURIComponent(operation.id)}` });
  const isReplayable = ({ params }: Readonly<{ params: { key: string } }>): boolean => knows(params.key);
  const disturbance = (key: string, body: WireUpdateBody | WireRebootBody, caller: string, request: Request): RebootRequest => ({
    host: hostKey(key),
    drainSeconds: body.drain_seconds ?? context.drainSeconds,
    lockId: givenLockId(body.lock_id, request.get(LOCK_HEADER)),
    restoreModel: body.restore_model ?? true,
    requestedBy: body.requested_by ?? caller,
    reason: body.reason ?? null,
  });

  const plan = defineRoute({
    method: 'GET',
    path: '/api/hosts/{key}/updates',
    operationId: 'getHostUpdates',
    summary: 'What an update of a host would do, with what is known to be bad about it; changes nothing',
    tag,
    scope: 'read',
    params: KeyParams,
    query: null,
    body: null,
    responses: { 200: { description: 'The plan; its `id` is what an update is asked with', schema: UpdatePlan } },
    errors,
    handle: async ({ params }) => json(200, planView(await deskFor(params.key).plan(hostKey(params.key)))),
  });

  const update = defineRoute({
    method: 'POST',
    path: '/api/hosts/{key}/updates',
    operationId: 'updateHost',
    summary: 'Carry out a plan, under the lock: unload, update and reboot host after host, load the model again',
    tag,
    scope: 'admin',
    params: KeyParams,
    query: null,
    body: UpdateBody,
    takesLock: true,
    responses: { 202: { description: 'The operation that does it', schema: Operation } },
    errors: [...begins, 'STALE_REVISION'],
    isReplayable,
    async handle({ params, body, caller, request }) {
      const asked = {
        ...disturbance(params.key, body, caller, request),
        plan: body.plan,
        scope: body.scope ?? 'host',
        reboot: body.reboot ?? 'if_required',
        firmware: body.firmware ?? false,
        acceptDanger: body.accept_danger ?? false,
      };
      return begun(await deskFor(params.key).update(asked, actorOf(request)));
    },
  });

  const reboot = defineRoute({
    method: 'POST',
    path: '/api/hosts/{key}/reboot',
    operationId: 'rebootHost',
    summary: 'Reboot a host, under the lock: unload, reboot, wait until it is well, load the model again',
    tag,
    scope: 'admin',
    params: KeyParams,
    query: null,
    body: RebootBody,
    takesLock: true,
    responses: { 202: { description: 'The operation that does it', schema: Operation } },
    errors: begins,
    isReplayable,
    async handle({ params, body, caller, request }) {
      const desk = deskFor(params.key);
      if (body.confirm !== params.key) {
        throw invalidRequest([{ path: '/confirm', code: 'not_confirmed', message: `has to be the key of the host, ${params.key}` }]);
      }
      return begun(await desk.reboot(disturbance(params.key, body, caller, request), actorOf(request)));
    },
  });

  return [plan, update, reboot];
}
