import { expect } from 'chai';
import { createApi } from '../src/api.ts';
import { ApiError, createCall } from '../src/transport.ts';
import { problemView } from '../src/view-models/problem.ts';
import { aSwap } from './support/wire-builders.ts';

type Call = Readonly<{ path: string; method: string; headers: Headers; body: unknown }>;

/** A `fetch` that answers from a list, in order, and writes down what was asked. */
function scripted(...answers: (Response | Error)[]) {
  const calls: Call[] = [];
  const fake: typeof fetch = async (input, init) => {
    const body = typeof init?.body === 'string' ? JSON.parse(init.body) : null;
    calls.push({ path: String(input), method: init?.method ?? 'GET', headers: new Headers(init?.headers), body });
    const answer = answers.shift();
    if (answer === undefined) throw new Error(`unexpected call ${String(input)}`);
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { api: createApi(createCall(fake)), calls };
}

const json = (body: unknown, status = 200, headers: Record<string, string> = {}) => new Response(JSON.stringify(body), { status, headers });
const token = (text: string) => json({ csrf_token: text, anonymous: true });
const refusal = (code: string, status: number) =>
  json({ type: 'urn:x', title: 'No', status, detail: 'It said no.', code, request_id: 'req_1', remedy: 'Wait.' }, status);

async function problemOf(promise: Promise<unknown>) {
  const error: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ApiError)) throw new Error(`expected an ApiError, got ${String(error)}`);
  return error.problem;
}

