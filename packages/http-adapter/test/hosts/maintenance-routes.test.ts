import {
  type Actor,
  hostKey,
  type MaintenanceDesk,
  planUpdate,
  type RebootRequest,
  SparkError,
  type UpdateRequest,
} from '@spark-control/core';
import { expect } from 'chai';
import { anOperation } from '../../../core/test/support/operation-samples.ts';
import { aSurvey, install, upgrade } from '../../../core/test/support/update-samples.ts';
import { expectDocumented, routeOf } from '../support/documented.ts';
import { type Answer, ask, bodyOf, startServer, type TestServer } from '../support/test-server.ts';

const UPDATES = '/api/hosts/{key}/updates';
const REBOOT = '/api/hosts/{key}/reboot';
const PLAN = planUpdate(
  aSurvey({
    packages: [upgrade('docker-ce', '5:28.5.1-1', '5:29.0.1-1'), install('linux-image-7.0.0-1019-nvidia', '7.0.0-1019.19')],
    ...{ downloadBytes: 1_000, unpackBytes: 2_000, held: ['vim'], mayBecomeRoot: false, rebootRequiredBy: ['libc6 asks for it.'] },
    firmware: [{ device: 'UEFI', name: 'system', from: '1', to: '2' }],
  }),
  'spark',
);

