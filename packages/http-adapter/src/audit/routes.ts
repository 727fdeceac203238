import { AUDIT_ACTIONS, type AuditAction, clusterKey, type NumberedAuditEntry } from '@spark-control/core';
import { AuditList, AuditQuery, type WireAuditEntry } from '@spark-control/schema';
import type { ApiContext } from '../api-context.ts';
import { defineRoute, json, type Route } from '../routing/route.ts';
import { invalidRequest } from '../routing/validator.ts';
import { timestamp } from '../wire-time.ts';

const DEFAULT_LIMIT = 50;

export function auditRoutes({ audit }: ApiContext): readonly Route[] {
  const list = defineRoute({
    method: 'GET',
    path: '/api/audit',
    operationId: 'listAudit',
    summary: 'Who did what and when, newest first',
    tag: 'audit',
    // It names callers with their addresses, which readers of the state have no need of.
    scope: 'admin',
    params: null,
    query: AuditQuery,
    body: null,
    responses: { 200: { description: 'A page of the audit trail', schema: AuditList } },
    errors: ['STORE_UNAVAILABLE'],
    async handle({ query: { cluster, action, limit = DEFAULT_LIMIT, cursor } }) {
      const found = await audit.list({
        // One more than asked tells whether there is a next page.
        limit: limit + 1,
        ...(cluster !== undefined && { cluster: clusterKey(cluster) }),
        ...(action !== undefined && { action: actionOf(action) }),
        ...(cursor !== undefined && { before: Number(cursor) }),
      });
      const page = found.slice(0, limit);
      return json(200, { items: page.map(entryView), next_cursor: found.length > limit ? String(page.at(-1)?.id) : null });
    },
  });
  return [list];
}

/** @throws {SparkError} INVALID_REQUEST: a misspelt action would look like one that never happened. */
function actionOf(text: string): AuditAction {
  const action = AUDIT_ACTIONS.find((known) => known === text);
  if (action !== undefined) return action;
  throw invalidRequest([{ path: '/query/action', code: 'not_allowed', message: `must be one of ${AUDIT_ACTIONS.join(', ')}` }]);
}

function entryView({ id, at, actor, action, cluster, target, fence, note, hash }: NumberedAuditEntry): WireAuditEntry {
  const { name, address, requestId } = actor;
  return { id, at: timestamp(at), actor: { name, address, request_id: requestId }, action, cluster, target, fence, note, hash };
}
