import {
  type ErrorCode,
  findModel,
  type Operation as LongWork,
  modelKey,
  SparkError,
  type StorageDesk,
  type StorageRequest,
} from '@spark-control/core';
import { DeleteDiskQuery, DiskRemoval, DownloadBody, KeyParams, ModelDiskView, Operation, type WireDownload } from '@spark-control/schema';
import type { ApiContext } from '../api-context.ts';
import { actorOf } from '../middleware/caller.ts';
import { operationView } from '../operations/view.ts';
import { defineRoute, type JsonAnswer, json, type Route } from '../routing/route.ts';
import { untilGone } from '../routing/until-gone.ts';
import { modelDiskView, removalView } from './storage-view.ts';

const tag = 'models';
const errors: readonly ErrorCode[] = ['MODEL_NOT_FOUND', 'NOT_SUPPORTED', 'HOST_UNREACHABLE'];
const begins: readonly ErrorCode[] = [
  ...errors,
  'CLUSTER_NOT_FOUND',
  'HOST_NOT_FOUND',
  'NOT_ENOUGH_DISK',
  'OPERATION_IN_PROGRESS',
  'RUNTIME_REJECTED',
  'STORE_UNAVAILABLE',
];

/** Weights and images of the models on the disks of the hosts. Deleting is for `admin`: what is gone takes hours to come again. */
export function storageRoutes(context: ApiContext): readonly Route[] {
  const { clock, closing, core } = context;
  const desk = (): StorageDesk => {
    if (context.storage !== null) return context.storage;
    throw new SparkError('NOT_SUPPORTED', 'The disks of the hosts cannot be reached from here.');
  };
  const begun = (operation: LongWork): JsonAnswer =>
    json(202, operationView(operation, clock.now()), { Location: `/api/operations/${encodeURIComponent(operation.id)}` });
  const isReplayable = ({ params }: Readonly<{ params: { key: string } }>): boolean => findModel(core.catalog(), params.key) !== null;

  const disk = defineRoute({
    method: 'GET',
    path: '/api/models/{key}/disk',
    operationId: 'getModelDisk',
    summary: 'Weights of a model on each host: size, whether they are whole, and the room that is left',
    tag,
    scope: 'read',
    params: KeyParams,
    query: null,
    body: null,
    responses: { 200: { description: 'What the hosts have, at most half a minute old', schema: ModelDiskView } },
    errors: ['MODEL_NOT_FOUND', 'NOT_SUPPORTED'],
    handle: async ({ params, request }) => json(200, modelDiskView(await desk().disk(modelKey(params.key), untilGone(request, closing)))),
  });

  const remove = defineRoute({
    method: 'DELETE',
    path: '/api/models/{key}/disk',
    operationId: 'deleteModelDisk',
    summary: 'Delete the weights of a model from the cache of one host, or of all',
    tag,
    scope: 'admin',
    params: KeyParams,
    query: DeleteDiskQuery,
    body: null,
    responses: { 200: { description: 'What was deleted, or in a trial what would be', schema: DiskRemoval } },
    errors: [...errors, 'HOST_NOT_FOUND', 'MODEL_IN_USE', 'RUNTIME_REJECTED', 'STORE_UNAVAILABLE'],
    async handle({ params, query: { host = null, dry_run, force }, request }) {
      const model = modelKey(params.key);
      const dryRun = dry_run === 'true';
      // Not broken off when the caller goes away: half of it would be on the disk, and nobody would know.
      const removed = await desk().remove({ model, host, dryRun, force: force === 'true' }, actorOf(request), closing);
      return json(200, removalView(model, dryRun, removed));
    },
  });

  const download = defineRoute({
    method: 'POST',
    path: '/api/models/{key}/download',
    operationId: 'downloadModel',
    summary: 'Bring the weights of a model to every host that it spans; goes on where an earlier download was broken off',
    tag,
    scope: 'control',
    params: KeyParams,
    query: null,
    body: DownloadBody,
    bodyIsOptional: true,
    responses: { 202: { description: 'The operation that does it', schema: Operation } },
    errors: begins,
    isReplayable,
    handle: async ({ params, body, caller, request }) =>
      begun(await desk().download(requestOf(params.key, body, caller), actorOf(request), untilGone(request, closing))),
  });

  const pull = defineRoute({
    method: 'POST',
    path: '/api/models/{key}/pull-image',
    operationId: 'pullModelImage',
    summary: 'Pull or update the image of a model on every host that it spans, and compare what came',
    tag,
    scope: 'control',
    params: KeyParams,
    query: null,
    body: DownloadBody,
    bodyIsOptional: true,
    responses: { 202: { description: 'The operation that does it', schema: Operation } },
    errors: begins,
    isReplayable,
    handle: async ({ params, body, caller, request }) =>
      begun(await desk().pullImage(requestOf(params.key, body, caller), actorOf(request), untilGone(request, closing))),
  });

  return [disk, remove, download, pull];
}

const requestOf = (key: string, { cluster, hosts, requested_by, reason }: WireDownload, caller: string): StorageRequest => ({
  model: modelKey(key),
  cluster: cluster ?? null,
  hosts: hosts ?? null,
  requestedBy: requested_by ?? caller,
  reason: reason ?? null,
});
