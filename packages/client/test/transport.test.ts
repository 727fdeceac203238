import { expect } from 'chai';
import { createClient, SparkApiError, SparkUnreachableError } from '../src/index.ts';
import { fastClock } from './support/clock.ts';
import { FakeApi, problem } from './support/fake-api.ts';
import { aSwap, settledSwap } from './support/wire.ts';

describe('a call of the client', () => {
  let api: FakeApi;
  const client = (more: Partial<Parameters<typeof createClient>[0]> = {}) =>
    createClient({ baseUrl: api.url, clock: fastClock(20), ...more });
  const failure = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => expect.fail('it should reject'),
      (error: unknown) => error,
    );

  beforeEach(async () => {
    api = await new FakeApi().listen();
  });
  afterEach(() => api.stop());

  it('sends the key as a bearer, and none when there is none', async () => {
    api.on('GET /api/version', { status: 200, body: {} });
    await client({ apiKey: 'sk-1' }).version();
    await client().version();
    expect(api.seen.map(({ headers }) => headers.authorization)).to.deep.equal(['Bearer sk-1', undefined]);
  });

  it('repeats a start whose answer was lost under the same Idempotency-Key', async () => {
    api.on('POST /api/swap', ({ count }) => (count < 3 ? 'drop' : { status: 202, body: aSwap() }));
    const swap = await client().swaps.request({ model: 'qwen3-32b' });
    expect(swap.id).to.equal('swp_1');
    const keys = api.seen.map(({ headers }) => headers['idempotency-key']);
    expect(keys).to.have.length(3);
    expect(new Set(keys).size).to.equal(1);
    expect(keys[0]).to.match(/^[0-9a-f-]{36}$/);
  });

  it('has removed what is gone when it asks again after a lost answer, and not what was never there', async () => {
    api.on('DELETE /api/schedules/{}', ({ count }) => (count === 1 ? 'drop' : problem(404, 'SCHEDULE_NOT_FOUND')));
    expect(await client().schedules.remove('nightly')).to.equal(undefined);
    expect(await failure(client().schedules.remove('nightly'))).to.include({ code: 'SCHEDULE_NOT_FOUND' });
    expect(api.seen).to.have.length(3);
  });

  it('does not break a lock again when the answer was lost: by then it may be the next one in line who holds it', async () => {
    api.on('DELETE /api/swap/lock', 'drop');
    expect(await failure(client().lock.break('it hangs there'))).to.be.instanceOf(SparkUnreachableError);
    expect(api.seen).to.have.length(1);
  });

  it('uses a new Idempotency-Key for each start, or the one that is given', async () => {
    api.on('POST /api/swap', { status: 202, body: aSwap() });
    await client().swaps.request({ model: 'a' });
    await client().swaps.request({ model: 'a' });
    await client().swaps.request({ model: 'a' }, { idempotencyKey: 'mine' });
    const [first, second, third] = api.seen.map(({ headers }) => headers['idempotency-key']);
    expect(first).not.to.equal(second);
    expect(third).to.equal('mine');
  });

  it('says that the server cannot be reached after its tries, and why', async () => {
    await api.stop();
    const error = await failure(client().status());
    expect(error)
      .to.be.instanceOf(SparkUnreachableError)
      .with.property('message', `Spark Control at ${api.url} cannot be reached: nothing listens there (connection refused)`);
    await api.listen();
  });

  it('gives up on a server that hangs and does not ask it again', async () => {
    api.on('GET /api/status', () => () => undefined);
    const error = await failure(client().status({ timeoutMs: 400 }));
    expect(error).to.be.instanceOf(SparkUnreachableError).with.property('isTimeout', true);
    expect(api.seen).to.have.length(1);
  });

  it('adds the time that the server is asked to wait to its limit', async () => {
    api.on('GET /api/swap/{}', () => async (response) => {
      setTimeout(() => response.writeHead(200).end(JSON.stringify(settledSwap('ready'))), 150);
    });
    const swap = await client().swaps.get('swp_1', { waitSeconds: 60, timeoutMs: 400 });
    expect(swap.outcome).to.equal('ready');
    expect(api.seen[0]?.query.get('wait_seconds')).to.equal('60');
  });

  it('rejects with status, code and the whole problem, and does not repeat what was refused', async () => {
    const lock = { holder: 'cron:daily', reason: null, expires_at: null };
    api.on('POST /api/swap', problem(423, 'LOCKED', { lock, retry_after_seconds: 30 }));
    const error = await failure(client().swaps.request({ model: 'a' }));
    expect(error).to.be.instanceOf(SparkApiError);
    expect(error).to.include({ status: 423, code: 'LOCKED', message: 'The detail of LOCKED.', retryAfterSeconds: 30 });
    expect((error as SparkApiError).problem?.lock).to.deep.equal(lock);
    expect(api.seen).to.have.length(1);
  });

  it("says of an answer that is not Spark Control's that it is none, and follows no redirect", async () => {
    api.on('GET /api/status', () => (response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'));
    api.on('GET /api/models', { status: 302, headers: { location: 'http://127.0.0.1:1/elsewhere' } });
    const page = await failure(client({ apiKey: 'sk-secret' }).status());
    expect(page).to.include({ code: 'UNEXPECTED_ANSWER', status: 200, problem: null });
    const redirect = await failure(client().models());
    expect(redirect).to.have.property('message').that.contains('answered 302 and points to http://127.0.0.1:1/elsewhere');
    expect(api.seen).to.have.length(2);
  });

  it('rejects with the reason of its signal, before the call and in the middle of it', async () => {
    const over = new AbortController();
    api.on('GET /api/status', () => () => over.abort(new Error('enough')));
    expect(await failure(client().status({ signal: over.signal }))).to.have.property('message', 'enough');
    expect(await failure(client().status({ signal: over.signal }))).to.have.property('message', 'enough');
    expect(api.seen).to.have.length(1);
  });

  it('takes a readiness that fails for an answer', async () => {
    api.on('GET /readyz', { status: 503, body: { ok: false, checks: [] } });
    expect(await client().readiness()).to.deep.equal({ ok: false, checks: [] });
  });

  it('takes a release that was repeated and not found for a release', async () => {
    api.on('DELETE /api/swap/lock', ({ count }) => (count === 1 ? 'drop' : problem(404, 'LOCK_NOT_FOUND')));
    await client().lock.release('lck_1');
    expect(api.seen.map(({ headers }) => headers['x-swap-lock'])).to.deep.equal(['lck_1', 'lck_1']);
    expect(await failure(client().lock.release('lck_1'))).to.have.property('code', 'LOCK_NOT_FOUND');
  });

  it('keeps the path of a server below a proxy', async () => {
    api.on('GET /spark/api/version', { status: 200, body: { version: '1' } });
    expect(await client({ baseUrl: `${api.url}/spark/` }).version()).to.deep.equal({ version: '1' });
  });

  for (const baseUrl of ['nonsense', 'ftp://127.0.0.1', 'http://me:pw@127.0.0.1', 'http://127.0.0.1/?a=b', 'http://127.0.0.1/#x']) {
    it(`refuses ${baseUrl} as an address`, () => {
      expect(() => createClient({ baseUrl }))
        .to.throw(TypeError)
        .with.property('message')
        .that.does.not.contain('pw');
    });
  }

  it('refuses a key that no header can hold, without repeating it', () => {
    expect(() => client({ apiKey: 'sk-\nx' }))
      .to.throw(TypeError)
      .with.property('message')
      .that.does.not.contain('sk-');
  });
});
