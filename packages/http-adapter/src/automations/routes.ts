import { automationId, findModel, runId } from '@spark-control/core';
import {
  Automation,
  AutomationList,
  AutomationRun,
  AutomationRunList,
  ChangeAutomationBody,
  CreateAutomationBody,
  EmptyBody,
  IdParams,
  RunListQuery,
} from '@spark-control/schema';
import type { ApiContext } from '../api-context.ts';
import { defaultClusterOf } from '../clusters/default-cluster.ts';
import { actorOf } from '../middleware/caller.ts';
import { defineRoute, json, noContent, type Route } from '../routing/route.ts';
import { changeOf, newAutomationOf } from './body.ts';
import { automationView, runView } from './view.ts';

const DEFAULT_LIMIT = 50;
const path = '/api/automations';
const one = `${path}/{id}` as const;
const tag = 'automations';

export function automationRoutes({ core, automations }: ApiContext): readonly Route[] {
  const isKnown = async (id: string): Promise<boolean> => (await automations.list()).some((automation) => automation.id === id);

  const list = defineRoute({
    method: 'GET',
    path,
    operationId: 'listAutomations',
    summary: 'What Spark Control does by itself, and when',
    tag,
    scope: 'read',
    params: null,
    query: null,
    body: null,
    responses: { 200: { description: 'All automations, oldest first', schema: AutomationList } },
    errors: ['STORE_UNAVAILABLE'],
    async handle() {
      return json(200, { items: (await automations.list()).map(automationView), next_cursor: null });
    },
  });

  const create = defineRoute({
    method: 'POST',
    path,
    operationId: 'createAutomation',
    summary: 'Have a control action done by a cron expression',
    tag,
    scope: 'control',
    params: null,
    query: null,
    body: CreateAutomationBody,
    responses: { 201: { description: 'Created', schema: Automation } },
    errors: ['MODEL_NOT_FOUND', 'CLUSTER_NOT_FOUND', 'STORE_UNAVAILABLE'],
    isReplayable({ body: { action } }) {
      if (action.type !== 'swap' && action.type !== 'warm') return true;
      const cluster = action.cluster ?? defaultClusterOf(core);
      const knowsModel = action.model === null || findModel(core.catalog(), action.model) !== null;
      return knowsModel && core.clusters.some(({ key }) => key === cluster);
    },
    async handle({ body, request }) {
      const made = await automations.create(newAutomationOf(body, defaultClusterOf(core)), actorOf(request));
      return json(201, automationView(made), { Location: `${path}/${encodeURIComponent(made.id)}` });
    },
  });

  const show = defineRoute({
    method: 'GET',
    path: one,
    operationId: 'getAutomation',
    summary: 'One automation, with its next and its last run',
    tag,
    scope: 'read',
    params: IdParams,
    query: null,
    body: null,
    responses: { 200: { description: 'The automation', schema: Automation } },
    errors: ['AUTOMATION_NOT_FOUND', 'STORE_UNAVAILABLE'],
    async handle({ params }) {
      return json(200, automationView(await automations.get(automationId(params.id))));
    },
  });

  const change = defineRoute({
    method: 'PATCH',
    path: one,
    operationId: 'changeAutomation',
    summary: 'Change an automation, or switch it off and on',
    tag,
    scope: 'control',
    params: IdParams,
    query: null,
    body: ChangeAutomationBody,
    responses: { 200: { description: 'As it is now', schema: Automation } },
    errors: ['AUTOMATION_NOT_FOUND', 'MODEL_NOT_FOUND', 'CLUSTER_NOT_FOUND', 'STORE_UNAVAILABLE'],
    async handle({ params, body, request }) {
      const wanted = changeOf(body, defaultClusterOf(core));
      return json(200, automationView(await automations.change(automationId(params.id), wanted, actorOf(request))));
    },
  });

  const remove = defineRoute({
    method: 'DELETE',
    path: one,
    operationId: 'removeAutomation',
    summary: 'Remove an automation with its runs; a swap of it that runs goes on',
    tag,
    scope: 'control',
    params: IdParams,
    query: null,
    body: null,
    responses: { 204: { description: 'Removed', schema: null } },
    errors: ['AUTOMATION_NOT_FOUND', 'STORE_UNAVAILABLE'],
    async handle({ params, request }) {
      await automations.remove(automationId(params.id), actorOf(request));
      return noContent();
    },
  });

  const run = defineRoute({
    method: 'POST',
    path: `${one}/run`,
    operationId: 'runAutomation',
    summary: 'Run it now; skipped while a run of it is still going',
    tag,
    scope: 'control',
    params: IdParams,
    query: null,
    body: EmptyBody,
    bodyIsOptional: true,
    responses: { 202: { description: 'The run, which goes on', schema: AutomationRun } },
    errors: ['AUTOMATION_NOT_FOUND', 'STORE_UNAVAILABLE'],
    isReplayable: ({ params }) => isKnown(params.id),
    async handle({ params, request }) {
      return json(202, runView(await automations.run(automationId(params.id), actorOf(request))));
    },
  });

  const runs = defineRoute({
    method: 'GET',
    path: `${one}/runs`,
    operationId: 'listAutomationRuns',
    summary: 'Runs of an automation, newest first',
    tag,
    scope: 'read',
    params: IdParams,
    query: RunListQuery,
    body: null,
    responses: { 200: { description: 'A page of runs', schema: AutomationRunList } },
    errors: ['AUTOMATION_NOT_FOUND', 'STORE_UNAVAILABLE'],
    async handle({ params, query: { limit = DEFAULT_LIMIT, cursor } }) {
      // One more than asked tells whether there is a next page.
      const before = cursor === undefined ? {} : { before: runId(cursor) };
      const found = await automations.runs(automationId(params.id), { limit: limit + 1, ...before });
      const page = found.slice(0, limit);
      return json(200, { items: page.map(runView), next_cursor: found.length > limit ? (page.at(-1)?.id ?? null) : null });
    },
  });

  return [list, create, show, change, remove, run, runs];
}
