import { SparkError } from '@spark-control/core';
import { expect } from 'chai';
import fc from 'fast-check';
import { aCause, aSwap } from '../../core/test/support/builders.ts';
import type { Route } from '../src/routing/route.ts';
import { bodyTextFor, queryFor, segment, validFor } from './support/arbitrary-requests.ts';
import { aSmallAutomationDesk } from './support/automations-over.ts';
import { expectDocumented, ROUTES } from './support/documented.ts';
import { ScriptedCore } from './support/scripted-core.ts';
import { aGrant, aLease, aLockView, someLockFacts } from './support/scripted-locks.ts';
import { aSmallScheduleDesk } from './support/scripted-schedules.ts';
import { aSmallWebhookDesk } from './support/scripted-webhooks.ts';
import { aSmallServiceDesk } from './support/small-services.ts';
import { ask, startServer, type TestServer } from './support/test-server.ts';

const RUNS = process.env['SPARK_PROVE'] === '1' ? 6_000 : 20;

/** A core in which `swp_1`, `qwen` and `default` exist, and nothing else. */
function aSmallCore(): ScriptedCore {
  const core = new ScriptedCore();
  const missing = (code: 'MODEL_NOT_FOUND' | 'CLUSTER_NOT_FOUND' | 'SWAP_NOT_FOUND') => new SparkError(code, 'There is none of that name.');
  core.requestSwap = async ({ model, cluster, lockId, onBusy }) => {
    if (cluster !== 'default') throw missing('CLUSTER_NOT_FOUND');
    if (model !== null && model !== 'qwen') throw missing('MODEL_NOT_FOUND');
    if (lockId !== null) return { kind: 'fenced_off', detail: 'not the live lock' };
    return onBusy === 'queue' ? { kind: 'queued', swap: aSwap(), position: 1 } : { kind: 'started', swap: aSwap({ cause: aCause() }) };
  };
  core.cancelSwap = async (id) => {
    if (id !== 'swp_1') throw missing('SWAP_NOT_FOUND');
    return { kind: 'settled', swap: aSwap({ phase: 'failed' }) };
  };
  core.preflight = async (model, cluster) => {
    if (cluster !== 'default') throw missing('CLUSTER_NOT_FOUND');
    if (model !== 'qwen') throw missing('MODEL_NOT_FOUND');
    const memory = { neededBytes: null, availableBytes: null, basis: 'estimated' } as const;
    return { model, cluster, ok: true, checks: [], command: null, memory, estimate: { p50Seconds: null, p90Seconds: null, samples: 0 } };
  };
  core.swap = async (id) => (id === 'swp_1' ? aSwap({ phase: 'ready', settledAt: 9_000 }) : null);
  core.swaps = async () => [aSwap()];
  scriptLocks(core);
  core.readiness = async () => [{ name: 'store', ok: true, detail: 'fine' }];
  return core;
}

/** The lock `lck_1` lives and `lck_2` is over; holders whose name has an odd length find it held. */
function scriptLocks({ locks }: ScriptedCore): void {
  const known = (cluster: string): void => {
    if (cluster !== 'default') throw new SparkError('CLUSTER_NOT_FOUND', 'There is none of that name.');
  };
  locks.acquire = async ({ cluster, holder }) => {
    known(cluster);
    if (holder.length % 2 === 0) return { kind: 'granted', grant: aGrant({ holder }) };
    return { kind: 'held', inTheWay: someLockFacts(), waiting: null, retryAfterSeconds: 3 };
  };
  locks.renew = async (id) => {
    if (id === 'lck_2') return { kind: 'expired', at: 5 };
    return id === 'lck_1' ? { kind: 'renewed', lease: aLease(), renewAfterMs: 1_000 } : { kind: 'fenced_off', detail: 'not the live lock' };
  };
  locks.leave = async () => undefined;
  locks.release = async (id) => {
    if (id === 'lck_2') return { kind: 'expired', at: 5 };
    return id === 'lck_1' ? { kind: 'released', lease: aLease() } : { kind: 'fenced_off', detail: 'not the live lock' };
  };
  locks.break = async (cluster) => {
    known(cluster);
    return { kind: 'not_held', view: aLockView() };
  };
  locks.view = (cluster) => {
    known(cluster);
    return aLockView({ state: 'held', lock: someLockFacts() });
  };
}

