import type { WireProblem } from '@spark-control/schema';
import { expect } from 'chai';
import { acquireLease, createClient, type LeaseRequest } from '../src/index.ts';
import { fastClock, until } from './support/clock.ts';
import { FakeApi, problem } from './support/fake-api.ts';
import { aGrant, HELD, LOCK_ID } from './support/wire.ts';

const ACQUIRE = 'POST /api/swap/lock';
const RELEASE = 'DELETE /api/swap/lock';

describe('acquiring a lease', () => {
  let api: FakeApi;
  beforeEach(async () => {
    api = await new FakeApi().listen();
  });
  afterEach(() => api.stop());

  const acquire = (more: Partial<LeaseRequest> = {}) =>
    acquireLease(createClient({ baseUrl: api.url, clock: fastClock(10) }), { holder: 'tester', ttlSeconds: 60, ...more });
  const bodies = () => api.calls(ACQUIRE).map(({ body }) => body);
  const keys = () => api.calls(ACQUIRE).map(({ headers }) => headers['idempotency-key']);

  it('asks once and does not wait unless told to', async () => {
    api.on(ACQUIRE, { status: 201, body: aGrant() });
    const { grant, isFresh } = await acquire({ reason: 'why', cluster: 'left' });
    expect(grant.lock_id).to.equal(LOCK_ID);
    expect(isFresh).to.equal(true);
    expect(bodies()).to.deep.equal([{ holder: 'tester', ttl_seconds: 60, wait_seconds: 0, reason: 'why', cluster: 'left' }]);
  });

  it('rejects with who holds it when it does not wait', async () => {
    api.on(ACQUIRE, problem(409, 'LOCK_HELD', HELD));
    const error = await acquire().catch((reason: unknown) => reason);
    expect(error).to.have.property('code', 'LOCK_HELD');
    expect(api.seen).to.have.length(1);
  });

  it('waits longer than one call may by handing on the ticket, with a new key for each question', async () => {
    const places: (number | undefined)[] = [];
    api.on(ACQUIRE, async ({ count }) => {
      await fastClock(10).sleep(1_500);
      return count < 4
        ? problem(409, 'LOCK_HELD', { ...HELD, position: 4 - count, ticket: `tkt_${count}` })
        : { status: 201, body: aGrant() };
    });
    const { grant } = await acquire({ waitMs: 600_000, onHeld: (found: WireProblem | null) => places.push(found?.position) });
    expect(grant.fence).to.equal(7);
    expect(bodies().map((body) => (body as { ticket?: string }).ticket)).to.deep.equal([undefined, 'tkt_1', 'tkt_2', 'tkt_3']);
    expect(bodies().every((body) => (body as { wait_seconds: number }).wait_seconds === 60)).to.equal(true);
    expect(new Set(keys()).size).to.equal(4);
    expect(places).to.deep.equal([3, 2, 1]);
  });

  it('asks to wait no longer than there is time left, and gives up when it is over', async () => {
    api.on(ACQUIRE, async ({ body }) => {
      await fastClock(10).sleep((body as { wait_seconds: number }).wait_seconds * 1_000);
      return problem(409, 'LOCK_HELD', { ...HELD, ticket: 'tkt_1' });
    });
    api.on(RELEASE, { status: 204 });
    const error = await acquire({ waitMs: 3_000 }).catch((reason: unknown) => reason);
    expect(error).to.have.property('code', 'LOCK_HELD');
    expect(bodies()[0]).to.have.property('wait_seconds', 3);
    expect(api.calls(RELEASE).at(-1)?.body, 'the place is given up').to.deep.equal({ ticket: 'tkt_1' });
  });

  it('gives its place up when it is stopped in line', async () => {
    const over = new AbortController();
    api.on(ACQUIRE, problem(409, 'LOCK_HELD', { ...HELD, ticket: 'tkt_1' }));
    api.on(RELEASE, { status: 204 });
    const work = acquire({ waitMs: 600_000, signal: over.signal, onHeld: () => over.abort(new Error('Ctrl-C')) });
    expect(await work.catch((reason: unknown) => reason)).to.have.property('message', 'Ctrl-C');
    expect(api.calls(RELEASE).map(({ body }) => body)).to.deep.equal([{ ticket: 'tkt_1' }]);
  });

  it('does not ask without pause when the server will not hold the question', async () => {
    api.on(ACQUIRE, problem(409, 'LOCK_HELD', { ...HELD, ticket: 'tkt_1' }));
    await acquire({ waitMs: 4_000 }).catch(() => undefined);
    expect(bodies().length).to.be.at.most(6);
  });

  it('repeats a question whose answer was lost under the same key, and says that its answer may be old', async () => {
    api.on(ACQUIRE, ({ count }) => (count === 1 ? 'drop' : { status: 201, body: aGrant() }));
    const { isFresh } = await acquire();
    expect(isFresh).to.equal(false);
    const [first, second] = keys();
    expect(first).to.equal(second);
    expect(bodies()[0]).to.deep.equal(bodies()[1]);
  });

  it('keeps asking through a restart of the server for as long as it waits', async () => {
    const troubles: string[] = [];
    api.on(ACQUIRE, async ({ count }) => {
      if (count === 2) return problem(503, 'STORE_UNAVAILABLE');
      return count < 4 ? 'drop' : { status: 201, body: aGrant() };
    });
    await acquire({ waitMs: 60_000, onTrouble: (error) => troubles.push(error.message) });
    expect(troubles).to.have.length(3);
    expect(new Set(keys()).size).to.equal(1);
  });

  it('gives up on a server that is gone after three tries when it does not wait', async () => {
    api.on(ACQUIRE, 'drop');
    const error = await acquire().catch((reason: unknown) => reason);
    expect(error).to.have.property('name', 'SparkUnreachableError');
    expect(api.seen).to.have.length(3);
  });

  it('gives back what was granted in the moment in which it was stopped', async () => {
    const over = new AbortController();
    api.on(ACQUIRE, ({ count }) => {
      if (count === 1) return () => over.abort(new Error('Ctrl-C')); // granted, but nobody hears of it
      return { status: 201, body: aGrant() };
    });
    api.on(RELEASE, { status: 204 });
    const error = await acquire({ signal: over.signal }).catch((reason: unknown) => reason);
    expect(error).to.have.property('message', 'Ctrl-C');
    expect(new Set(keys()).size).to.equal(1);
    expect(api.calls(RELEASE).map(({ headers }) => headers['x-swap-lock'])).to.deep.equal([LOCK_ID]);
  });

  it('asks nothing more when it is stopped between two questions', async () => {
    const over = new AbortController();
    api.on(ACQUIRE, problem(409, 'LOCK_HELD', HELD));
    const work = acquire({ waitMs: 600_000, signal: over.signal, onHeld: () => over.abort(new Error('Ctrl-C')) });
    expect(await work.catch((reason: unknown) => reason)).to.have.property('message', 'Ctrl-C');
    await until(() => api.openAnswers === 0);
    expect(api.seen).to.have.length(1);
  });
});