describe('the api', () => {
  it('fetches the token once and sends it with every unsafe request', async () => {
    const { api, calls } = scripted(token('t1'), json(aSwap(), 202), json(aSwap(), 202));
    await api.startSwap({ model: 'gemma-27b', cluster: 'default' }, 'key-1', null);
    await api.cancelSwap('swp_01');
    expect(calls.map(({ method, path }) => `${method} ${path}`)).to.deep.equal([
      'GET /api/session',
      'POST /api/swap',
      'POST /api/swap/swp_01/cancel',
    ]);
    expect(calls[1]?.headers.get('x-csrf-token')).to.equal('t1');
    expect(calls[1]?.headers.get('idempotency-key')).to.equal('key-1');
    expect(calls[1]?.body).to.deep.equal({ model: 'gemma-27b', cluster: 'default' });
  });

  it('gets a new token when the old one is refused, once', async () => {
    const { api, calls } = scripted(token('old'), refusal('CROSS_SITE', 403), token('new'), json(aSwap(), 202));
    await api.cancelSwap('swp_01');
    expect(calls[3]?.headers.get('x-csrf-token')).to.equal('new');
    const again = scripted(token('old'), refusal('CROSS_SITE', 403), token('new'), refusal('CROSS_SITE', 403));
    expect((await problemOf(again.api.cancelSwap('swp_01'))).code).to.equal('CROSS_SITE');
  });

  it('asks for the token again after it could not be had', async () => {
    const { api } = scripted(new TypeError('offline'), token('t1'), json(aSwap(), 202));
    expect((await problemOf(api.cancelSwap('swp_01'))).code).to.equal('NO_ANSWER');
    expect(await api.cancelSwap('swp_01')).to.include({ id: 'swp_01' });
  });

  it('rejects with the problem document, and shows code, sentence, remedy and request id', async () => {
    const { api } = scripted(refusal('SWAP_NOT_FOUND', 404));
    const problem = await problemOf(api.swap('swp_99'));
    expect(problemView(problem)).to.deep.include({ code: 'SWAP_NOT_FOUND', sentence: 'It said no.', remedy: 'Wait.', requestId: 'req_1' });
  });

  it('names each fault of a request', async () => {
    const issues = [{ path: '/drain_seconds', code: 'maximum', message: 'must be <= 3600' }];
    const { api } = scripted(
      token('t'),
      json({ title: 'x', status: 422, detail: 'Bad.', code: 'INVALID_REQUEST', request_id: null, remedy: '', issues }, 422),
    );
    const view = problemView(await problemOf(api.startSwap({ model: null }, 'k', null)));
    expect(view.issues).to.deep.equal(['/drain_seconds: must be <= 3600']);
  });

  it('tells an answer of a proxy from one of the server', async () => {
    const { api } = scripted(new Response('<h1>Bad gateway</h1>', { status: 502, headers: { 'x-request-id': 'r9' } }));
    expect(await problemOf(api.models())).to.include({ code: 'BAD_ANSWER', title: 'HTTP 502', status: 502 });
  });

  it('reports a success that is not JSON', async () => {
    const { api } = scripted(new Response('<html>'));
    expect((await problemOf(api.models())).code).to.equal('BAD_ANSWER');
  });

  it('lets an abort through as what it is', async () => {
    const abort = new AbortController();
    abort.abort();
    const { api } = scripted(token('t'), new DOMException('aborted', 'AbortError'));
    const error: unknown = await api.validate('m', 'c', abort.signal).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(DOMException);
  });

  it('escapes what goes into a path', async () => {
    const { api, calls } = scripted(json(aSwap()), json({ items: [], next_cursor: null }));
    await api.swap('../models?x=1');
    await api.swaps({ outcome: 'failed', model: 'a&b' }, 30);
    expect(calls.map(({ path }) => path)).to.deep.equal([
      '/api/swap/..%2Fmodels%3Fx%3D1',
      '/api/swaps?outcome=failed&model=a%26b&limit=30',
    ]);
  });

  it('asks for locks, plans and webhooks as the contract says', async () => {
    const { api, calls } = scripted(token('t1'), ...Array.from({ length: 12 }, () => json({})), new Response(null, { status: 204 }));
    await api.acquireLock({ holder: 'alice', ttl_seconds: 60, cluster: 'default' }, 'key-1');
    await api.renewLock('lck_1');
    await api.lock('default');
    await api.breakLock('default', 'it & burns?');
    await api.startSwap({ model: null }, 'key-2', 'lck_1');
    await api.calendar('2026-11-21T00:00:00.000Z', '2026-11-28T00:00:00.000Z');
    await api.changeAutomation('aut_1', { enabled: false });
    await api.runAutomation('aut_1', 'key-3');
    await api.rotateSecret('whk/1', 'key-4');
    await api.deliveries('whk_1', { cursor: null, limit: 50 });
    await api.audit('lock_broken', { cursor: '7', limit: 50 });
    await api.audit('', { cursor: null, limit: 50 });
    expect(await api.releaseLock('lck_1')).to.equal(null);
    expect(calls.slice(1).map(({ method, path }) => `${method} ${path}`)).to.deep.equal([
      'POST /api/swap/lock',
      'PUT /api/swap/lock',
      'GET /api/swap/lock?cluster=default',
      'DELETE /api/swap/lock?cluster=default&force=true&reason=it+%26+burns%3F',
      'POST /api/swap',
      'GET /api/schedules?from=2026-11-21T00%3A00%3A00.000Z&to=2026-11-28T00%3A00%3A00.000Z',
      'PATCH /api/automations/aut_1',
      'POST /api/automations/aut_1/run',
      'POST /api/webhooks/whk%2F1/rotate-secret',
      'GET /api/webhooks/whk_1/deliveries?limit=50',
      'GET /api/audit?action=lock_broken&limit=50&cursor=7',
      'GET /api/audit?limit=50',
      'DELETE /api/swap/lock',
    ]);
    expect(calls.slice(1).filter(({ method, headers }) => method !== 'GET' && headers.get('x-csrf-token') !== 't1')).to.deep.equal([]);
    expect(calls[2]?.body).to.deep.equal({ lock_id: 'lck_1' });
    expect([calls[5], calls[13]].map((call) => call?.headers.get('x-swap-lock'))).to.deep.equal(['lck_1', 'lck_1']);
    // A lock id in an address would end up in logs.
    expect(calls.filter(({ path }) => path.includes('lck_'))).to.deep.equal([]);
  });
});
