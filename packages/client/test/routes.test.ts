import { expect } from 'chai';
import { createClient, type SparkClient } from '../src/index.ts';
import { FakeApi } from './support/fake-api.ts';

const ID = 'a/b';
const REGISTRATION = { owner: 'me', title: 'job', windows: [{ start: '2026-11-21T06:00:00Z', end: '2026-11-21T07:00:00Z' }] };
const AUTOMATION = { name: 'x', cron: '0 3 * * *', action: { type: 'health_sweep' } } as const;
const HOOK = { url: 'http://127.0.0.1:1/', events: ['swap_complete' as const] };

/** Where each call goes, as the wire contract has it. */
const CALLS: readonly (readonly [request: string, call: (client: SparkClient) => Promise<unknown>])[] = [
  ['GET /api/status', (c) => c.status()],
  ['GET /api/models', (c) => c.models()],
  ['GET /api/clusters', (c) => c.clusters()],
  ['GET /api/hosts', (c) => c.hosts()],
  ['GET /api/hosts/a%2Fb', (c) => c.host(ID)],
  ['GET /api/version', (c) => c.version()],
  ['GET /healthz', (c) => c.health()],
  ['GET /readyz', (c) => c.readiness()],
  ['GET /api/audit?action=lock_broken&limit=5', (c) => c.audit({ action: 'lock_broken', limit: 5 })],
  ['POST /api/swap {"model":null}', (c) => c.swaps.request({ model: null })],
  ['GET /api/swap/a%2Fb?wait_seconds=5', (c) => c.swaps.get(ID, { waitSeconds: 5 })],
  ['GET /api/swaps?outcome=ready', (c) => c.swaps.list({ outcome: 'ready' })],
  ['POST /api/swap/a%2Fb/cancel {}', (c) => c.swaps.cancel(ID)],
  ['POST /api/swap/a%2Fb/validate {}', (c) => c.swaps.validate(ID)],
  ['POST /api/swap/lock {"holder":"h","ttl_seconds":5}', (c) => c.lock.acquire({ holder: 'h', ttl_seconds: 5 })],
  ['PUT /api/swap/lock {"lock_id":"lck_1","ttl_seconds":60}', (c) => c.lock.renew('lck_1', 60)],
  ['PUT /api/swap/lock {"lock_id":"lck_1"}', (c) => c.lock.renew('lck_1')],
  ['DELETE /api/swap/lock', (c) => c.lock.release('lck_1')],
  ['GET /api/swap/lock?cluster=left', (c) => c.lock.show('left')],
  ['DELETE /api/swap/lock?cluster=left&force=true&reason=it+hangs+there', (c) => c.lock.break('it hangs there', 'left')],
  ['GET /api/webhooks', (c) => c.webhooks.list()],
  ['GET /api/webhooks/a%2Fb', (c) => c.webhooks.get(ID)],
  [`POST /api/webhooks ${JSON.stringify(HOOK)}`, (c) => c.webhooks.create(HOOK)],
  ['PATCH /api/webhooks/a%2Fb {"enabled":false}', (c) => c.webhooks.change(ID, { enabled: false })],
  ['DELETE /api/webhooks/a%2Fb', (c) => c.webhooks.remove(ID)],
  ['POST /api/webhooks/a%2Fb/rotate-secret {}', (c) => c.webhooks.rotateSecret(ID)],
  ['POST /api/webhooks/a%2Fb/test {}', (c) => c.webhooks.test(ID)],
  ['GET /api/webhooks/a%2Fb/deliveries?state=dead', (c) => c.webhooks.deliveries(ID, { state: 'dead' })],
  ['POST /api/webhooks/deliveries/a%2Fb/redeliver {}', (c) => c.webhooks.redeliver(ID)],
  [`PUT /api/schedules/a%2Fb ${JSON.stringify(REGISTRATION)}`, (c) => c.schedules.register(ID, REGISTRATION)],
  ['GET /api/schedules?cluster=left', (c) => c.schedules.calendar({ cluster: 'left' })],
  ['DELETE /api/schedules/a%2Fb', (c) => c.schedules.remove(ID)],
  ['GET /api/automations', (c) => c.automations.list()],
  ['GET /api/automations/a%2Fb', (c) => c.automations.get(ID)],
  [`POST /api/automations ${JSON.stringify(AUTOMATION)}`, (c) => c.automations.create(AUTOMATION)],
  ['PATCH /api/automations/a%2Fb {"enabled":true}', (c) => c.automations.change(ID, { enabled: true })],
  ['DELETE /api/automations/a%2Fb', (c) => c.automations.remove(ID)],
  ['POST /api/automations/a%2Fb/run {}', (c) => c.automations.run(ID)],
  ['GET /api/automations/a%2Fb/runs?limit=3', (c) => c.automations.runs(ID, { limit: 3 })],
];

describe('the calls of the client', () => {
  const api = new FakeApi();
  before(async () => {
    const depths = ['/{}', '/{}/{}', '/{}/{}/{}', '/{}/{}/{}/{}', '/{}/{}/{}/{}/{}'];
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])
      for (const path of depths) api.on(`${method} ${path}`, { status: 200, body: {} });
    await api.listen();
  });
  after(() => api.stop());

  for (const [request, call] of CALLS) {
    it(`make ${request}`, async () => {
      await call(createClient({ baseUrl: api.url }));
      const { method, path, query, body, headers } = api.seen.at(-1)!;
      const search = query.size === 0 ? '' : `?${query}`;
      expect(`${method} ${path}${search}${body === undefined ? '' : ` ${JSON.stringify(body)}`}`).to.equal(request);
      expect('idempotency-key' in headers).to.equal(method === 'POST');
      expect(headers['content-type']).to.equal(body === undefined ? undefined : 'application/json');
    });
  }
});
