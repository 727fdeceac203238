import {
  type CatalogSnapshot,
  type EditedModel as Edited,
  type ErrorCode,
  findModel,
  type ModelDesk,
  modelKey,
  SparkError,
} from '@spark-control/core';
import {
  ChangeModelBody,
  CreateModelBody,
  EditedModel,
  KeyParams,
  KnobsBody,
  Model,
  RevertModelBody,
  type WireEditedModel,
} from '@spark-control/schema';
import type { Request } from 'express';
import type { ApiContext } from '../api-context.ts';
import { actorOf } from '../middleware/caller.ts';
import { defineRoute, type JsonAnswer, json, type Route } from '../routing/route.ts';
import { untilGone } from '../routing/until-gone.ts';
import { expectedRevision } from './expected-revision.ts';
import { modelViewOf } from './view.ts';

const tag = 'models';
const refusals: readonly ErrorCode[] = ['STALE_REVISION', 'READ_ONLY', 'INVALID_CATALOG', 'NOT_SUPPORTED', 'STORE_UNAVAILABLE'];
const edited = { description: 'The model as it is now; the ETag is the revision of the catalog', schema: EditedModel };

export const etagOf = ({ revision }: CatalogSnapshot): Readonly<Record<string, string>> => ({ ETag: `"${revision}"` });

/** @throws {SparkError} NOT_SUPPORTED where nothing can be edited. */
export function modelDeskOf({ models }: ApiContext): ModelDesk {
  if (models !== null) return models;
  throw new SparkError('NOT_SUPPORTED', 'The catalog cannot be changed from here.');
}

/** One model, and changes of it. An entry decides what runs on the hosts, with which folder and which variables: that is for `admin`. */
export function modelEditRoutes(context: ApiContext): readonly Route[] {
  const { core, storage, closing } = context;
  const expected = (request: Request): number | null => expectedRevision(request, core.catalog().revision);
  const answer = async (status: number, { model, catalog, notes }: Edited): Promise<JsonAnswer> => {
    const view: WireEditedModel = { ...(await modelViewOf(core, storage, model)), notes: [...notes] };
    const created = status === 201 ? { Location: `/api/models/${encodeURIComponent(model.key)}` } : {};
    return json(status, view, { ...etagOf(catalog), ...created });
  };
  const isThere = ({ params }: Readonly<{ params: { key: string } }>): boolean => findModel(core.catalog(), params.key) !== null;

  const create = defineRoute({
    method: 'POST',
    path: '/api/models',
    operationId: 'createModel',
    summary: 'Add a model: exactly one of repo and local_path',
    tag,
    scope: 'admin',
    params: null,
    query: null,
    body: CreateModelBody,
    responses: { 201: edited },
    errors: refusals,
    isReplayable: () => true,
    async handle({ body, request }) {
      const { key, ...entry } = body;
      const desk = modelDeskOf(context);
      return answer(201, await desk.create(modelKey(key), entry, expected(request), actorOf(request), untilGone(request, closing)));
    },
  });

  const show = defineRoute({
    method: 'GET',
    path: '/api/models/{key}',
    operationId: 'getModel',
    summary: 'One model',
    tag,
    scope: 'read',
    params: KeyParams,
    query: null,
    body: null,
    responses: { 200: { description: 'The model; the ETag is the revision of the catalog', schema: Model } },
    errors: ['MODEL_NOT_FOUND', 'NOT_SUPPORTED', 'STORE_UNAVAILABLE'],
    async handle({ params }) {
      const model = modelDeskOf(context).get(modelKey(params.key));
      return json(200, await modelViewOf(core, storage, model), etagOf(core.catalog()));
    },
  });

  const change = defineRoute({
    method: 'PATCH',
    path: '/api/models/{key}',
    operationId: 'changeModel',
    summary: 'Change fields of a model; null takes one back to what models.yaml says',
    tag,
    scope: 'admin',
    params: KeyParams,
    query: null,
    body: ChangeModelBody,
    responses: { 200: edited },
    errors: ['MODEL_NOT_FOUND', ...refusals],
    async handle({ params, body, request }) {
      const desk = modelDeskOf(context);
      return answer(200, await desk.change(modelKey(params.key), body, expected(request), actorOf(request), untilGone(request, closing)));
    },
  });

  const remove = defineRoute({
    method: 'DELETE',
    path: '/api/models/{key}',
    operationId: 'removeModel',
    summary: 'Take a model out of the catalog; its weights stay where they are',
    tag,
    scope: 'admin',
    params: KeyParams,
    query: null,
    body: null,
    responses: { 204: { description: 'Removed; the ETag is the revision of the catalog', schema: null } },
    errors: ['MODEL_NOT_FOUND', 'MODEL_IN_USE', ...refusals],
    async handle({ params, request }) {
      const catalog = await modelDeskOf(context).remove(modelKey(params.key), expected(request), actorOf(request));
      return json(204, undefined, etagOf(catalog));
    },
  });

  const knobs = defineRoute({
    method: 'PUT',
    path: '/api/models/{key}/knobs',
    operationId: 'setModelKnobs',
    summary: 'Replace the flags of a model, and its variables when they are given; *** leaves a masked one as it is',
    tag,
    scope: 'admin',
    params: KeyParams,
    query: null,
    body: KnobsBody,
    responses: { 200: edited },
    errors: ['MODEL_NOT_FOUND', ...refusals],
    async handle({ params, body, request }) {
      const desk = modelDeskOf(context);
      return answer(200, await desk.setKnobs(modelKey(params.key), body.flags, body.env ?? null, expected(request), actorOf(request)));
    },
  });

  const revert = defineRoute({
    method: 'POST',
    path: '/api/models/{key}/revert',
    operationId: 'revertModel',
    summary: 'Bring back a model as it was at a revision of the catalog',
    tag,
    scope: 'admin',
    params: KeyParams,
    query: null,
    body: RevertModelBody,
    responses: { 200: edited },
    errors: ['MODEL_NOT_FOUND', 'REVISION_NOT_FOUND', ...refusals],
    isReplayable: isThere,
    async handle({ params, body, request }) {
      return answer(200, await modelDeskOf(context).revert(modelKey(params.key), body.revision, expected(request), actorOf(request)));
    },
  });

  return [create, show, change, remove, knobs, revert];
}
