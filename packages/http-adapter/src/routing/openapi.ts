import type { ErrorCode } from '@spark-control/core';
import { ERROR_CATALOG } from '@spark-control/core';
import { Problem, type TSchema } from '@spark-control/schema';
import { STATUS_BY_CODE } from '../errors/status.ts';
import { LOCK_HEADER } from '../locks/lock-id.ts';
import type { Route, RouteResponse } from './route.ts';
import { plain } from './validator.ts';

const PROBLEM_TYPE = 'application/problem+json';

/** Codes that this route may answer: its own and those of the checks that stand before it. */
export function errorCodesOf(route: Route): readonly ErrorCode[] {
  const common: ErrorCode[] = ['HOST_NOT_ALLOWED', 'PAYLOAD_TOO_LARGE', 'INVALID_REQUEST', 'INTERNAL'];
  if (route.method !== 'GET') common.push('CROSS_SITE');
  if (route.body !== null) common.push('MALFORMED_JSON', 'UNSUPPORTED_MEDIA_TYPE');
  if (route.params !== null) common.push('ROUTE_NOT_FOUND');
  if (route.isReplayable !== undefined) common.push('IDEMPOTENCY_KEY_REUSED', 'STORE_UNAVAILABLE');
  return [...new Set([...common, ...route.errors])];
}

/** All documented answers of a route by status, the refusals included. */
export function responsesOf(route: Route): Readonly<Record<number, RouteResponse>> {
  const responses: Record<number, RouteResponse> = {};
  for (const code of errorCodesOf(route)) {
    const status = STATUS_BY_CODE[code];
    const text = `\`${code}\`: ${ERROR_CATALOG[code].title}`;
    const before = responses[status];
    responses[status] = { description: before ? `${before.description}; ${text}` : text, schema: Problem, mediaType: PROBLEM_TYPE };
  }
  return { ...responses, ...route.responses };
}

/**
 * The OpenAPI 3.1 document of a route table. `named` become components: a schema that is one of them, or holds one, refers
 * to it.
 */
export function openApiOf(routes: readonly Route[], named: Readonly<Record<string, TSchema>>, version: string): Record<string, unknown> {
  const names = new Map(Object.entries(named).map(([name, schema]) => [JSON.stringify(schema), name]));
  const refer = (schema: unknown, isTop = false): unknown => {
    if (Array.isArray(schema)) return schema.map((item) => refer(item));
    if (typeof schema !== 'object' || schema === null) return schema;
    const name = isTop ? undefined : names.get(JSON.stringify(schema));
    if (name !== undefined) return { $ref: `#/components/schemas/${name}` };
    return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, refer(value)]));
  };
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operationOf(route, refer) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Spark Control',
      version,
      description: 'Swaps the model that a GPU cluster serves, safely, while everyone can watch.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    paths,
    components: { schemas: Object.fromEntries(Object.entries(named).map(([name, schema]) => [name, refer(plain(schema), true)])) },
  };
}

function operationOf(route: Route, refer: (schema: unknown) => unknown): Record<string, unknown> {
  const parameters = [...parametersOf(route.params, 'path', refer), ...parametersOf(route.query, 'query', refer), ...headersOf(route)];
  const responses = Object.fromEntries(
    Object.entries(responsesOf(route)).map(([status, { description, schema, mediaType }]) => [
      status,
      { description, ...contentOf(schema, mediaType, refer) },
    ]),
  );
  return {
    operationId: route.operationId,
    summary: route.summary,
    tags: [route.tag],
    'x-scope': route.scope,
    ...(parameters.length > 0 && { parameters }),
    ...(route.body && {
      requestBody: { required: route.bodyIsOptional !== true, content: { 'application/json': { schema: refer(plain(route.body)) } } },
    }),
    responses,
  };
}

function contentOf(schema: TSchema | null, mediaType: string | undefined, refer: (schema: unknown) => unknown): Record<string, unknown> {
  if (schema === null && mediaType === undefined) return {};
  // 3.1 has no words for the events of a stream.
  const shape = schema === null ? { type: 'string' } : refer(plain(schema));
  return { content: { [mediaType ?? 'application/json']: { schema: shape } } };
}

function parametersOf(schema: TSchema | null, place: 'path' | 'query', refer: (schema: unknown) => unknown): readonly unknown[] {
  if (schema === null) return [];
  const { properties = {}, required = [] } = plain(schema) as { properties?: Record<string, unknown>; required?: readonly string[] };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: refer(property),
  }));
}

const HEADERS = {
  idempotencyKey: ['Idempotency-Key', 'Same key and body, same answer, for 24 h'],
  lock: [LOCK_HEADER, 'The id of a lock that was granted; it may also stand in the body'],
} as const;

function headersOf(route: Route): readonly unknown[] {
  const taken = [...(route.isReplayable === undefined ? [] : [HEADERS.idempotencyKey]), ...(route.takesLock ? [HEADERS.lock] : [])];
  return taken.map(([name, description]) => ({ name, in: 'header', required: false, schema: { type: 'string' }, description }));
}
