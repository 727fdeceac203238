import {
  type AcquireDecision,
  type AcquireRequest,
  type BreakDecision,
  type LockFacts,
  type ReleaseDecision,
  type RenewDecision,
  SparkError,
  swapId,
} from '@spark-control/core';
import { expect } from 'chai';
import { expectDocumented, routeOf } from './support/documented.ts';
import { aGrant, aLease, aLockView, someLockFacts } from './support/scripted-locks.ts';
import { type Answer, type Ask, ask, bodyOf, post, startServer, type TestServer } from './support/test-server.ts';

const PATH = '/api/swap/lock';
const [ACQUIRE, RENEW, SHOW, RELEASE] = [routeOf('POST', PATH), routeOf('PUT', PATH), routeOf('GET', PATH), routeOf('DELETE', PATH)];
const GOOD = { holder: 'cron:nightly', ttl_seconds: 600 };
const ACTOR = { name: 'anonymous@127.0.0.1', address: '127.0.0.1', requestId: 'job-1' };
const LOCK = { holder: 'cron:nightly', reason: 'evaluation', expires_at: '2023-11-14T22:23:20.000Z' };
const LEASE = {
  holder: 'cron:nightly',
  reason: 'evaluation',
  cluster: 'default',
  fence: 7,
  acquired_at: '2023-11-14T22:13:20.000Z',
  expires_at: '2023-11-14T22:23:20.000Z',
  ttl_seconds: 600,
};

