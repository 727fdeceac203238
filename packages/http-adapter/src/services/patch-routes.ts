import type { PatchPlan as Plan } from '@spark-control/core';
import { KeyParams, Operation, PatchBody, PatchPlan, PatchQuery } from '@spark-control/schema';
import type { ApiContext } from '../api-context.ts';
import { operationView } from '../operations/view.ts';
import { defineRoute, json, type Route } from '../routing/route.ts';
import { untilGone } from '../routing/until-gone.ts';
import { BEGINNING, isService, LOOKING, oneService, orderOf, serviceDeskOf, servicesTag as tag } from './desk-of.ts';
import { patchPlanView } from './view.ts';

/** Files in the container of a service: first a plan, which changes nothing, then its id as `confirm`. */
export function patchRoutes(context: ApiContext): readonly Route[] {
  const { clock, closing } = context;
  const plan = defineRoute({
    method: 'GET',
    path: `${oneService}/patches`,
    operationId: 'getServicePatches',
    summary: 'What reapplying the patches, or undoing the last time, would change',
    tag,
    scope: 'read',
    params: KeyParams,
    query: PatchQuery,
    body: null,
    responses: { 200: { description: 'The plan', schema: PatchPlan } },
    errors: [...LOOKING, 'INVALID_SETTINGS'],
    async handle({ params, query: { action = 'apply' }, request }) {
      return json(200, patchPlanView(await serviceDeskOf(context).patchPlan(params.key, action, untilGone(request, closing))));
    },
  });

  const change = (word: 'reapply-patches' | 'undo-patches', action: Plan['action'], operationId: string, summary: string): Route =>
    defineRoute({
      method: 'POST',
      path: `${oneService}/${word}`,
      operationId,
      summary,
      tag,
      scope: 'admin',
      params: KeyParams,
      query: null,
      body: PatchBody,
      bodyIsOptional: true,
      takesLock: true,
      responses: {
        200: { description: 'Without `confirm`: the plan', schema: PatchPlan },
        202: { description: 'The operation that does it', schema: Operation },
      },
      errors: [...BEGINNING, 'INVALID_SETTINGS', 'STALE_REVISION'],
      isReplayable: ({ params, body }) => body.confirm != null && isService(context, params.key),
      async handle({ params, body, caller, request }) {
        const desk = serviceDeskOf(context);
        const signal = untilGone(request, closing);
        if (body.confirm == null) return json(200, patchPlanView(await desk.patchPlan(params.key, action, signal)));
        const begun = await desk.patch(params.key, action, body.confirm, orderOf(body, caller, request), signal);
        return json(202, operationView(begun, clock.now()), { Location: `/api/operations/${encodeURIComponent(begun.id)}` });
      },
    });

  return [
    plan,
    change(
      'reapply-patches',
      'apply',
      'reapplyServicePatches',
      "Copy the patches of a service into its container, verified by checksum, and restart it; `confirm` is the plan's id",
    ),
    change(
      'undo-patches',
      'undo',
      'undoServicePatches',
      "Bring the files back that the last patches replaced, and restart the service; `confirm` is the plan's id",
    ),
  ];
}
