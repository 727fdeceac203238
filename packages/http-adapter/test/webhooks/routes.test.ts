import { type Actor, deliveryId, type NewWebhook, NOTICE_TYPES, SparkError, webhookId } from '@spark-control/core';
import { expect } from 'chai';
import { MemoryAnswers } from '../../../core/test/support/memory-answers.ts';
import { HttpWebhookSender } from '../../src/index.ts';
import { invalidRequest } from '../../src/routing/validator.ts';
import { expectDocumented, routeOf } from '../support/documented.ts';
import { aListedWebhook, ScriptedWebhooks } from '../support/scripted-webhooks.ts';
import { type Answer, type Ask, ask, bodyOf, startServer, type TestServer } from '../support/test-server.ts';
import { aDelivery, NOTICES } from './samples.ts';

const SECRET = 'whsec_c2VjcmV0IG9mIGEgdGVzdCwgbG9uZyBlbm91Z2g=';
const missing = (code: 'WEBHOOK_NOT_FOUND' | 'DELIVERY_NOT_FOUND') => new SparkError(code, 'There is none of that id.');

describe('the routes of webhooks', () => {
  let server: TestServer;
  let desk: ScriptedWebhooks;
  beforeEach(async () => {
    desk = new ScriptedWebhooks();
    desk.get = async (id) => {
      if (id !== 'whk_1') throw missing('WEBHOOK_NOT_FOUND');
      return aListedWebhook();
    };
    server = await startServer({ webhooks: desk, answers: new MemoryAnswers() });
  });
  afterEach(() => server.close());

  /** Every answer has to be one that is documented, exactly. */
  const call = async (
    method: string,
    pattern: string,
    id = 'whk_1',
    over: Ask & { json?: unknown; query?: string } = {},
  ): Promise<Answer> => {
    const { json, query = '', ...rest } = over;
    const sent = json === undefined ? {} : { body: JSON.stringify(json), headers: { 'content-type': 'application/json', ...rest.headers } };
    const answer = await ask(server.port, pattern.replace('{id}', id) + query, { method, ...rest, ...sent });
    expectDocumented(routeOf(method, pattern), answer);
    return answer;
  };
  const issues = (answer: Answer): string[] => {
    expect(answer.status, answer.text).to.equal(422);
    return bodyOf<{ issues: { path: string; code: string }[] }>(answer).issues.map(({ path, code }) => `${path} ${code}`);
  };

  it('list endpoints without their secrets', async () => {
    const hidden = { secret: SECRET } as object;
    desk.list = async () => [
      aListedWebhook({ pending: 3, ...hidden }),
      aListedWebhook({ id: webhookId('whk_2'), disabledReason: 'gone', dead: 1 }),
    ];
    const answer = await call('GET', '/api/webhooks');
    expect(answer.text).to.not.contain('whsec_');
    const { items, next_cursor } = bodyOf<{ items: Record<string, unknown>[]; next_cursor: null }>(answer);
    expect(next_cursor).to.equal(null);
    expect(items[0]).to.deep.equal({
      id: 'whk_1',
      url: 'http://gpu-box.local:18790/spark',
      events: ['swap_complete', 'swap_failed'],
      description: null,
      enabled: true,
      allow_loopback: true,
      disabled_reason: null,
      pending: 3,
      dead: 0,
      created_at: '2023-11-14T22:13:20.000Z',
      updated_at: '2023-11-14T22:13:20.000Z',
    });
    expect(items[1]).to.include({ id: 'whk_2', disabled_reason: 'gone', dead: 1 });
  });

  it('create one, with defaults, and give out the secret', async () => {
    let made: [NewWebhook, Actor] | null = null;
    desk.create = async (from, actor) => {
      made = [from, actor];
      return { webhook: aListedWebhook(from), secret: SECRET };
    };
    const json = { url: 'http://gpu-box.local/', events: ['swap_complete'] };
    const answer = await call('POST', '/api/webhooks', '', { json, headers: { 'x-request-id': 'r1' } });
    expect(answer.status).to.equal(201);
    expect(answer.headers.location).to.equal('/api/webhooks/whk_1');
    expect(bodyOf(answer)).to.include({ id: 'whk_1', secret: SECRET, allow_loopback: false });
    expect(made).to.deep.equal([
      { ...json, description: null, enabled: true, allowLoopback: false },
      { name: 'anonymous@127.0.0.1', address: '127.0.0.1', requestId: 'r1' },
    ]);
    await call('POST', '/api/webhooks', '', { json: { ...json, description: 'x', enabled: false, allow_loopback: true } });
    expect(made?.[0]).to.include({ description: 'x', enabled: false, allowLoopback: true });
  });

  it('refuse a body that is not well formed, each fault with its path', async () => {
    const url = 'http://gpu-box.local/';
    const create = (json: unknown) => call('POST', '/api/webhooks', '', { json });
    expect(issues(await create({ url, events: [] }))).to.deep.equal(['/events too_small']);
    expect(issues(await create({ url, events: ['swap_complete', 'swap_began'] }))).to.deep.equal(['/events/1 not_allowed']);
    expect(issues(await create({ url, events: ['test'] }))).to.deep.equal(['/events/0 not_allowed']);
    expect(issues(await create({ url, events: ['swap_failed', 'swap_failed'] }))).to.deep.equal(['/events unique_items']);
    expect(issues(await create({ events: ['swap_failed'] }))).to.deep.equal(['/url required']);
    expect(issues(await create({ url: '', events: ['swap_failed'] }))).to.deep.equal(['/url too_small']);
    expect(issues(await create({ url: 7, events: 'all', secret: 'x' }))).to.have.members([
      '/url wrong_type',
      '/events wrong_type',
      '/secret unknown_field',
    ]);
    expect(issues(await call('PATCH', '/api/webhooks/{id}', 'whk_1', { json: { events: [], enabled: 'yes' } }))).to.have.members([
      '/events too_small',
      '/enabled wrong_type',
    ]);
    expect(
      bodyOf(await call('PATCH', '/api/webhooks/{id}', 'whk_1', { body: '{', headers: { 'content-type': 'application/json' } })),
    ).to.include({
      code: 'MALFORMED_JSON',
    });
    for (const type of NOTICE_TYPES) {
      desk.create = async (from) => ({ webhook: aListedWebhook(from), secret: SECRET });
      expect((await create({ url, events: [type] })).status, type).to.equal(201);
    }
  });

  it('refuse a target that the policy refuses, as a fault of /url', async () => {
    const resolve = async (name: string) => {
      if (name === 'gpu-box.local') return ['192.168.1.20'];
      throw Object.assign(new Error('no'), { code: 'ENOTFOUND' });
    };
    const { clock } = server;
    const logger = { debug() {}, info() {}, warn() {}, error() {} };
    const sender = new HttpWebhookSender({ clock, logger, version: '1', listeners: () => [{ host: '192.168.1.9', port: 9999 }], resolve });
    desk.create = async (from) => {
      const objection = await sender.objection(from.url, from.allowLoopback, new AbortController().signal);
      if (objection !== null) throw invalidRequest([{ path: '/url', code: 'target_not_allowed', message: objection }]);
      return { webhook: aListedWebhook(from), secret: SECRET };
    };
    const create = (url: string, over = {}) => call('POST', '/api/webhooks', '', { json: { url, events: ['swap_complete'], ...over } });
    for (const url of [
      'http://anna:secret@gpu-box.local/',
      'ftp://gpu-box.local/',
      'gpu-box.local',
      'http://nobody.local/',
      'http://169.254.169.254/latest',
      'http://192.168.1.9:9999/',
      'http://localhost/',
      'http://127.1/',
    ]) {
      const answer = await create(url);
      expect(issues(answer), url).to.deep.equal(['/url target_not_allowed']);
      expect(answer.text, 'what was given as password is not repeated').to.not.contain('anna:secret');
    }
    expect((await create('http://gpu-box.local/hook')).status).to.equal(201);
    expect((await create('http://127.1/', { allow_loopback: true })).status).to.equal(201);
  });

  it('change what is given and leave the rest', async () => {
    const changes: unknown[] = [];
    desk.change = async (id, change) => {
      if (id !== 'whk_1') throw missing('WEBHOOK_NOT_FOUND');
      changes.push(change);
      return aListedWebhook(change);
    };
    for (const json of [
      {},
      { description: null },
      { enabled: false, allow_loopback: false },
      { url: 'http://10.0.0.1/', events: ['lock_broken'] },
    ]) {
      expect((await call('PATCH', '/api/webhooks/{id}', 'whk_1', { json })).status).to.equal(200);
    }
    expect(changes).to.deep.equal([
      {},
      { description: null },
      { enabled: false, allowLoopback: false },
      { url: 'http://10.0.0.1/', events: ['lock_broken'] },
    ]);
    expect(bodyOf(await call('PATCH', '/api/webhooks/{id}', 'whk_9', { json: {} }))).to.include({ code: 'WEBHOOK_NOT_FOUND' });
  });

  it('remove one, and say 404 for what is not there', async () => {
    const removed: string[] = [];
    desk.remove = async (id) => {
      if (id !== 'whk_1') throw missing('WEBHOOK_NOT_FOUND');
      removed.push(id);
    };
    const answer = await call('DELETE', '/api/webhooks/{id}');
    expect(answer).to.include({ status: 204, text: '' });
    expect((await call('DELETE', '/api/webhooks/{id}', 'whk_2')).status).to.equal(404);
    expect(removed).to.deep.equal(['whk_1']);
    expect(bodyOf(await call('GET', '/api/webhooks/{id}'))).to.include({ id: 'whk_1' });
    expect((await call('GET', '/api/webhooks/{id}', 'whk_2')).status).to.equal(404);
  });

  it('rotate a secret, once for one Idempotency-Key', async () => {
    let rotations = 0;
    desk.rotateSecret = async () => ({ webhook: aListedWebhook(), secret: `${SECRET}${rotations++}` });
    const rotate = (id = 'whk_1', key?: string) =>
      call('POST', '/api/webhooks/{id}/rotate-secret', id, { headers: key === undefined ? {} : { 'idempotency-key': key } });
    const first = await rotate('whk_1', 'k');
    expect(bodyOf(first)).to.include({ secret: `${SECRET}0` });
    const again = await rotate('whk_1', 'k');
    expect(again.text).to.equal(first.text);
    expect(again.headers['idempotency-replayed']).to.equal('true');
    expect(bodyOf(await rotate())).to.include({ secret: `${SECRET}1` });
    desk.rotateSecret = async () => {
      throw missing('WEBHOOK_NOT_FOUND');
    };
    desk.get = desk.rotateSecret as never;
    expect((await rotate('whk_1', 'k')).status, 'a 404 comes before a replay').to.equal(404);
  });

  it('create one endpoint for one Idempotency-Key', async () => {
    let made = 0;
    desk.create = async (from) => ({ webhook: aListedWebhook({ ...from, id: webhookId(`whk_${made++}`) }), secret: SECRET });
    const create = (events: string[]) =>
      call('POST', '/api/webhooks', '', { json: { url: 'http://10.0.0.1/', events }, headers: { 'idempotency-key': 'k' } });
    const first = await create(['swap_failed']);
    expect((await create(['swap_failed'])).text).to.equal(first.text);
    expect(bodyOf(await create(['swap_started']))).to.include({ code: 'IDEMPOTENCY_KEY_REUSED' });
    expect(made).to.equal(1);
  });

  it('send a test and tell what came of it', async () => {
    const last = { at: 1_700_000_000_000, durationMs: 12.4, status: 500, error: 'It answered 500.', retryAfterMs: 7_000 };
    desk.test = async (id, actor) =>
      aDelivery({ webhook: id, notice: { ...NOTICES.test, by: actor.name }, attempts: 1, state: 'dead', last });
    const answer = await call('POST', '/api/webhooks/{id}/test');
    expect(answer.status).to.equal(200);
    expect(bodyOf(answer)).to.deep.include({
      type: 'test',
      state: 'dead',
      last: { at: '2023-11-14T22:13:20.000Z', duration_ms: 12, status: 500, error: 'It answered 500.' },
    });
    expect((await call('POST', '/api/webhooks/{id}/test', 'whk_2', { json: {} })).status).to.equal(404);
    expect(issues(await call('POST', '/api/webhooks/{id}/test', 'whk_1', { json: { loud: true } }))).to.deep.equal(['/loud unknown_field']);
  });

  it('list deliveries with what is sent and the status that came back, page by page', async () => {
    const asked: unknown[] = [];
    desk.deliveries = async (_id, query) => {
      asked.push(query);
      return Array.from({ length: Math.min(query.limit, 3) }, (_, index) => aDelivery({ id: deliveryId(`dlv_${9 - index}`) }));
    };
    const list = (query = '') => call('GET', '/api/webhooks/{id}/deliveries', 'whk_1', { query });
    const page = bodyOf<{ items: Record<string, unknown>[]; next_cursor: string | null }>(await list('?limit=2&state=dead&cursor=dlv_10'));
    expect(page.items.map(({ id }) => id)).to.deep.equal(['dlv_9', 'dlv_8']);
    expect(page.next_cursor).to.equal('dlv_8');
    expect(page.items[0]?.['request']).to.deep.nested.include({
      url: 'http://gpu-box.local:18790/spark',
      'body.type': 'swap_complete',
      'body.data.endpoint.model_id': 'qwen',
    });
    expect(bodyOf(await list())).to.include({ next_cursor: null });
    expect(asked).to.deep.equal([{ limit: 3, state: 'dead', before: 'dlv_10' }, { limit: 51 }]);
    expect(issues(await list('?state=lost&limit=0'))).to.have.members(['/query/state not_allowed', '/query/limit too_small']);
    expect((await call('GET', '/api/webhooks/{id}/deliveries', 'whk_2')).status).to.equal(404);
  });

  it('send a delivery again', async () => {
    desk.redeliver = async (id) => {
      if (id !== 'dlv_1') throw missing('DELIVERY_NOT_FOUND');
      return aDelivery();
    };
    const answer = await call('POST', '/api/webhooks/deliveries/{id}/redeliver', 'dlv_1');
    expect(answer.status).to.equal(202);
    expect(bodyOf(answer)).to.include({ id: 'dlv_1', state: 'pending' });
    expect(bodyOf(await call('POST', '/api/webhooks/deliveries/{id}/redeliver', 'dlv_2'))).to.include({ code: 'DELIVERY_NOT_FOUND' });
  });

  it('leave alone what the environment has set', async () => {
    const refuse = async (): Promise<never> => {
      throw new SparkError('READ_ONLY', 'This webhook is set by SWAP_WEBHOOK_URL.');
    };
    Object.assign(desk, { change: refuse, remove: refuse, rotateSecret: refuse });
    expect((await call('PATCH', '/api/webhooks/{id}', 'whk_1', { json: {} })).status).to.equal(409);
    expect((await call('DELETE', '/api/webhooks/{id}')).status).to.equal(409);
    expect((await call('POST', '/api/webhooks/{id}/rotate-secret')).status).to.equal(409);
  });

  it('say 503 when the store cannot be written, and what other methods there are', async () => {
    desk.create = async () => {
      throw new SparkError('STORE_UNAVAILABLE', 'The disk is full.');
    };
    const answer = await call('POST', '/api/webhooks', '', { json: { url: 'http://10.0.0.1/', events: ['swap_failed'] } });
    expect(answer.status).to.equal(503);
    const put = await ask(server.port, '/api/webhooks/whk_1', { method: 'PUT' });
    expect(put.status).to.equal(405);
    expect(put.headers.allow).to.equal('GET, HEAD, PATCH, DELETE, OPTIONS');
  });
});
