import { ERROR_CATALOG, type ErrorCode, SparkError } from '@spark-control/core';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { expect } from 'chai';
import { problemOf } from '../src/errors/problem.ts';
import { openApiDocument, renderErrorsDoc, STATUS_BY_CODE } from '../src/index.ts';
import { ROUTES } from './support/documented.ts';

const CODES = Object.keys(ERROR_CATALOG) as ErrorCode[];

describe('the table of errors', () => {
  it('has a status for each code and no other', () => {
    expect(Object.keys(STATUS_BY_CODE).sort()).to.deep.equal([...CODES].sort());
    for (const status of Object.values(STATUS_BY_CODE)) expect(status).to.be.within(400, 504);
  });

  it('is written down completely', () => {
    const text = renderErrorsDoc();
    for (const code of CODES) {
      expect(
        text.split('\n').filter((line) => line.startsWith(`| \`${code}\` | ${STATUS_BY_CODE[code]} |`)),
        code,
      ).to.have.length(1);
    }
    expect(text.endsWith('|\n')).to.equal(true);
  });

  for (const code of CODES) {
    it(`makes a problem document of ${code}`, () => {
      const problem = problemOf(
        new SparkError(code, 'what happened', { details: { host: 'h', fingerprint: 'f', swapId: 'swp_1' } }),
        'req_1',
      );
      const isDefect = STATUS_BY_CODE[code] === 500;
      expect(problem).to.include({ code, status: STATUS_BY_CODE[code], request_id: 'req_1', title: ERROR_CATALOG[code].title });
      expect(problem.type).to.match(/^urn:spark-control:problem:[a-z-]+$/);
      if (isDefect) expect(problem.detail).to.not.contain('what happened');
      else expect(problem).to.include({ detail: 'what happened', swap_id: 'swp_1' });
      expect(problem).to.not.have.any.keys('host', 'fingerprint');
    });
  }

  it('shows nothing of what nobody foresaw', () => {
    for (const thrown of [new TypeError('innards'), 'text', null, undefined, { code: 'MODEL_NOT_FOUND' }]) {
      const problem = problemOf(thrown, 'req_1');
      expect(problem).to.include({ code: 'INTERNAL', status: 500 });
      expect(JSON.stringify(problem)).to.not.contain('innards');
    }
    expect(problemOf(new SparkError('LAUNCHER_FAILED', 'x'.repeat(5_000)), 'req_1').detail.length).to.be.at.most(2_001);
  });
});

describe('the OpenAPI document', () => {
  const document = openApiDocument('1.2.3') as {
    openapi: string;
    paths: Record<
      string,
      Record<string, { operationId: string; responses: Record<string, unknown>; parameters?: { name: string; in: string }[] }>
    >;
    components: { schemas: Record<string, object> };
  };
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path));

  it('has every route, each with an id of its own, its parameters and its refusals', () => {
    expect(operations).to.have.length(ROUTES.length);
    expect(new Set(operations.map(({ operationId }) => operationId)).size).to.equal(ROUTES.length);
    for (const { method, path } of ROUTES) {
      const operation = document.paths[path]?.[method.toLowerCase()];
      const named = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      expect(operation?.parameters?.filter((parameter) => parameter.in === 'path').map(({ name }) => name) ?? [], path).to.deep.equal(
        named,
      );
      const statuses = Object.keys(operation?.responses ?? {});
      expect(statuses, path).to.include.members(['421', '422', '500']);
      expect(
        statuses.some((status) => status.startsWith('2')),
        path,
      ).to.equal(true);
    }
  });

  it('refers only to schemas that it has, and all of them compile', () => {
    const text = JSON.stringify(document);
    for (const [, name] of text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g))
      expect(document.components.schemas).to.have.property(name!);
    const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
    formats.default(ajv);
    const definitions = JSON.parse(JSON.stringify(document.components.schemas).replaceAll('#/components/schemas/', '#/$defs/')) as Record<
      string,
      object
    >;
    for (const name of Object.keys(definitions)) ajv.compile({ $defs: definitions, $ref: `#/$defs/${name}` });
    expect(text).to.contain('"$ref":"#/components/schemas/Swap"').and.to.contain('text/event-stream');
  });
});
