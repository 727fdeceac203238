import { Healthz, Readyz, Session, Version } from '@spark-control/schema';
import type { ApiContext } from '../api-context.ts';
import { SESSION_PATH } from '../middleware/csrf.ts';
import { defineRoute, json, type Route } from '../routing/route.ts';

const tag = 'about';
const plainGet = { method: 'GET', tag, params: null, query: null, body: null } as const;

/** `document`: the OpenAPI document, made of all routes, these included. */
export function aboutRoutes({ core, version }: ApiContext, document: () => unknown): readonly Route[] {
  return [
    defineRoute({
      ...plainGet,
      path: '/healthz',
      operationId: 'healthz',
      summary: 'Whether the process lives',
      scope: 'none',
      responses: { 200: { description: 'It does', schema: Healthz } },
      errors: [],
      handle: () => json(200, { ok: true, version }),
    }),
    defineRoute({
      ...plainGet,
      path: '/readyz',
      operationId: 'readyz',
      summary: 'Whether it can do its work, check by check',
      scope: 'none',
      responses: { 200: { description: 'All checks pass', schema: Readyz }, 503: { description: 'A check fails', schema: Readyz } },
      errors: [],
      async handle() {
        const checks = await core.readiness();
        const ok = checks.every((check) => check.ok);
        return json(ok ? 200 : 503, { ok, checks: checks.map(({ name, ok: passes, detail }) => ({ name, ok: passes, detail })) });
      },
    }),
    defineRoute({
      ...plainGet,
      path: '/openapi.json',
      operationId: 'openapi',
      summary: 'This document',
      scope: 'none',
      responses: { 200: { description: 'OpenAPI 3.1', schema: null } },
      errors: [],
      handle: () => json(200, document()),
    }),
    defineRoute({
      ...plainGet,
      path: '/api/version',
      operationId: 'getVersion',
      summary: 'What runs here',
      scope: 'none',
      responses: { 200: { description: 'Name and version', schema: Version } },
      errors: [],
      handle: () => json(200, { name: 'spark-control', version, simulated: core.isSimulated }),
    }),
    defineRoute({
      ...plainGet,
      path: SESSION_PATH,
      operationId: 'getSession',
      summary: "The dashboard's session: sets its cookie and gives the token for x-csrf-token",
      scope: 'none',
      responses: { 200: { description: 'The session', schema: Session } },
      errors: [],
      handle: ({ request }) => json(200, { csrf_token: request.method === 'HEAD' ? '' : request.csrfToken(), anonymous: true }),
    }),
  ];
}
