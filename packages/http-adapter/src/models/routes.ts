import { ModelList } from '@spark-control/schema';
import type { ApiContext } from '../api-context.ts';
import { defineRoute, json, type Route } from '../routing/route.ts';
import { modelViews } from './view.ts';

export function modelRoutes({ core, storage }: ApiContext): readonly Route[] {
  const list = defineRoute({
    method: 'GET',
    path: '/api/models',
    operationId: 'listModels',
    summary: 'The catalog, with the state of each model',
    tag: 'models',
    scope: 'read',
    params: null,
    query: null,
    body: null,
    responses: { 200: { description: 'All models; the ETag is the revision of the catalog', schema: ModelList } },
    errors: ['STORE_UNAVAILABLE'],
    async handle() {
      const { revision, fault } = core.catalog();
      // The ETag is for If-Match on changes. It never answers 304: `state` changes while the revision stays.
      return json(200, { items: await modelViews(core, storage), next_cursor: null, revision, fault }, { ETag: `"${revision}"` });
    },
  });
  return [list];
}
