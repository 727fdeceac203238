import { type CatalogRevision, knownFlags, managedFlags, modelKey } from '@spark-control/core';
import {
  KeyParams,
  ModelHistory,
  ModelHistoryQuery,
  ModelList,
  ParseCommandBody,
  ParsedCommand,
  VllmFlagList,
  type WireModelRevision,
  type WireParsedCommand,
} from '@spark-control/schema';
import type { ApiContext } from '../api-context.ts';
import { defineRoute, json, type Route } from '../routing/route.ts';
import { timestamp } from '../wire-time.ts';
import { etagOf, modelDeskOf, modelEditRoutes } from './edit-routes.ts';
import { knownFlagView, managedFlagView } from './flag-view.ts';
import { modelViews } from './view.ts';

const tag = 'models';

export function modelRoutes(context: ApiContext): readonly Route[] {
  const { core, storage } = context;
  const list = defineRoute({
    method: 'GET',
    path: '/api/models',
    operationId: 'listModels',
    summary: 'The catalog, with the state of each model',
    tag,
    scope: 'read',
    params: null,
    query: null,
    body: null,
    responses: { 200: { description: 'All models; the ETag is the revision of the catalog', schema: ModelList } },
    errors: ['STORE_UNAVAILABLE'],
    async handle() {
      const catalog = core.catalog();
      const { revision, fault } = catalog;
      // The ETag is for If-Match on changes. It never answers 304: `state` changes while the revision stays.
      return json(200, { items: await modelViews(core, storage), next_cursor: null, revision, fault }, etagOf(catalog));
    },
  });

  const history = defineRoute({
    method: 'GET',
    path: '/api/models/{key}/history',
    operationId: 'getModelHistory',
    summary: 'What became of a model, revision by revision, with the fields that changed',
    tag,
    scope: 'read',
    params: KeyParams,
    query: ModelHistoryQuery,
    body: null,
    responses: { 200: { description: 'Newest first; secrets read ***', schema: ModelHistory } },
    errors: ['MODEL_NOT_FOUND', 'NOT_SUPPORTED', 'STORE_UNAVAILABLE'],
    async handle({ params, query }) {
      const revisions = await modelDeskOf(context).history(modelKey(params.key), query.limit ?? 50);
      return json(200, { items: revisions.map(revisionView), next_cursor: null });
    },
  });

  const parse = defineRoute({
    method: 'POST',
    path: '/api/models/parse-command',
    operationId: 'parseCommand',
    summary: 'Read a pasted docker run or vllm serve command into a new entry; nothing is run, expanded or saved',
    tag,
    scope: 'read',
    params: null,
    query: null,
    body: ParseCommandBody,
    responses: { 200: { description: 'A body for POST /api/models, and what did not go into it', schema: ParsedCommand } },
    errors: ['NOT_SUPPORTED'],
    handle({ body }) {
      const { form, key, entry, dropped, warnings, issues } = modelDeskOf(context).parse(body.command);
      const view = { form, entry: { key, ...entry }, dropped, warnings, issues };
      return json(200, view as WireParsedCommand);
    },
  });

  const flags = defineRoute({
    method: 'GET',
    path: '/api/vllm-flags',
    operationId: 'listVllmFlags',
    summary: 'Flags of vllm serve: those an entry may set, and those that are set for it',
    tag,
    scope: 'read',
    params: null,
    query: null,
    body: null,
    responses: { 200: { description: 'All flags that Spark Control knows', schema: VllmFlagList } },
    errors: [],
    handle: () => json(200, { items: [...knownFlags().map(knownFlagView), ...managedFlags().map(managedFlagView)], next_cursor: null }),
  });

  return [list, history, parse, flags, ...modelEditRoutes(context)];
}

const revisionView = ({ revision, at, actor, action, diff }: CatalogRevision): WireModelRevision => ({
  revision,
  at: timestamp(at),
  actor,
  action,
  diff: diff.map(({ path, ...sides }) => ({ path, ...sides })),
});