describe('the routes of host maintenance', () => {
  let server: TestServer;
  let asked: (readonly [UpdateRequest | RebootRequest, Actor])[];
  let refusal: SparkError | null;

  beforeEach(async () => {
    asked = [];
    refusal = null;
    const begin = async (request: UpdateRequest | RebootRequest, actor: Actor) => {
      if (refusal !== null) throw refusal;
      asked.push([request, actor]);
      return anOperation('op_1', { kind: 'plan' in request ? 'host_update' : 'host_reboot', subject: request.host });
    };
    const maintenance: MaintenanceDesk = {
      plan: async () => {
        if (refusal !== null) throw refusal;
        return PLAN;
      },
      update: begin,
      reboot: begin,
    };
    server = await startServer({ maintenance });
  });
  afterEach(() => server.close());

  const call = async (method: string, pattern: string, body?: unknown, headers: Record<string, string> = {}, key = 'spark1') => {
    const sent = body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } };
    const answer = await ask(server.port, pattern.replace('{key}', key), { method, ...sent });
    expectDocumented(routeOf(method, pattern), answer);
    return answer;
  };
  const codeOf = (answer: Answer): unknown => bodyOf(answer)['code'];

  it('show the plan with every line and what stands against it', async () => {
    const answer = await call('GET', UPDATES);
    expect(answer.status).to.equal(200);
    const body = bodyOf<{ packages: readonly { name: string }[]; blockers: readonly string[] }>(answer);
    expect(body).to.include({ id: PLAN.id, host: 'spark1', risk: 'danger', docker: '28.5.1', download_bytes: 1_000 });
    expect(body.packages.map(({ name }) => name)).to.deep.equal(['linux-image-7.0.0-1019-nvidia', 'docker-ce']);
    expect(body.packages[0]).to.deep.include({ section: 'kernel', risk: 'danger', action: 'install', from: null, to: '7.0.0-1019.19' });
    expect(body).to.have.nested.property('reboot.required_now', true);
    expect(body.blockers[0]).to.match(/NOPASSWD/);
  });

  it('begin an update as it was asked for', async () => {
    const body = {
      ...{ plan: PLAN.id, scope: 'cluster', reboot: 'always', firmware: true, accept_danger: true, restore_model: false },
      ...{ drain_seconds: 5, lock_id: 'lck_1', requested_by: 'cron', reason: 'monthly' },
    };
    const answer = await call('POST', UPDATES, body);
    expect(answer.status).to.equal(202);
    expect(answer.headers.location).to.equal('/api/operations/op_1');
    expect(bodyOf(answer)).to.include({ id: 'op_1', kind: 'host_update', subject: 'spark1' });
    expect(asked[0]?.[0]).to.deep.equal({
      ...{ host: hostKey('spark1'), plan: PLAN.id, scope: 'cluster', reboot: 'always', firmware: true, acceptDanger: true },
      ...{ restoreModel: false, drainSeconds: 5, lockId: 'lck_1', requestedBy: 'cron', reason: 'monthly' },
    });
    expect(asked[0]?.[1]).to.include({ name: 'anonymous@127.0.0.1', address: '127.0.0.1' });
  });

  it('are careful where nothing is said: one host, no danger, no firmware, a reboot only if required, the model again', async () => {
    await call('POST', UPDATES, { plan: PLAN.id }, { 'x-swap-lock': 'lck_2' });
    expect(asked[0]?.[0]).to.deep.include({
      ...{ scope: 'host', reboot: 'if_required', firmware: false, acceptDanger: false, restoreModel: true },
      ...{ drainSeconds: 30, lockId: 'lck_2', requestedBy: 'anonymous@127.0.0.1', reason: null },
    });
  });

  it('reboot only a host whose key is repeated', async () => {
    const refused = await call('POST', REBOOT, { confirm: 'spark2' });
    expect(refused.status).to.equal(422);
    expect(bodyOf(refused)).to.have.nested.property('issues[0].path', '/confirm');
    expect(asked).to.deep.equal([]);
    const answer = await call('POST', REBOOT, { confirm: 'spark1', drain_seconds: 0 });
    expect(answer.status).to.equal(202);
    expect(asked[0]?.[0]).to.deep.include({ host: 'spark1', drainSeconds: 0, restoreModel: true });
  });

  const bodies: readonly (readonly [string, string, unknown])[] = [
    ['no plan', UPDATES, {}],
    ['an empty plan', UPDATES, { plan: '' }],
    ['a scope that there is not', UPDATES, { plan: 'p', scope: 'world' }],
    ['an unknown field', UPDATES, { plan: 'p', force: true }],
    ['a drain that is too long', UPDATES, { plan: 'p', drain_seconds: 86_400 }],
    ['no confirmation', REBOOT, {}],
    ['two different locks', REBOOT, { confirm: 'spark1', lock_id: 'lck_9' }],
  ];
  for (const [what, path, body] of bodies) {
    it(`refuse ${what}`, async () => {
      const answer = await call('POST', path, body, { 'x-swap-lock': 'lck_1' });
      expect(answer.status).to.equal(422);
      expect(asked).to.deep.equal([]);
    });
  }

  const refusals: readonly (readonly [SparkError, number])[] = [
    [new SparkError('STALE_REVISION', 'Look again.'), 412],
    [new SparkError('FENCED_OFF', 'Not the live lock.'), 412],
    [new SparkError('LOCK_EXPIRED', 'Over.'), 410],
    [new SparkError('LOCKED', 'cron has it.', { details: { retryAfterSeconds: 5 } }), 423],
    [new SparkError('PREFLIGHT_FAILED', 'No.', { details: { issues: [{ path: '/plan', code: 'blocked', message: 'No.' }] } }), 422],
    [new SparkError('HOST_UNREACHABLE', 'No answer.', { details: { host: 'spark1' } }), 502],
    [new SparkError('UNMANAGED_MODEL', 'Somebody serves.'), 409],
    [new SparkError('OPERATION_IN_PROGRESS', 'It runs.', { details: { operationId: 'op_9' } }), 409],
  ];
  for (const [error, status] of refusals) {
    it(`answer ${error.code} with ${status}`, async () => {
      refusal = error;
      for (const answer of [await call('POST', UPDATES, { plan: 'p' }), await call('POST', REBOOT, { confirm: 'spark1' })]) {
        expect([answer.status, codeOf(answer)]).to.deep.equal([status, error.code]);
      }
    });
  }

  it('know no other host, and no maintenance where there is none', async () => {
    expect((await call('GET', UPDATES, undefined, {}, 'spark9')).status).to.equal(404);
    expect((await call('POST', REBOOT, { confirm: 'spark9' }, {}, 'spark9')).status).to.equal(404);
    refusal = new SparkError('HOST_UNREACHABLE', 'No answer.');
    expect((await call('GET', UPDATES)).status).to.equal(502);
    const without = await startServer();
    const answer = await ask(without.port, UPDATES.replace('{key}', 'spark1'));
    expect([answer.status, codeOf(answer)]).to.deep.equal([409, 'NOT_SUPPORTED']);
    await without.close();
  });
});
