import type { WireAutomation, WireAutomationList, WireAutomationRun, WireAutomationRunList, WireProblem } from '@spark-control/schema';
import { expect } from 'chai';
import { aSwap } from '../../core/test/support/builders.ts';
import { settle } from '../../core/test/support/fake-clock.ts';
import { expectDocumented, routeOf } from './support/documented.ts';
import { type Answer, ask, bodyOf, post, startServer, type TestServer } from './support/test-server.ts';

const PATH = '/api/automations';
const nightly = { name: 'nightly', cron: '0 3 * * *', action: { type: 'swap', model: 'qwen' } };

describe('automations over HTTP', () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startServer();
  });
  afterEach(() => server.close());

  const create = async (over: object = {}): Promise<WireAutomation> => bodyOf(await post(server.port, PATH, { ...nightly, ...over }));
  const send = (method: string, path: string, body?: unknown): Promise<Answer> => {
    const headers: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
    return ask(server.port, path, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
  };

  it('are created with what was left out filled in', async () => {
    const answer = await post(server.port, PATH, nightly);
    expectDocumented(routeOf('POST', PATH), answer);
    const made = bodyOf<WireAutomation>(answer);
    expect([answer.status, answer.headers['location']]).to.deep.equal([201, `${PATH}/${made.id}`]);
    expect(made).to.deep.include({
      ...{ name: 'nightly', cron: '0 3 * * *', timezone: 'UTC', enabled: true, missed: 'skip', lock_wait_seconds: 600 },
      action: { type: 'swap', cluster: 'default', model: 'qwen' },
      ...{ next_run_at: '2023-11-15T03:00:00.000Z', last_run: null },
    });
  });

  it('are listed, shown, changed and removed', async () => {
    const { id } = await create();
    await create({ name: 'sweep', action: { type: 'health_sweep' }, timezone: 'Europe/Berlin', enabled: false });
    const list = bodyOf<WireAutomationList>(await ask(server.port, PATH));
    expect(list.items.map(({ name, next_run_at }) => [name, next_run_at === null])).to.deep.equal([
      ['nightly', false],
      ['sweep', true],
    ]);
    const changed = await send('PATCH', `${PATH}/${id}`, {
      cron: '30 4 * * *',
      lock_wait_seconds: 0,
      action: { type: 'swap', model: null },
    });
    expectDocumented(routeOf('PATCH', `${PATH}/{id}`), changed);
    expect(bodyOf(await ask(server.port, `${PATH}/${id}`))).to.deep.include({
      ...{ name: 'nightly', cron: '30 4 * * *', lock_wait_seconds: 0, next_run_at: '2023-11-15T04:30:00.000Z' },
      action: { type: 'swap', cluster: 'default', model: null },
    });
    const removed = await send('DELETE', `${PATH}/${id}`);
    expect([removed.status, removed.text]).to.deep.equal([204, '']);
    for (const [method, path] of [
      ['GET', ''],
      ['PATCH', ''],
      ['DELETE', ''],
      ['POST', '/run'],
      ['GET', '/runs'],
    ] as const) {
      const answer = await send(method, `${PATH}/${id}${path}`, method === 'PATCH' ? {} : undefined);
      expect([method, answer.status, bodyOf<WireProblem>(answer).code]).to.deep.equal([method, 404, 'AUTOMATION_NOT_FOUND']);
    }
  });

  it('are run by hand, and their runs paged through', async () => {
    const { id } = await create({ action: { type: 'health_sweep' } });
    for (let count = 0; count < 3; count += 1) {
      const answer = await post(server.port, `${PATH}/${id}/run`, {});
      expectDocumented(routeOf('POST', `${PATH}/{id}/run`), answer);
      expect(answer.status).to.equal(202);
      expect(bodyOf<WireAutomationRun>(answer)).to.include({
        automation: id,
        outcome: null,
        scheduled_for: null,
        started_by: 'anonymous@127.0.0.1',
      });
      await settle();
    }
    const first = bodyOf<WireAutomationRunList>(await ask(server.port, `${PATH}/${id}/runs?limit=2`));
    expect(first.items.map(({ outcome }) => outcome)).to.deep.equal(['succeeded', 'succeeded']);
    const rest = await ask(server.port, `${PATH}/${id}/runs?limit=2&cursor=${first.next_cursor}`);
    expectDocumented(routeOf('GET', `${PATH}/{id}/runs`), rest);
    expect(bodyOf<WireAutomationRunList>(rest)).to.include({ next_cursor: null }).and.property('items').to.have.length(1);
    const { last_run } = bodyOf<WireAutomation>(await ask(server.port, `${PATH}/${id}`));
    expect(last_run).to.deep.equal(first.items[0]);
  });

  it('say which swap a run has, and answer a repeated key with the same run', async () => {
    server.core.requestSwap = async () => ({ kind: 'started', swap: aSwap() });
    server.core.swap = async () => aSwap();
    const { id } = await create();
    const again = { 'idempotency-key': 'k1' };
    const run = bodyOf<WireAutomationRun>(await post(server.port, `${PATH}/${id}/run`, {}, again));
    await settle();
    const replay = await post(server.port, `${PATH}/${id}/run`, {}, again);
    expect([replay.headers['idempotency-replayed'], bodyOf<WireAutomationRun>(replay).id]).to.deep.equal(['true', run.id]);
    const { items } = bodyOf<WireAutomationRunList>(await ask(server.port, `${PATH}/${id}/runs`));
    expect(items).to.deep.equal([{ ...run, swap_id: 'swp_1' }]);
    const skipped = bodyOf<WireAutomationRun>(await post(server.port, `${PATH}/${id}/run`, {}));
    expect(skipped).to.include({ outcome: 'skipped', detail: `The run ${run.id} was still going.` });
  });

  const refused = [
    { of: 'a cron that never fires', body: { ...nightly, cron: '0 0 30 2 *' }, path: '/cron' },
    { of: 'a cron that is none', body: { ...nightly, cron: 'tomorrow' }, path: '/cron' },
    { of: 'an unknown zone', body: { ...nightly, timezone: 'Mars/Olympus' }, path: '/timezone' },
    { of: 'an unknown service', body: { ...nightly, action: { type: 'restart_service', service: 'kokoro' } }, path: '/action/service' },
    { of: 'an unknown action', body: { ...nightly, action: { type: 'format_disks' } }, path: '/action/type' },
    { of: 'an action without a type', body: { ...nightly, action: { model: 'qwen' } }, path: '/action/type' },
    { of: 'no action', body: { name: 'x', cron: '0 3 * * *' }, path: '/action' },
    { of: 'an action that is a word', body: { ...nightly, action: 'swap' }, path: '/action' },
    { of: 'a swap without a model', body: { ...nightly, action: { type: 'swap' } }, path: '/action/model' },
    { of: 'a field of another action', body: { ...nightly, action: { type: 'health_sweep', model: 'qwen' } }, path: '/action/model' },
    { of: 'a model that is no key', body: { ...nightly, action: { type: 'warm', model: 'Qwen 3' } }, path: '/action/model' },
    { of: 'a wait of a week', body: { ...nightly, lock_wait_seconds: 604_800 }, path: '/lock_wait_seconds' },
    { of: 'a policy nobody knows', body: { ...nightly, missed: 'run_all' }, path: '/missed' },
    { of: 'a blank name', body: { ...nightly, name: '  ' }, path: '/name' },
    { of: 'an unknown field', body: { ...nightly, seconds: 5 }, path: '/seconds' },
  ];
  for (const { of, body, path } of refused) {
    it(`are refused with 422 and a path: ${of}`, async () => {
      const answer = await post(server.port, PATH, body);
      expectDocumented(routeOf('POST', PATH), answer);
      expect(answer.status).to.equal(422);
      const { code, issues = [] } = bodyOf<WireProblem>(answer);
      expect([code, issues.map((issue) => issue.path)]).to.deep.equal(['INVALID_REQUEST', [path]]);
    });
  }

  it('are refused with 404 and what may have been meant, where the model or the cluster is not there', async () => {
    const model = await post(server.port, PATH, { ...nightly, action: { type: 'swap', model: 'qwem' } });
    expectDocumented(routeOf('POST', PATH), model);
    expect(bodyOf<WireProblem>(model)).to.deep.include({
      status: 404,
      code: 'MODEL_NOT_FOUND',
      detail: 'There is no model "qwem". Did you mean qwen?',
    });
    expect(bodyOf<WireProblem>(model).issues?.[0]?.path).to.equal('/action/model');
    const cluster = await post(server.port, PATH, { ...nightly, action: { type: 'warm', model: 'qwen', cluster: 'defaul' } });
    expect(bodyOf<WireProblem>(cluster)).to.include({ code: 'CLUSTER_NOT_FOUND' });
    expect(bodyOf<WireProblem>(cluster).issues?.[0]?.path).to.equal('/action/cluster');
  });
});
