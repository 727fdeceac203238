import { modelKey, type PatchContent, type Service } from '@spark-control/core';
import { expect } from 'chai';
import { ServiceBench } from '../../../core/test/support/service-bench.ts';
import { aService } from '../../../core/test/support/service-samples.ts';
import { expectDocumented, routeOf } from '../support/documented.ts';
import { type Answer, ask, bodyOf, post, startServer, type TestServer } from '../support/test-server.ts';

const PATCH: PatchContent = {
  name: 'server',
  source: '/p/server.py',
  target: '/app/server.py',
  content: new Uint8Array([1]),
  digest: 'new',
};
const JSON_TYPE = { 'content-type': 'application/json' };

describe('services over REST', () => {
  let bench: ServiceBench;
  let server: TestServer;
  const open = async (...services: readonly Service[]): Promise<void> => {
    bench = new ServiceBench(services);
    bench.contents = [PATCH];
    server = await startServer({ services: bench.desk, operations: bench.operations });
  };
  afterEach(async () => {
    await server.close();
    await bench.close();
  });

  const documented = (method: string, path: string, answer: Answer): Answer => {
    expectDocumented(routeOf(method, path), answer);
    return answer;
  };
  const get = async (path: string, as = path): Promise<Answer> => documented('GET', as, await ask(server.port, path));

  it('are listed with their last status, and are part of the overview', async () => {
    await open(aService({ usesGpu: false }), aService({ key: 'off', isDisabled: true }));
    bench.desk.start();
    await bench.clock.advance(0);
    const { items } = bodyOf<{ items: Record<string, unknown>[] }>(await get('/api/services'));
    expect(items).to.have.length(1);
    expect(items[0]).to.deep.include({
      key: 'kokoro-tts',
      kind: 'tts',
      state: 'up',
      latency_ms: 3,
      lock: null,
      link: null,
      source: 'file',
    });
    expect(items[0]?.['host']).to.equal('spark1');
    expect(items[0]?.['base_url']).to.equal('http://10.0.0.1:8880');
    server.core.swaps = async () => [];
    const status = bodyOf<{ services: unknown[] }>(await get('/api/status'));
    expect(status.services).to.deep.equal(items);
  });

  it('show their container one by one', async () => {
    await open(aService({ memoryLimitBytes: 2 ** 30 }));
    const body = bodyOf(await get('/api/services/kokoro-tts', '/api/services/{key}'));
    expect(body).to.deep.include({ facts_problem: null, memory_limit_wanted_bytes: 2 ** 30, deep: null, lock: 'default' });
    expect(body['facts']).to.include({ id: 'c1', status: 'running', memory_used_bytes: 1_000 });
    expect((await get('/api/services/gone', '/api/services/{key}')).status).to.equal(404);
  });

  it('give the end of their log', async () => {
    await open(aService());
    expect(bodyOf(await get('/api/services/kokoro-tts/logs?lines=5', '/api/services/{key}/logs'))['lines']).to.deep.equal(['ready']);
    expect((await get('/api/services/kokoro-tts/logs?lines=0', '/api/services/{key}/logs')).status).to.equal(422);
  });

  it('are restarted as an operation, once for one key', async () => {
    await open(aService({ usesGpu: false }));
    const path = '/api/services/kokoro-tts/restart';
    const send = () => post(server.port, path, { reason: 'it hangs' }, { 'idempotency-key': 'k1' });
    const [first, second] = [await send(), await send()];
    documented('POST', '/api/services/{key}/restart', first);
    const { id, state } = bodyOf(first);
    expect([first.status, state]).to.deep.equal([202, 'running']);
    expect(first.headers['location']).to.equal(`/api/operations/${String(id)}`);
    expect([bodyOf(second)['id'], second.headers['idempotency-replayed']]).to.deep.equal([id, 'true']);
    await bench.clock.advance(1_000);
    expect(bench.host.calls).to.deep.equal(['restart kokoro-tts']);
  });

  it('are refused a restart under a lock that is none, in body or header', async () => {
    await open(aService());
    bench.core.locks.renew = async () => ({ kind: 'fenced_off', detail: 'It was broken.' });
    for (const [body, headers] of [
      [{ lock_id: 'lck_7' }, {}],
      [{}, { 'x-swap-lock': 'lck_7' }],
    ] as const) {
      const answer = documented(
        'POST',
        '/api/services/{key}/restart',
        await post(server.port, '/api/services/kokoro-tts/restart', body, headers),
      );
      expect([answer.status, bodyOf(answer)['code']]).to.deep.equal([412, 'FENCED_OFF']);
    }
    const both = await post(server.port, '/api/services/kokoro-tts/restart', { lock_id: 'a' }, { 'x-swap-lock': 'b' });
    expect(both.status).to.equal(422);
  });

  it('say who has the lock that a restart needs', async () => {
    await open(aService());
    const inTheWay = { holder: 'cron', reason: 'nightly', fence: 1, implicit: false, acquiredAt: 0, expiresAt: null, remainingMs: null };
    bench.core.grant = () => ({ kind: 'held', inTheWay, waiting: null, retryAfterSeconds: 3 });
    const answer = documented('POST', '/api/services/{key}/restart', await post(server.port, '/api/services/kokoro-tts/restart', {}));
    expect(answer.status).to.equal(423);
    expect(bodyOf(answer)['lock']).to.include({ holder: 'cron', reason: 'nightly' });
  });

  it('are capped, and refused a cap that would end them', async () => {
    await open(aService());
    const put = async (body: unknown): Promise<Answer> =>
      documented(
        'PUT',
        '/api/services/{key}/memory',
        await ask(server.port, '/api/services/kokoro-tts/memory', { method: 'PUT', headers: JSON_TYPE, body: JSON.stringify(body) }),
      );
    expect((await put({ limit_mib: 512 })).status).to.equal(200);
    expect((await put({ limit_mib: null })).status).to.equal(200);
    expect(bench.host.calls).to.deep.equal(['limit kokoro-tts 536870912', 'limit kokoro-tts null']);
    bench.host.used = 2 ** 31;
    const refused = await put({ limit_mib: 1_024 });
    expect([refused.status, bodyOf<{ issues: { path: string }[] }>(refused).issues[0]?.path]).to.deep.equal([422, '/limit_mib']);
    expect((await put({ limit_mib: 1 })).status).to.equal(422);
  });

  it('are patched only when the plan is confirmed, and unpatched likewise', async () => {
    await open(aService({ usesGpu: false, patches: [PATCH] }));
    const send = async (word: 'reapply-patches' | 'undo-patches', body: unknown): Promise<Answer> =>
      documented('POST', `/api/services/{key}/${word}`, await post(server.port, `/api/services/kokoro-tts/${word}`, body));
    const plan = await send('reapply-patches', {});
    expect([plan.status, bodyOf(plan)['action'], bench.host.calls]).to.deep.equal([200, 'apply', []]);
    expect(bodyOf(await get('/api/services/kokoro-tts/patches', '/api/services/{key}/patches'))['id']).to.equal(bodyOf(plan)['id']);
    const stale = await send('reapply-patches', { confirm: 'another' });
    expect([stale.status, bodyOf(stale)['code']]).to.deep.equal([412, 'STALE_REVISION']);
    const begun = await send('reapply-patches', { confirm: bodyOf(plan)['id'] });
    expect([begun.status, bodyOf(begun)['kind']]).to.deep.equal([202, 'patches_apply']);
    await bench.clock.advance(1_000);
    const undo = await get('/api/services/kokoro-tts/patches?action=undo', '/api/services/{key}/patches');
    expect(bodyOf(undo)['action']).to.equal('undo');
    expect((await send('undo-patches', { confirm: bodyOf(undo)['id'] })).status).to.equal(202);
    await bench.clock.advance(1_000);
    expect(bench.host.current).to.equal('old');
    const nothing = await send('undo-patches', {});
    expect([nothing.status, bodyOf(nothing)['code']]).to.deep.equal([409, 'NOT_SUPPORTED']);
  });

  it('stand behind the clusters in the list of endpoints, the disabled ones marked', async () => {
    await open(aService(), aService({ key: 'off', port: 1, isDisabled: true }));
    bench.core.serving = { kind: 'model', model: modelKey('gemma') };
    const { items } = bodyOf<{ items: Record<string, unknown>[] }>(await get('/api/endpoints'));
    expect(items.map(({ key, disabled }) => [key, disabled])).to.deep.equal([
      ['default', false],
      ['kokoro-tts', false],
      ['off', true],
    ]);
    expect(items[0]).to.include({
      url: 'http://10.0.0.1:8000',
      health_url: 'http://10.0.0.1:8000/health',
      model: 'gemma',
      cluster: 'default',
    });
    expect(bench.probe.asked).to.deep.equal([]);
  });

  it('are asked in depth together with the models', async () => {
    await open(aService());
    const body = bodyOf<{ ok: boolean; items: Record<string, unknown>[] }>(await get('/api/health/deep'));
    expect([body.ok, body.items.map(({ service, status }) => [service, status])]).to.deep.equal([
      true,
      [
        ['default', 'pass'],
        ['kokoro-tts', 'pass'],
      ],
    ]);
  });

  it('cannot be had where there is no desk for them', async () => {
    await open();
    const bare = await startServer();
    const answer = await ask(bare.port, '/api/services');
    expect([answer.status, bodyOf(answer)['code']]).to.deep.equal([409, 'NOT_SUPPORTED']);
    await bare.close();
  });
});
