import {
  DeepHealthReport,
  EndpointList,
  KeyParams,
  MemoryCapBody,
  NoQuery,
  Operation,
  RestartServiceBody,
  ServiceDetail,
  ServiceList,
  ServiceLogs,
  ServiceLogsQuery,
} from '@spark-control/schema';
import type { ApiContext } from '../api-context.ts';
import { actorOf } from '../middleware/caller.ts';
import { operationView } from '../operations/view.ts';
import { defineRoute, json, type Route } from '../routing/route.ts';
import { untilGone } from '../routing/until-gone.ts';
import { timestamp } from '../wire-time.ts';
import { BEGINNING, isService, LOOKING, oneService, orderOf, serviceDeskOf, servicesPath, servicesTag as tag } from './desk-of.ts';
import { patchRoutes } from './patch-routes.ts';
import { deepReportView, endpointView, serviceDetailView, serviceView } from './view.ts';

const DEFAULT_LINES = 200;
const MIB = 2 ** 20;

/** The services beside the model servers: status, containers, restarts; and where everything answers. */
export function serviceRoutes(context: ApiContext): readonly Route[] {
  const { clock, closing } = context;
  const list = defineRoute({
    method: 'GET',
    path: servicesPath,
    operationId: 'listServices',
    summary: 'Services that are not disabled, with their last status',
    tag,
    scope: 'read',
    params: null,
    query: null,
    body: null,
    responses: { 200: { description: 'All of them', schema: ServiceList } },
    errors: ['NOT_SUPPORTED'],
    handle: () => json(200, { items: serviceDeskOf(context).list().map(serviceView), next_cursor: null }),
  });

  const show = defineRoute({
    method: 'GET',
    path: oneService,
    operationId: 'getService',
    summary: 'One service, with what Docker says of its container now',
    tag,
    scope: 'read',
    params: KeyParams,
    query: null,
    body: null,
    responses: { 200: { description: 'The service', schema: ServiceDetail } },
    errors: ['SERVICE_NOT_FOUND', 'NOT_SUPPORTED'],
    async handle({ params, request }) {
      return json(200, serviceDetailView(await serviceDeskOf(context).details(params.key, untilGone(request, closing))));
    },
  });

  const restart = defineRoute({
    method: 'POST',
    path: `${oneService}/restart`,
    operationId: 'restartService',
    summary: "Restart a service's container and wait until it is well; one that uses the GPU under the lock of its cluster",
    tag,
    scope: 'control',
    params: KeyParams,
    query: null,
    body: RestartServiceBody,
    bodyIsOptional: true,
    takesLock: true,
    responses: { 202: { description: 'The operation that does it', schema: Operation } },
    errors: BEGINNING,
    isReplayable: ({ params }) => isService(context, params.key),
    async handle({ params, body, caller, request }) {
      const begun = await serviceDeskOf(context).restart(params.key, orderOf(body, caller, request));
      return json(202, operationView(begun, clock.now()), { Location: `/api/operations/${encodeURIComponent(begun.id)}` });
    },
  });

  const logs = defineRoute({
    method: 'GET',
    path: `${oneService}/logs`,
    operationId: 'getServiceLogs',
    summary: "The end of the log of a service's container, without secrets",
    tag,
    scope: 'read',
    params: KeyParams,
    query: ServiceLogsQuery,
    body: null,
    responses: { 200: { description: 'Lines, oldest first', schema: ServiceLogs } },
    errors: LOOKING,
    async handle({ params, query: { lines = DEFAULT_LINES }, request }) {
      const found = await serviceDeskOf(context).logs(params.key, lines, untilGone(request, closing));
      return json(200, { service: params.key, at: timestamp(found.at), lines: found.lines });
    },
  });

  const memory = defineRoute({
    method: 'PUT',
    path: `${oneService}/memory`,
    operationId: 'limitServiceMemory',
    summary: "Cap the memory of a service's container, or take the cap away",
    tag,
    scope: 'control',
    params: KeyParams,
    query: null,
    body: MemoryCapBody,
    responses: { 200: { description: 'The service with the cap in force', schema: ServiceDetail } },
    errors: [...LOOKING, 'STORE_UNAVAILABLE'],
    async handle({ params, body, request }) {
      const desk = serviceDeskOf(context);
      const signal = untilGone(request, closing);
      await desk.limitMemory(params.key, body.limit_mib === null ? null : body.limit_mib * MIB, actorOf(request), signal);
      return json(200, serviceDetailView(await desk.details(params.key, signal)));
    },
  });

  const endpoints = defineRoute({
    method: 'GET',
    path: '/api/endpoints',
    operationId: 'listEndpoints',
    summary: 'Where the clusters and services answer; disabled services are listed too, and marked',
    tag,
    scope: 'read',
    params: null,
    query: NoQuery,
    body: null,
    responses: { 200: { description: 'Clusters first', schema: EndpointList } },
    errors: ['NOT_SUPPORTED'],
    handle: () => json(200, { items: serviceDeskOf(context).endpoints().map(endpointView), next_cursor: null }),
  });

  const deep = defineRoute({
    method: 'GET',
    path: '/api/health/deep',
    operationId: 'getDeepHealth',
    summary: 'One real request to every service and to every model that serves; answers are kept for 10 s',
    tag,
    scope: 'read',
    params: null,
    query: NoQuery,
    body: null,
    responses: { 200: { description: 'What each of them did', schema: DeepHealthReport } },
    errors: ['NOT_SUPPORTED'],
    async handle({ request }) {
      return json(200, deepReportView(await serviceDeskOf(context).deep(untilGone(request, closing))));
    },
  });

  return [list, show, restart, logs, memory, ...patchRoutes(context), endpoints, deep];
}