/** One that passes every check, so that a short run too reaches the handler. */
const validRequestFor = (route: Route) => {
  const schema = route.body === null ? null : JSON.parse(JSON.stringify(route.body));
  const body: string = schema === null ? '' : (JSON.stringify(fc.sample(validFor(schema), { seed: 1, numRuns: 1 })[0]) ?? '');
  return { path: route.path.replace(/\{\w+\}/g, 'swp_1'), query: '', body, type: 'application/json' as const, key: undefined };
};

const PATHS: readonly string[] = ROUTES.map((route) => route.path);
const REACHED: readonly number[] = [404, 409, 410, 412, 428];

const requestFor = (route: Route) => {
  const names = route.path.match(/\{\w+\}/g) ?? [];
  const path = fc
    .tuple(...names.map(() => segment))
    .map((segments) => segments.reduce((text, value) => text.replace(/\{\w+\}/, () => value), route.path as string))
    // A word that stands for a parameter may make the path of another route.
    .filter((made) => made === route.path || !PATHS.includes(made));
  const body = route.body === null ? fc.constant('') : bodyTextFor(JSON.parse(JSON.stringify(route.body)));
  const query = queryFor(route.query === null ? null : JSON.parse(JSON.stringify(route.query)));
  const type = fc.constantFrom(
    'application/json',
    'application/json',
    'application/json',
    'application/json; charset=utf-8',
    'text/plain',
    '',
  );
  const key = fc.constantFrom(undefined, undefined, 'k1', 'k2', '', 'x'.repeat(300));
  return fc.record({ path, query: fc.oneof({ weight: 3, arbitrary: fc.constant('') }, { weight: 1, arbitrary: query }), body, type, key });
};

describe('any request', function () {
  this.timeout(300_000);
  let server: TestServer;
  before(async () => {
    const core = aSmallCore();
    const automations = await aSmallAutomationDesk(core);
    const services = aSmallServiceDesk();
    server = await startServer({ webhooks: aSmallWebhookDesk(), schedules: aSmallScheduleDesk(), automations, services }, core);
  });
  after(() => server.close());

  for (const route of ROUTES.filter(({ responses }) => responses[200]?.mediaType !== 'text/event-stream')) {
    it(`to ${route.method} ${route.path} gets a documented answer, and never a 5xx`, async () => {
      const statuses = new Set<number>();
      await fc.assert(
        fc.asyncProperty(requestFor(route), async ({ path, query, body, type, key }) => {
          const headers: Record<string, string> = {
            ...(type && { 'content-type': type }),
            ...(key !== undefined && { 'idempotency-key': key }),
          };
          const answer = await ask(server.port, path + query, { method: route.method, headers, ...(body !== '' && { body }) });
          statuses.add(answer.status);
          expect(answer.status, answer.text).to.be.lessThan(500);
          expectDocumented(route, answer);
        }),
        { numRuns: RUNS, examples: [[validRequestFor(route)]] },
      );
      // The requests reach both the handler and the checks before it, else the property says little.
      expect(
        [...statuses].some((status) => status < 300 || REACHED.includes(status)),
        [...statuses].join(),
      ).to.equal(true);
    });
  }

  it('with bytes instead of a body gets an answer below 500', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 400 }),
        fc.constantFrom('/api/swap', '/api/swap/swp_1/cancel', '/api/swap/qwen/validate', '/api/swap/lock', '/x'),
        async (bytes, path) => {
          const answer = await ask(server.port, path, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: Buffer.from(bytes),
          });
          expect(answer.status).to.be.within(200, 499);
        },
      ),
      { numRuns: RUNS * 2 },
    );
  });
});
