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
  ['GET /api/models/a%2Fb', (c) => c.catalog.get(ID)],
  ['POST /api/models {"key":"k","repo":"a/b"}', (c) => c.catalog.create({ key: 'k', repo: 'a/b' })],
  ['PATCH /api/models/a%2Fb {"name":null}', (c) => c.catalog.change(ID, { name: null })],
  ['DELETE /api/models/a%2Fb', (c) => c.catalog.remove(ID)],
  ['PUT /api/models/a%2Fb/knobs {"flags":{"max-model-len":8192}}', (c) => c.catalog.setKnobs(ID, { flags: { 'max-model-len': 8192 } })],
  ['GET /api/models/a%2Fb/history', (c) => c.catalog.history(ID)],
  ['POST /api/models/a%2Fb/revert {"revision":3}', (c) => c.catalog.revert(ID, 3)],
  ['POST /api/models/parse-command {"command":"vllm serve x"}', (c) => c.catalog.parseCommand('vllm serve x')],
  ['GET /api/vllm-flags', (c) => c.catalog.flags()],
  ['GET /api/models/a%2Fb/disk', (c) => c.catalog.disk(ID)],
  ['DELETE /api/models/a%2Fb/disk?host=one&dry_run=true', (c) => c.catalog.deleteDisk(ID, { host: 'one', dry_run: 'true' })],
  ['POST /api/models/a%2Fb/download {"hosts":["one"]}', (c) => c.catalog.download(ID, { hosts: ['one'] })],
  ['POST /api/models/a%2Fb/pull-image {}', (c) => c.catalog.pullImage(ID)],
  ['GET /api/operations?kind=image_pull&state=running', (c) => c.operations.list({ kind: 'image_pull', state: 'running' })],
  ['GET /api/operations/a%2Fb?wait_seconds=5', (c) => c.operations.get(ID, { waitSeconds: 5 })],
  ['POST /api/operations/a%2Fb/cancel {}', (c) => c.operations.cancel(ID)],
  ['POST /api/hosts/a%2Fb/test {}', (c) => c.hostAdmin.test(ID)],
  ['POST /api/hosts/a%2Fb/trust {"fingerprint":"SHA256:x"}', (c) => c.hostAdmin.trust(ID, 'SHA256:x')],
  ['GET /api/hosts/a%2Fb/updates', (c) => c.hostAdmin.updatePlan(ID)],
  ['POST /api/hosts/a%2Fb/updates {"plan":"p"}', (c) => c.hostAdmin.update(ID, { plan: 'p' })],
  ['POST /api/hosts/a%2Fb/reboot {"confirm":"a/b"}', (c) => c.hostAdmin.reboot(ID, { confirm: ID })],
  ['GET /api/services', (c) => c.services.list()],
  ['GET /api/services/a%2Fb', (c) => c.services.get(ID)],
  ['GET /api/services/a%2Fb/logs?lines=50', (c) => c.services.logs(ID, 50)],
  ['POST /api/services/a%2Fb/restart {"reason":"r"}', (c) => c.services.restart(ID, { reason: 'r' })],
  ['PUT /api/services/a%2Fb/memory {"limit_mib":null}', (c) => c.services.setMemory(ID, null)],
  ['GET /api/services/a%2Fb/patches?action=apply', (c) => c.services.patchPlan(ID, 'apply')],
  ['POST /api/services/a%2Fb/undo-patches {"confirm":"p"}', (c) => c.services.patch(ID, 'undo', 'p')],
  ['GET /api/health/deep', (c) => c.services.deepHealth()],
  ['GET /api/endpoints', (c) => c.services.endpoints()],
  ['GET /api/nim/images', (c) => c.services.nimImages()],
  ['POST /api/nim/install {"image":"i"}', (c) => c.services.installNim({ image: 'i' })],
  ['GET /api/qdrant/collections?service=db', (c) => c.qdrant.collections('db')],
  ['GET /api/qdrant/snapshots?collection=docs', (c) => c.qdrant.snapshots({ collection: 'docs' })],
  ['POST /api/qdrant/snapshots {"keep_count":3}', (c) => c.qdrant.snapshot({ keep_count: 3 })],
  ['DELETE /api/qdrant/snapshots/a%2Fb?collection=docs', (c) => c.qdrant.removeSnapshot(ID, { collection: 'docs' })],
  [
    'POST /api/qdrant/restore {"collection":"docs","snapshot":"s","confirm":"docs"}',
    (c) => c.qdrant.restore({ collection: 'docs', snapshot: 's', confirm: 'docs' }),
  ],
  ['GET /api/qdrant/storage-restore', (c) => c.qdrant.storageRestore()],
  ['GET /api/settings', (c) => c.settings.get()],
  ['PATCH /api/settings {"changes":[{"path":"/server/port","value":1}]}', (c) => c.settings.change([{ path: '/server/port', value: 1 }])],
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
