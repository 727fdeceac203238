import { hostKey, type NimDesk, type NimRequest, SparkError } from '@spark-control/core';
import { NimImageList, NimInstallBody, Operation, type WireNimInstall } from '@spark-control/schema';
import type { ApiContext } from '../api-context.ts';
import { givenLockId, LOCK_HEADER } from '../locks/lock-id.ts';
import { actorOf } from '../middleware/caller.ts';
import { operationView } from '../operations/view.ts';
import { defineRoute, json, type Route } from '../routing/route.ts';
import { untilGone } from '../routing/until-gone.ts';

const tag = 'nim';

/** Installing runs somebody's image with a key of the owner's, as a tenant of the GPU: that is for `admin`. */
export function nimRoutes(context: ApiContext): readonly Route[] {
  const { clock, closing } = context;
  const desk = (): NimDesk => {
    if (context.nim !== null) return context.nim;
    throw new SparkError('NOT_SUPPORTED', 'No host can be reached from here on which a container could be installed.');
  };

  const images = defineRoute({
    method: 'GET',
    path: '/api/nim/images',
    operationId: 'listNimImages',
    summary: 'Images that are known to be made for a DGX Spark; any other may be installed too, if it is made for the host',
    tag,
    scope: 'read',
    params: null,
    query: null,
    body: null,
    responses: { 200: { description: 'The images', schema: NimImageList } },
    errors: ['NOT_SUPPORTED'],
    handle() {
      const items = desk()
        .known()
        .map(({ repository, title, kind, architectures, diskGib: [min, max], note }) => ({
          ...{ repository, title, kind, architectures, note },
          ...{ disk_gib_min: min, disk_gib_max: max },
        }));
      return json(200, { items, next_cursor: null });
    },
  });

  const install = defineRoute({
    method: 'POST',
    path: '/api/nim/install',
    operationId: 'installNim',
    summary: 'Install a NIM container on a host, or put a newer one in its place',
    tag,
    scope: 'admin',
    params: null,
    query: null,
    body: NimInstallBody,
    takesLock: true,
    responses: { 202: { description: 'The operation that does it', schema: Operation } },
    errors: [
      ...(['HOST_NOT_FOUND', 'NOT_SUPPORTED', 'OPERATION_IN_PROGRESS', 'LOCKED', 'LOCK_EXPIRED', 'FENCED_OFF', 'UNSAFE_ARGUMENT'] as const),
      ...([
        'HOST_UNREACHABLE',
        'HOST_AUTH_FAILED',
        'HOST_KEY_UNKNOWN',
        'HOST_KEY_MISMATCH',
        'RUNTIME_REJECTED',
        'STORE_UNAVAILABLE',
      ] as const),
    ],
    isReplayable: () => true,
    async handle({ body, caller, request }) {
      const wanted = requestOf(body, caller, givenLockId(body.lock_id, request.get(LOCK_HEADER)));
      const operation = await desk().install(wanted, actorOf(request), untilGone(request, closing));
      return json(202, operationView(operation, clock.now()), { Location: `/api/operations/${encodeURIComponent(operation.id)}` });
    },
  });

  return [images, install];
}

function requestOf(body: WireNimInstall, caller: string, lockId: string | null): NimRequest {
  const { image, host, container, port, cache, shm_gib, env, ngc_api_key, replace, register_service, requested_by, reason } = body;
  return {
    ...{ image, lockId },
    host: host === undefined ? null : hostKey(host),
    container: container ?? null,
    port: port ?? null,
    cache: cache ?? null,
    shmGib: shm_gib ?? null,
    env: env ?? {},
    key: ngc_api_key ?? null,
    replace: replace ?? false,
    register:
      register_service === undefined
        ? null
        : { key: register_service.key, name: register_service.name ?? null, kind: register_service.kind ?? 'openai' },
    requestedBy: requested_by ?? caller,
    reason: reason ?? null,
  };
}
