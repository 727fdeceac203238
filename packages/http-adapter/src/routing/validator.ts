import { type Issue, SparkError } from '@spark-control/core';
import { NoQuery, type TSchema } from '@spark-control/schema';
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { MOMENT_EXPECTED, momentOf } from '../moment.ts';
import type { Route } from './route.ts';
import { tellingErrors } from './union-errors.ts';

const MAX_ISSUES = 50;
const MAX_NAME_LENGTH = 100;
const OPTIONS = {
  strict: true,
  allErrors: true,
  allowUnionTypes: true,
  formats: { 'date-time': (text: string) => momentOf(text) !== null },
} as const;

/** Checks path, query and body of one route and returns them typed (numbers in a query are text until here). */
export type RequestCheck = (params: unknown, query: unknown, body: unknown) => Readonly<{ params: unknown; query: unknown; body: unknown }>;

/** Compiles the schemas of routes, each when it is first needed: most of a start would otherwise be spent here. */
export class RequestValidator {
  readonly #strict = new Ajv2020(OPTIONS);
  readonly #coercing = new Ajv2020({ ...OPTIONS, coerceTypes: true });
  readonly #compiled = new Map<TSchema, ValidateFunction>();

  /** @throws {SparkError} INVALID_REQUEST with all issues of all three places, from the returned function. */
  checkOf(route: Route): RequestCheck {
    return (rawParams, rawQuery, rawBody) => {
      const params = copyOf(rawParams);
      const query = copyOf(rawQuery);
      const body = rawBody === undefined && route.bodyIsOptional ? {} : rawBody;
      const issues = [
        ...this.#issues(this.#coercing, route.params, params, '/path'),
        ...this.#issues(this.#coercing, route.query ?? NoQuery, query, '/query'),
        ...(route.body !== null && body === undefined ? [missingBody] : this.#issues(this.#strict, route.body, body, '')),
      ];
      if (issues.length > 0) throw invalidRequest(issues);
      return { params, query, body: route.body === null ? undefined : body };
    };
  }

  #issues(ajv: Ajv2020, schema: TSchema | null, value: unknown, prefix: string): readonly Issue[] {
    if (schema === null) return [];
    let check = this.#compiled.get(schema);
    if (check === undefined) {
      check = ajv.compile(plain(schema));
      this.#compiled.set(schema, check);
    }
    return check(value) ? [] : issuesOf(check.errors ?? [], prefix);
  }
}

const missingBody: Issue = { path: '', code: 'required', message: 'a JSON body is required' };

/** One error for all that is wrong with a request. */
export function invalidRequest(issues: readonly Issue[]): SparkError {
  const first = issues[0];
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : '';
  const detail =
    first === undefined ? 'The request is not valid.' : `${first.path === '' ? 'The body' : first.path}: ${first.message}${more}.`;
  return new SparkError('INVALID_REQUEST', detail, { details: { issues: issues.slice(0, MAX_ISSUES) } });
}

/** Express hands out objects that are made anew or shared with itself; ajv writes numbers into the one it checks. */
const copyOf = (value: unknown): unknown => Object.assign(Object.create(null), value);

/** A schema as JSON: TypeBox keeps notes of its own on the objects. */
export const plain = (schema: TSchema): Record<string, unknown> => JSON.parse(JSON.stringify(schema)) as Record<string, unknown>;

const pointer = (name: string): string => `/${shorten(name).replaceAll('~', '~0').replaceAll('/', '~1')}`;
const shorten = (name: string): string => (name.length > MAX_NAME_LENGTH ? `${name.slice(0, MAX_NAME_LENGTH)}…` : name);

function issuesOf(errors: readonly ErrorObject[], prefix: string): readonly Issue[] {
  return tellingErrors(errors).map((error) => {
    const path = prefix + error.instancePath.split('/').map(shorten).join('/');
    const { params } = error;
    switch (error.keyword) {
      case 'required':
        return { path: path + pointer(String(params['missingProperty'])), code: 'required', message: 'is required' };
      case 'additionalProperties':
        return {
          path: path + pointer(String(params['additionalProperty'])),
          code: 'unknown_field',
          message: 'is not a field of this request',
        };
      case 'enum':
        return { path, code: 'not_allowed', message: `must be one of ${(params['allowedValues'] as readonly unknown[]).join(', ')}` };
      case 'type':
        return { path, code: 'wrong_type', message: `must be ${[params['type']].flat().join(' or ')}` };
      case 'format':
        return { path, code: 'format', message: params['format'] === 'date-time' ? MOMENT_EXPECTED : (error.message ?? 'is not valid') };
      case 'anyOf':
        return { path, code: 'wrong_type', message: 'has none of the forms that are taken here' };
      default:
        return { path, code: codeOf(error.keyword), message: error.message ?? 'is not valid' };
    }
  });
}

function codeOf(keyword: string): string {
  if (keyword === 'minimum' || keyword === 'minLength' || keyword === 'minItems') return 'too_small';
  if (keyword === 'maximum' || keyword === 'maxLength' || keyword === 'maxItems' || keyword === 'maxProperties') return 'too_large';
  return keyword.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
