import { type ErrorCode, type Operation as LongWork, SparkError, type VectorDesk } from '@spark-control/core';
import {
  Operation,
  RestoreBody,
  SnapshotBody,
  SnapshotParams,
  StorageRestoreGuide,
  VectorCollectionList,
  VectorQuery,
  VectorServiceQuery,
  VectorSnapshotList,
} from '@spark-control/schema';
import type { ApiContext } from '../api-context.ts';
import { actorOf } from '../middleware/caller.ts';
import { operationView } from '../operations/view.ts';
import { defineRoute, type JsonAnswer, json, noContent, type Route } from '../routing/route.ts';
import { untilGone } from '../routing/until-gone.ts';
import { invalidRequest } from '../routing/validator.ts';
import { collectionView, snapshotView, storageRestoreView } from './view.ts';

const tag = 'vectors';
const snapshotsPath = '/api/qdrant/snapshots';
const errors: readonly ErrorCode[] = ['NOT_SUPPORTED', 'SERVICE_NOT_FOUND', 'UPSTREAM_FAILED', 'UPSTREAM_TIMEOUT'];
const begins: readonly ErrorCode[] = [...errors, 'COLLECTION_NOT_FOUND', 'OPERATION_IN_PROGRESS', 'STORE_UNAVAILABLE'];

/** Snapshots of the vector store. Restoring and removing loses data: that is for `admin`. */
export function vectorRoutes(context: ApiContext): readonly Route[] {
  const { clock, closing } = context;
  const desk = (): VectorDesk => {
    if (context.vectors !== null) return context.vectors;
    throw new SparkError('NOT_SUPPORTED', 'No vector store can be reached from here.');
  };
  const begun = (operation: LongWork): JsonAnswer =>
    json(202, operationView(operation, clock.now()), { Location: `/api/operations/${encodeURIComponent(operation.id)}` });

  const collections = defineRoute({
    method: 'GET',
    path: '/api/qdrant/collections',
    operationId: 'listVectorCollections',
    summary: 'Collections of the vector store, with what is in them',
    tag,
    scope: 'read',
    params: null,
    query: VectorServiceQuery,
    body: null,
    responses: { 200: { description: 'All collections', schema: VectorCollectionList } },
    errors,
    async handle({ query: { service = null }, request }) {
      const found = await desk().collections(service, untilGone(request, closing));
      return json(200, { items: found.map(collectionView), next_cursor: null });
    },
  });

  const snapshots = defineRoute({
    method: 'GET',
    path: snapshotsPath,
    operationId: 'listVectorSnapshots',
    summary: 'Snapshots, newest first: of one collection, or of all and of the whole storage',
    tag,
    scope: 'read',
    params: null,
    query: VectorQuery,
    body: null,
    responses: { 200: { description: 'The snapshots that the store holds', schema: VectorSnapshotList } },
    errors: [...errors, 'COLLECTION_NOT_FOUND'],
    async handle({ query: { service = null, collection = null }, request }) {
      const found = await desk().snapshots(service, collection, untilGone(request, closing));
      return json(200, { items: found.map(snapshotView), next_cursor: null });
    },
  });

  const create = defineRoute({
    method: 'POST',
    path: snapshotsPath,
    operationId: 'createVectorSnapshots',
    summary: 'Take snapshots of every collection, of one, or of the whole storage, and let old ones go once the new ones are verified',
    tag,
    scope: 'control',
    params: null,
    query: null,
    body: SnapshotBody,
    bodyIsOptional: true,
    responses: { 202: { description: 'The operation that does it', schema: Operation } },
    errors: begins,
    isReplayable: () => true,
    async handle({ body, caller, request }) {
      const { service = null, collection, storage = false, keep_count = null, keep_days = null, requested_by, reason } = body;
      if (storage && collection !== undefined) {
        throw invalidRequest([{ path: '/storage', code: 'conflict', message: 'takes the whole storage, so no collection may be named' }]);
      }
      const what = storage ? 'storage' : { collections: collection ?? null };
      const wanted = {
        service,
        what,
        keepCount: keep_count,
        keepDays: keep_days,
        requestedBy: requested_by ?? caller,
        reason: reason ?? null,
      } as const;
      return begun(await desk().create(wanted, actorOf(request), untilGone(request, closing)));
    },
  });

  const remove = defineRoute({
    method: 'DELETE',
    path: `${snapshotsPath}/{name}`,
    operationId: 'removeVectorSnapshot',
    summary: 'Remove a snapshot of a collection or, without one, of the whole storage',
    tag,
    scope: 'admin',
    params: SnapshotParams,
    query: VectorQuery,
    body: null,
    responses: { 204: { description: 'Removed', schema: null } },
    errors: [...begins, 'SNAPSHOT_NOT_FOUND'],
    async handle({ params: { name }, query: { service = null, collection = null }, request }) {
      await desk().remove(service, { collection, name }, actorOf(request), untilGone(request, closing));
      return noContent();
    },
  });

  const restore = defineRoute({
    method: 'POST',
    path: '/api/qdrant/restore',
    operationId: 'restoreVectorCollection',
    summary: 'Put a collection back to a snapshot; what is in it now is copied first, where that can be done',
    tag,
    scope: 'admin',
    params: null,
    query: null,
    body: RestoreBody,
    responses: { 202: { description: 'The operation that does it', schema: Operation } },
    errors: [...begins, 'SNAPSHOT_NOT_FOUND'],
    isReplayable: () => true,
    async handle({ body: { service = null, collection, snapshot, confirm, requested_by, reason }, caller, request }) {
      const wanted = { service, collection, snapshot, confirm, requestedBy: requested_by ?? caller, reason: reason ?? null };
      return begun(await desk().restore(wanted, actorOf(request), untilGone(request, closing)));
    },
  });

  const guide = defineRoute({
    method: 'GET',
    path: '/api/qdrant/storage-restore',
    operationId: 'getStorageRestoreGuide',
    summary: 'What to do by hand to put the whole storage back; no API can',
    tag,
    scope: 'read',
    params: null,
    query: VectorServiceQuery,
    body: null,
    responses: { 200: { description: 'The steps, with their commands', schema: StorageRestoreGuide } },
    errors: ['NOT_SUPPORTED', 'SERVICE_NOT_FOUND'],
    async handle({ query: { service = null }, request }) {
      return json(200, storageRestoreView(await desk().storageRestore(service, untilGone(request, closing))));
    },
  });

  return [collections, snapshots, create, remove, restore, guide];
}
