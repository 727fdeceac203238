import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { expect } from 'chai';
import { responsesOf } from '../../src/routing/openapi.ts';
import type { Route } from '../../src/routing/route.ts';
import { routeTable } from '../../src/routing/route-table.ts';
import type { Answer } from './test-server.ts';

const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
formats.default(ajv);
const compiled = new Map<object, ValidateFunction>();

/** The table as it is documented; its handlers are never called. */
export const ROUTES: readonly Route[] = routeTable({ version: '1.2.3' } as never, {} as never);

/** Answers may grow, so their schemas are open; a test wants to know of every field. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const fields = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  return 'properties' in schema && !('additionalProperties' in schema) ? { ...fields, additionalProperties: false } : fields;
}

/** Fails unless the answer has a documented status, and a body exactly as documented for it. */
export function expectDocumented(route: Route, answer: Answer): void {
  const where = `${route.method} ${route.path} answered ${answer.status}`;
  const documented = responsesOf(route)[answer.status];
  expect(documented, `${where}: not documented; ${answer.text.slice(0, 300)}`).to.not.equal(undefined);
  const schema = documented?.schema;
  if (!schema) return;
  expect(answer.headers['content-type'], where).to.contain(documented?.mediaType ?? 'application/json');
  expectFits(schema, JSON.parse(answer.text), where);
}

/** Fails unless `value` is exactly as `schema` says. */
export function expectFits(schema: object, value: unknown, where: string): void {
  let check = compiled.get(schema);
  if (check === undefined) {
    check = ajv.compile(closed(JSON.parse(JSON.stringify(schema))) as object);
    compiled.set(schema, check);
  }
  const fits = check(value);
  expect(fits, `${where}: ${JSON.stringify(check.errors)} in ${JSON.stringify(value).slice(0, 500)}`).to.equal(true);
}

export const routeOf = (method: string, path: string): Route => {
  const route = ROUTES.find((candidate) => candidate.method === method && candidate.path === path);
  if (route === undefined) throw new Error(`no route ${method} ${path}`);
  return route;
};
