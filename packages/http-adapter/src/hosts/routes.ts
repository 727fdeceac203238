import { Host, HostList, KeyParams } from '@spark-control/schema';
import type { ApiContext } from '../api-context.ts';
import { defineRoute, json, type Route } from '../routing/route.ts';
import { pinsOf } from './pins.ts';
import { hostNotFound, hostViews } from './view.ts';

export function hostRoutes({ core, hosts }: ApiContext): readonly Route[] {
  const pinOf = pinsOf(hosts);
  const list = defineRoute({
    method: 'GET',
    path: '/api/hosts',
    operationId: 'listHosts',
    summary: 'GPU hosts with their latest telemetry',
    tag: 'hosts',
    scope: 'read',
    params: null,
    query: null,
    body: null,
    responses: { 200: { description: 'All hosts', schema: HostList } },
    errors: [],
    handle: () => json(200, { items: hostViews(core, pinOf), next_cursor: null }),
  });

  const show = defineRoute({
    method: 'GET',
    path: '/api/hosts/{key}',
    operationId: 'getHost',
    summary: 'One GPU host',
    tag: 'hosts',
    scope: 'read',
    params: KeyParams,
    query: null,
    body: null,
    responses: { 200: { description: 'The host; of one in several clusters, as its first cluster sees it', schema: Host } },
    errors: ['HOST_NOT_FOUND'],
    handle({ params }) {
      const host = hostViews(core, pinOf).find(({ key }) => key === params.key);
      if (host === undefined) throw hostNotFound(params.key);
      return json(200, host);
    },
  });
  return [list, show];
}
