import { ClusterList } from '@spark-control/schema';
import type { ApiContext } from '../api-context.ts';
import { defineRoute, json, type Route } from '../routing/route.ts';
import { clusterViews } from './view.ts';

export function clusterRoutes({ core }: ApiContext): readonly Route[] {
  const list = defineRoute({
    method: 'GET',
    path: '/api/clusters',
    operationId: 'listClusters',
    summary: 'Clusters and what they do',
    tag: 'clusters',
    scope: 'read',
    params: null,
    query: null,
    body: null,
    responses: { 200: { description: 'All clusters', schema: ClusterList } },
    errors: [],
    handle: () => json(200, { items: clusterViews(core), next_cursor: null }),
  });
  return [list];
}