describe('/api/swap/lock', () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startServer();
  });
  afterEach(() => server.close());

  const acquire = (body: unknown, headers: Record<string, string> = {}): Promise<Answer> => post(server.port, PATH, body, headers);
  const withBody = (method: string, body: unknown, { headers = {}, query = '' } = {}): Promise<Answer> => {
    const asked: Ask = { method, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
    return ask(server.port, PATH + query, asked);
  };
  const withHeader = (method: string, id: string, query = ''): Promise<Answer> =>
    ask(server.port, PATH + query, { method, headers: { 'x-swap-lock': id } });

  describe('POST', () => {
    it('answers 201 with the whole grant, and lets nobody keep it', async () => {
      server.core.locks.acquire = async () => ({ kind: 'granted', grant: aGrant() });
      const answer = await acquire(GOOD);
      expect(answer.status).to.equal(201);
      expect(bodyOf(answer)).to.deep.equal({ lock_id: 'lck_secret', ...LEASE, renew_after_seconds: 200 });
      expect(answer.headers['cache-control']).to.equal('no-store');
      expectDocumented(ACQUIRE, answer);
    });

    it('passes the request on, with defaults and who asked', async () => {
      const asked: AcquireRequest[] = [];
      server.core.locks.acquire = async (request) => {
        asked.push(request);
        return { kind: 'granted', grant: aGrant() };
      };
      await acquire(GOOD, { 'x-request-id': 'job-1' });
      const full = { ...GOOD, ttl_seconds: 86_400, reason: 'night', cluster: 'other', wait_seconds: 60, ticket: 'tkt_any thing' };
      await acquire(full, { 'x-request-id': 'job-1' });
      await acquire({ ...GOOD, ttl_seconds: 5, reason: null, ticket: null }, { 'x-request-id': 'job-1' });
      const plain = { holder: 'cron:nightly', reason: null, waitMs: 0, ticket: null, cluster: 'default', actor: ACTOR };
      expect(asked).to.deep.equal([
        { ...plain, ttlMs: 600_000 },
        { ...plain, ttlMs: 86_400_000, reason: 'night', cluster: 'other', waitMs: 60_000, ticket: 'tkt_any thing' },
        { ...plain, ttlMs: 5_000 },
      ]);
    });

    it('answers 409 with who holds it and when to come back', async () => {
      server.core.locks.acquire = async () => ({ kind: 'held', inTheWay: someLockFacts(), waiting: null, retryAfterSeconds: 42 });
      const answer = await acquire(GOOD);
      expect(answer.status).to.equal(409);
      expect(answer.headers['retry-after']).to.equal('42');
      const body = bodyOf(answer);
      expect(body).to.include({ code: 'LOCK_HELD', retry_after_seconds: 42 });
      expect(body['lock']).to.deep.equal(LOCK);
      expect(body).to.not.have.any.keys('position', 'ticket', 'lock_id');
      expectDocumented(ACQUIRE, answer);
    });

    const words: readonly (readonly [why: string, facts: Partial<LockFacts>, says: RegExp])[] = [
      ['a lock', {}, /^cron:nightly \(evaluation\) holds the lock of this cluster until 2023-11-14T22:23:20\.000Z\. /],
      ['a swap without one', { implicit: true, expiresAt: null, remainingMs: null }, /^A swap of cron:nightly \(evaluation\) runs /],
      ['a lock that is over but whose swap runs', { remainingMs: 0 }, /^The lock of cron:nightly \(evaluation\) is over, but /],
      ['a place that is kept', { implicit: true }, /^The lock is free, but kept until 2023-11-14T22:23:20\.000Z for cron:nightly /],
    ];
    for (const [why, facts, says] of words) {
      it(`says in words that ${why} is in the way`, async () => {
        server.core.locks.acquire = async () => ({ kind: 'held', inTheWay: someLockFacts(facts), waiting: null, retryAfterSeconds: 1 });
        expect(bodyOf(await acquire(GOOD))['detail']).to.match(says);
      });
    }

    it('answers 409 with place and ticket to who waited in vain', async () => {
      const waiting = { position: 3, ticket: 'tkt_1' } as Extract<AcquireDecision, { kind: 'held' }>['waiting'];
      server.core.locks.acquire = async () => ({ kind: 'held', inTheWay: someLockFacts(), waiting, retryAfterSeconds: 1 });
      const answer = await acquire({ ...GOOD, wait_seconds: 1 });
      expect(bodyOf(answer)).to.include({ status: 409, code: 'LOCK_HELD', position: 3, ticket: 'tkt_1' });
      expect(answer.headers['retry-after']).to.equal('1');
      expectDocumented(ACQUIRE, answer);
    });

    for (const code of ['CLUSTER_NOT_FOUND', 'QUEUE_FULL', 'STORE_UNAVAILABLE'] as const) {
      it(`passes on ${code}`, async () => {
        server.core.locks.acquire = async () => {
          throw new SparkError(code, 'what the core says');
        };
        const answer = await acquire(GOOD);
        expect(bodyOf(answer)).to.include({ code, detail: 'what the core says' });
        expectDocumented(ACQUIRE, answer);
      });
    }

    for (const { what, body, path, code } of [
      { what: 'a TTL below 5 s', body: { ...GOOD, ttl_seconds: 4 }, path: '/ttl_seconds', code: 'too_small' },
      { what: 'a TTL above a day', body: { ...GOOD, ttl_seconds: 86_401 }, path: '/ttl_seconds', code: 'too_large' },
      { what: 'a TTL of text', body: { ...GOOD, ttl_seconds: 'x' }, path: '/ttl_seconds', code: 'wrong_type' },
      { what: 'a TTL of digits in text', body: { ...GOOD, ttl_seconds: '60' }, path: '/ttl_seconds', code: 'wrong_type' },
      { what: 'a TTL with a fraction', body: { ...GOOD, ttl_seconds: 5.5 }, path: '/ttl_seconds', code: 'wrong_type' },
      { what: 'no TTL', body: { holder: 'me' }, path: '/ttl_seconds', code: 'required' },
      { what: 'no holder', body: { ttl_seconds: 60 }, path: '/holder', code: 'required' },
      { what: 'an empty holder', body: { ...GOOD, holder: '' }, path: '/holder', code: 'too_small' },
      { what: 'a blank holder', body: { ...GOOD, holder: ' \u00a0 ' }, path: '/holder', code: 'pattern' },
      { what: 'a holder with a line break', body: { ...GOOD, holder: 'a\nb' }, path: '/holder', code: 'pattern' },
      { what: 'a holder longer than 200', body: { ...GOOD, holder: 'x'.repeat(201) }, path: '/holder', code: 'too_large' },
      { what: 'a holder that is no text', body: { ...GOOD, holder: 7 }, path: '/holder', code: 'wrong_type' },
      { what: 'a wait above a minute', body: { ...GOOD, wait_seconds: 61 }, path: '/wait_seconds', code: 'too_large' },
      { what: 'a wait below nothing', body: { ...GOOD, wait_seconds: -1 }, path: '/wait_seconds', code: 'too_small' },
      { what: 'a reason longer than 500', body: { ...GOOD, reason: 'x'.repeat(501) }, path: '/reason', code: 'too_large' },
      { what: 'a cluster that is no key', body: { ...GOOD, cluster: 'A b' }, path: '/cluster', code: 'pattern' },
      { what: 'a field nobody knows', body: { ...GOOD, ttl: 60 }, path: '/ttl', code: 'unknown_field' },
      { what: 'no body at all', body: undefined, path: '', code: 'required' },
    ]) {
      it(`answers 422 with a path to ${what}, and asks for no lock`, async () => {
        const answer = body === undefined ? await ask(server.port, PATH, { method: 'POST' }) : await acquire(body);
        expect(answer.status).to.equal(422);
        const issues = bodyOf<{ issues: { path: string; code: string }[] }>(answer).issues;
        expect(new Set(issues.map((issue) => issue.path))).to.deep.equal(new Set([path]));
        expect(issues[0]).to.include({ code });
        expectDocumented(ACQUIRE, answer);
      });
    }

    it('answers 400 to a body that is no JSON, and 415 to one of another type', async () => {
      for (const method of ['POST', 'PUT', 'DELETE']) {
        const broken = await ask(server.port, PATH, { method, headers: { 'content-type': 'application/json' }, body: '{"holder": ' });
        expect(broken.status, method).to.equal(400);
        const form = await ask(server.port, PATH, { method, headers: { 'content-type': 'text/plain' }, body: 'holder=me' });
        expect(form.status, method).to.equal(415);
      }
    });
  });

  describe('PUT', () => {
    const decisions: readonly (readonly [RenewDecision, status: number, expected: Record<string, unknown>])[] = [
      [{ kind: 'renewed', lease: aLease(), renewAfterMs: 200_000 }, 200, { ...LEASE, renew_after_seconds: 200 }],
      [{ kind: 'expired', at: 1_700_000_000_000 }, 410, { code: 'LOCK_EXPIRED' }],
      [{ kind: 'fenced_off', detail: 'It was broken.' }, 412, { code: 'FENCED_OFF', detail: 'It was broken.' }],
    ];
    for (const [decision, status, expected] of decisions) {
      it(`answers ${status} when the core says ${decision.kind}`, async () => {
        server.core.locks.renew = async () => decision;
        const answer = await withHeader('PUT', 'lck_1');
        expect(answer.status).to.equal(status);
        expect(bodyOf(answer)).to.include(expected);
        expect(answer.text).to.not.contain('lck_');
        expect(answer.headers['cache-control']).to.equal('no-store');
        expectDocumented(RENEW, answer);
      });
    }

    it('takes the lock id from body or header, with and without a TTL', async () => {
      const asked: unknown[] = [];
      server.core.locks.renew = async (...call) => {
        asked.push(call);
        return { kind: 'renewed', lease: aLease(), renewAfterMs: 1_000 };
      };
      const headers = { 'x-request-id': 'job-1' };
      await withBody('PUT', { lock_id: 'whatever it is', ttl_seconds: 30 }, { headers });
      await withBody('PUT', { ttl_seconds: 5, lock_id: null }, { headers: { ...headers, 'x-swap-lock': 'of the header' } });
      await withBody('PUT', { lock_id: 'both' }, { headers: { ...headers, 'x-swap-lock': 'both' } });
      expect(asked).to.deep.equal([
        ['whatever it is', 30_000, ACTOR],
        ['of the header', 5_000, ACTOR],
        ['both', null, ACTOR],
      ]);
    });

    for (const ttl of [4, 86_401, 'x', 5.5, null]) {
      it(`answers 422 to a TTL of ${JSON.stringify(ttl)}`, async () => {
        const answer = await withBody('PUT', { lock_id: 'lck_1', ttl_seconds: ttl });
        expect(answer.status).to.equal(422);
        expect(bodyOf<{ issues: { path: string }[] }>(answer).issues[0]?.path).to.equal('/ttl_seconds');
      });
    }
  });

  describe('GET', () => {
    it('answers 200 with the lock, its line and never an id, whether free, held or draining', async () => {
      const queue = [{ holder: 'alice', since: 1_700_000_000_000 }];
      for (const [view, expected] of [
        [aLockView({ lastFence: 6 }), { held: false, state: 'free', lock: null, last_fence: 6, queue: [] }],
        [aLockView({ state: 'held', lock: someLockFacts(), lastFence: 7, queue }), { held: true, state: 'held', last_fence: 7 }],
        [aLockView({ state: 'draining', lock: someLockFacts({ remainingMs: 0 }) }), { held: true, state: 'draining' }],
      ] as const) {
        server.core.locks.view = () => view;
        const answer = await ask(server.port, PATH);
        expect(answer.status).to.equal(200);
        expect(bodyOf(answer)).to.deep.include({ cluster: 'default', ...expected });
        expect(answer.headers['cache-control']).to.equal('no-store');
        expectDocumented(SHOW, answer);
      }
      server.core.locks.view = () => aLockView({ state: 'held', lock: someLockFacts(), lastFence: 7, queue });
      const { lock, queue: line } = bodyOf(await ask(server.port, PATH));
      expect(lock).to.deep.equal({ ...LOCK, fence: 7, implicit: false, acquired_at: '2023-11-14T22:13:20.000Z', remaining_seconds: 600 });
      expect(line).to.deep.equal([{ holder: 'alice', since: '2023-11-14T22:13:20.000Z' }]);
    });

    it('asks for the cluster that is named, and answers 404 to one that is not there', async () => {
      server.core.locks.view = (cluster) => {
        throw new SparkError('CLUSTER_NOT_FOUND', `There is no cluster ${cluster}.`);
      };
      const answer = await ask(server.port, `${PATH}?cluster=other`);
      expect(bodyOf(answer)).to.include({ code: 'CLUSTER_NOT_FOUND', detail: 'There is no cluster other.' });
      expectDocumented(SHOW, answer);
      expect((await ask(server.port, `${PATH}?cluster=A%20b`)).status).to.equal(422);
    });

    it('is not taken for a swap of that name, and names no swap', async () => {
      expect(bodyOf(await ask(server.port, PATH))).to.have.property('state', 'free');
      expect((await ask(server.port, PATH, { method: 'PATCH' })).headers.allow).to.equal('POST, PUT, GET, HEAD, DELETE, OPTIONS');
    });
  });

  describe('DELETE', () => {
    const decisions: readonly (readonly [ReleaseDecision, status: number, expected: Record<string, unknown> | null])[] = [
      [{ kind: 'released', lease: aLease() }, 204, null],
      [{ kind: 'not_found', at: 1_700_000_000_000 }, 404, { code: 'LOCK_NOT_FOUND' }],
      [{ kind: 'expired', at: 1_700_000_000_000 }, 410, { code: 'LOCK_EXPIRED' }],
      [{ kind: 'fenced_off', detail: 'It was broken.' }, 412, { code: 'FENCED_OFF', detail: 'It was broken.' }],
      [{ kind: 'swap_running', swapId: swapId('swp_1') }, 409, { code: 'SWAP_IN_PROGRESS', swap_id: 'swp_1' }],
    ];
    for (const [decision, status, expected] of decisions) {
      it(`answers ${status} when the core says ${decision.kind}`, async () => {
        server.core.locks.release = async () => decision;
        for (const answer of [await withHeader('DELETE', 'lck_1'), await withBody('DELETE', { lock_id: 'lck_1' })]) {
          expect(answer.status).to.equal(status);
          if (expected === null) expect(answer).to.deep.include({ text: '' });
          else expect(bodyOf(answer)).to.include(expected);
          expect(answer.headers['cache-control']).to.equal('no-store');
          if (status === 204) expect(answer.headers).to.not.have.property('content-type');
          expectDocumented(RELEASE, answer);
        }
      });
    }

    it('gives up the place of a ticket, and asks for the lock id where both might be meant', async () => {
      const left: string[] = [];
      server.core.locks.leave = async (name) => void left.push(name);
      const answer = await withBody('DELETE', { ticket: 'tkt_1' });
      expect(answer).to.deep.include({ status: 204, text: '' });
      expectDocumented(RELEASE, answer);
      expect(left).to.deep.equal(['tkt_1']);
      server.core.locks.release = async () => ({ kind: 'fenced_off', detail: 'It was broken.' });
      expect((await withBody('DELETE', { ticket: 'tkt_1', lock_id: 'lck_1' })).status).to.equal(412);
      expect(left).to.have.length(1);
    });

    it('breaks the lock by force, for a reason that is passed on, and answers what was broken', async () => {
      const asked: unknown[] = [];
      server.core.locks.break = async (...call): Promise<BreakDecision> => {
        asked.push(call);
        return { kind: 'broken', lease: aLease({ ended: { how: 'broken', at: 5, by: 'ann', note: 'x' } }) };
      };
      const answer = await ask(server.port, `${PATH}?force=true&reason=stuck%20job&cluster=other`, {
        method: 'DELETE',
        headers: { 'x-request-id': 'job-1' },
      });
      expect(answer.status).to.equal(200);
      expect(bodyOf(answer)).to.deep.equal(LEASE);
      expect(asked).to.deep.equal([['other', 'stuck job', ACTOR]]);
      expectDocumented(RELEASE, answer);
    });

    it('answers 404 to force where nobody holds a lock, and says what to cancel when a swap is in the way', async () => {
      server.core.locks.break = async () => ({ kind: 'not_held', view: aLockView() });
      const free = await ask(server.port, `${PATH}?force=true&reason=stuck%20job`, { method: 'DELETE' });
      expect(bodyOf(free)).to.include({ status: 404, code: 'LOCK_NOT_FOUND' });
      server.core.locks.break = async () => ({ kind: 'not_held', view: aLockView({ lock: someLockFacts({ implicit: true }) }) });
      const swapping = await ask(server.port, `${PATH}?force=true&reason=stuck%20job`, { method: 'DELETE' });
      expect(bodyOf(swapping)['detail']).to.contain('swap of cron:nightly').and.to.contain('cancel');
      expectDocumented(RELEASE, swapping);
    });

    for (const { what, query, path, code } of [
      { what: 'force without a reason', query: '?force=true', path: '/query/reason', code: 'required' },
      { what: 'a reason of 7 characters', query: '?force=true&reason=1234567', path: '/query/reason', code: 'too_small' },
      { what: 'a reason of blanks', query: `?force=true&reason=${'%20'.repeat(9)}`, path: '/query/reason', code: 'pattern' },
      { what: 'a reason of 501', query: `?force=true&reason=${'x'.repeat(501)}`, path: '/query/reason', code: 'too_large' },
      { what: 'a reason without force', query: '?reason=12345678', path: '/query/reason', code: 'unknown_field' },
      { what: 'a force that is neither', query: '?force=1&reason=12345678', path: '/query/force', code: 'not_allowed' },
      { what: 'a query nobody knows', query: '?forced=true', path: '/query/forced', code: 'unknown_field' },
    ]) {
      it(`answers 422 with a path to ${what}, and touches no lock`, async () => {
        const answer = await withHeader('DELETE', 'lck_1', query);
        expect(answer.status).to.equal(422);
        const issues = bodyOf<{ issues: { path: string; code: string }[] }>(answer).issues;
        expect(issues.map((issue) => ({ path: issue.path, code: issue.code }))).to.deep.equal([{ path, code }]);
        expectDocumented(RELEASE, answer);
      });
    }
  });

  for (const [method, route] of [
    ['PUT', RENEW],
    ['DELETE', RELEASE],
  ] as const) {
    it(`${method} answers 428 without a lock id, and with a blank one`, async () => {
      for (const answer of [
        await ask(server.port, PATH, { method }),
        await withBody(method, {}),
        await withBody(method, { lock_id: null }),
        await withBody(method, { lock_id: '' }),
        await withHeader(method, '  '),
      ]) {
        expect(answer.status).to.equal(428);
        expect(bodyOf(answer)).to.include({ code: 'LOCK_ID_REQUIRED' });
        expectDocumented(route, answer);
      }
    });

    it(`${method} answers 422 to a lock id in the body that contradicts the header, and to fields nobody knows`, async () => {
      const contradiction = await withBody(method, { lock_id: 'lck_a' }, { headers: { 'x-swap-lock': 'lck_b' } });
      expect(contradiction.status).to.equal(422);
      expect(bodyOf<{ issues: unknown[] }>(contradiction).issues).to.deep.equal([
        { path: '/lock_id', code: 'contradiction', message: 'differs from the header X-Swap-Lock' },
      ]);
      const unknown = await withBody(method, { lock: 'lck_a' });
      expect(bodyOf<{ issues: { path: string }[] }>(unknown).issues[0]?.path).to.equal('/lock');
      expectDocumented(route, unknown);
    });
  }

  it('is closed to pages of other sites, whatever the method', async () => {
    for (const method of ['POST', 'PUT', 'DELETE']) {
      const answer = await ask(server.port, PATH, { method, headers: { origin: 'http://elsewhere.test', 'x-swap-lock': 'lck_1' } });
      expect(bodyOf(answer), method).to.include({ code: 'CROSS_SITE' });
    }
  });
});
