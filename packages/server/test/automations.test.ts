import { clusterKey, createDefaultModels, modelKey, type SparkCore, silentLogger } from '@spark-control/core';
import { HttpModelEndpoint } from '@spark-control/http-adapter';
import type { WireAutomation, WireAutomationRun, WireAutomationRunList, WireGrant } from '@spark-control/schema';
import { expect } from 'chai';
import { SystemClock } from '../src/index.ts';
import { Folders } from './support/folders.ts';
import { type Running, run } from './support/running.ts';

const JSON_TYPE = { 'content-type': 'application/json' };

async function call<T>(url: string, method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<T> {
  const answer = await fetch(url + path, {
    method,
    headers: { ...(body !== undefined && JSON_TYPE), ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  expect(answer.status, text).to.be.lessThan(300);
  return (text === '' ? null : JSON.parse(text)) as T;
}

async function eventually<T>(look: () => Promise<T | null>): Promise<T> {
  for (let end = Date.now() + 20_000; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 50))) {
    const found = await look();
    if (found !== null) return found;
  }
  throw new Error('it did not come to pass within 20 s');
}

const swapping = { name: 'nightly', cron: '0 3 1 1 *', action: { type: 'swap', model: 'small' } };

describe('automations of a whole server', function () {
  this.timeout(60_000);
  let folders: Folders;
  let server: Running;
  beforeEach(async () => {
    folders = new Folders();
    server = await run(folders);
  });
  afterEach(async () => {
    await server.stop();
    folders.remove();
  });

  const create = (body: object): Promise<WireAutomation> => call(server.url, 'POST', '/api/automations', body);
  const runsOf = async ({ id }: WireAutomation): Promise<readonly WireAutomationRun[]> =>
    (await call<WireAutomationRunList>(server.url, 'GET', `/api/automations/${id}/runs`)).items;
  const start = ({ id }: WireAutomation): Promise<WireAutomationRun> => call(server.url, 'POST', `/api/automations/${id}/run`, {});
  const lastOf = async (automation: WireAutomation): Promise<WireAutomationRun | null> => {
    const [last] = await runsOf(automation);
    return last?.outcome == null ? null : last;
  };
  const acquire = (holder: string): Promise<WireGrant> => call(server.url, 'POST', '/api/swap/lock', { holder, ttl_seconds: 60 });
  const release = ({ lock_id }: WireGrant): Promise<unknown> =>
    call(server.url, 'DELETE', '/api/swap/lock', undefined, { 'x-swap-lock': lock_id });

  it('fire by the clock of the machine, each moment once', async () => {
    const sweep = await create({ name: 'sweep', cron: '* * * * * *', action: { type: 'health_sweep' } });
    const runs = await eventually(async () => {
      const found = await runsOf(sweep);
      return found.filter(({ outcome }) => outcome === 'succeeded').length >= 2 ? found : null;
    });
    const moments = runs.map(({ scheduled_for }) => scheduled_for);
    expect(new Set(moments).size).to.equal(moments.length);
    expect(moments.every((moment) => moment?.endsWith('.000Z'))).to.equal(true);
  });

  it('wait for somebody else’s lock, and swap when it is released', async () => {
    const grant = await acquire('cron:bench');
    const automation = await create(swapping);
    await start(automation);
    const waiting = await eventually(async () => (await runsOf(automation)).find(({ swap_id }) => swap_id !== null) ?? null);
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect((await server.control.core.swap(waiting.swap_id as never))?.phase).to.equal('queued');
    await release(grant);
    const run = await eventually(() => lastOf(automation));
    expect(run).to.include({ outcome: 'succeeded', swap_id: waiting.swap_id });
  });

  it('fail when the lock is not released in time, and change nothing', async () => {
    const grant = await acquire('cron:bench');
    const automation = await create({ ...swapping, lock_wait_seconds: 1 });
    await start(automation);
    expect(await eventually(() => lastOf(automation))).to.include({ outcome: 'failed' });
    expect(server.control.core.views()[0]?.serving).to.deep.equal({ kind: 'nothing' });
    const now = await create({ ...swapping, name: 'impatient', lock_wait_seconds: 0 });
    await start(now);
    expect((await eventually(() => lastOf(now))).detail).to.equal('cron:bench has the lock of default.');
    await release(grant);
  });

  it('are taken up by the next process in the middle of their swap', async () => {
    const automation = await create(swapping);
    await start(automation);
    await eventually(async () => (await runsOf(automation)).find(({ swap_id }) => swap_id !== null) ?? null);
    await server.stop();
    server = await run(folders);
    const last = await eventually(() => lastOf(automation));
    expect(last.detail).to.match(/^small serves on default after \d+ s \(swap swp_\w+\)\.$/);
    expect(await runsOf(automation)).to.have.length(1);
  });

  it('leave the way to a default model, which comes back when a lock ends and not before', async () => {
    const endpoint = new HttpModelEndpoint();
    const rule = { cluster: clusterKey('default'), model: modelKey('large'), afterLockRelease: true, afterIdleMs: null, afterReboot: true };
    const { core } = server.control;
    const models = createDefaultModels({ core, rules: [rule], activity: endpoint, clock: new SystemClock(), logger: silentLogger });
    await models.start();
    const grant = await acquire('cron:bench');
    await call(server.url, 'POST', '/api/swap', { model: 'small' }, { 'x-swap-lock': grant.lock_id });
    await eventually(async () => (serves(core, 'small') ? true : null));
    await release(grant);
    await eventually(async () => (serves(core, 'large') ? true : null));
    const [swap, before] = await core.swaps({ limit: 2 });
    expect([swap?.requestedBy, swap?.reason]).to.deep.equal(['default-model', 'default model, after the lock was released']);
    expect((swap?.createdAt ?? 0) - (before?.settledAt ?? 0)).to.be.at.least(5_000);
    await models.close();
    endpoint.close();
  });
});

function serves(core: SparkCore, key: string): boolean {
  const [view] = core.views();
  return view?.serving.kind === 'model' && view.serving.model === key && view.isHealthy && view.activeSwap === null;
}
