import type { WireGrant } from '@spark-control/schema';
import { expect } from 'chai';
import { createClient, LeaseKeeper } from '../src/index.ts';
import { fastClock, until } from './support/clock.ts';
import { FakeApi, problem } from './support/fake-api.ts';
import { AT, aGrant, aRenewal, LOCK_ID } from './support/wire.ts';

const RENEW = 'PUT /api/swap/lock';
const SHOW = 'GET /api/swap/lock';
/** Its end is far away: what is slow here must not look like a lost lease. */
const LONG = { ttl_seconds: 7_200, renew_after_seconds: 1 } as const;
const SHORT = { ttl_seconds: 4, renew_after_seconds: 1 } as const;
const RARE = { ttl_seconds: 86_400, renew_after_seconds: 30_000 } as const;

describe('the keeper of a lease', () => {
  let api: FakeApi;
  let keeper: LeaseKeeper | null = null;
  const clock = fastClock(10);

  beforeEach(async () => {
    api = await new FakeApi().listen();
  });
  afterEach(async () => {
    await keeper?.stop();
    await api.stop();
  });

  function keep(options: ConstructorParameters<typeof LeaseKeeper>[2] = {}, isFresh = true, more: Partial<WireGrant> = LONG): LeaseKeeper {
    const client = createClient({ baseUrl: api.url, clock });
    keeper = new LeaseKeeper(client, { grant: aGrant(more), at: clock.monotonic(), isFresh }, options);
    return keeper;
  }
  const lossOf = (held: LeaseKeeper): Promise<Error> =>
    new Promise((resolve) => held.lost.addEventListener('abort', () => resolve(held.lost.reason as Error)));

  it('renews when it is due, again and again, and each renewal moves the end', async () => {
    api.on(RENEW, { status: 200, body: aRenewal(LONG) });
    const held = keep();
    const firstEnd = held.endsAt;
    await until(() => api.calls(RENEW).length >= 3);
    expect(held.lost.aborted).to.equal(false);
    expect(held.endsAt).to.be.greaterThan(firstEnd);
    expect(api.calls(RENEW)[0]?.body).to.deep.equal({ lock_id: LOCK_ID });
  });

  it('renews at once when the grant may be an old one', async () => {
    api.on(RENEW, { status: 200, body: aRenewal(LONG) });
    keep({}, false, RARE);
    await until(() => api.calls(RENEW).length === 1);
  });

  for (const [status, code] of [
    [410, 'LOCK_EXPIRED'],
    [412, 'FENCED_OFF'],
    [404, 'LOCK_NOT_FOUND'],
  ] as const) {
    it(`counts it as lost when the renewal answers ${status} ${code}`, async () => {
      api.on(RENEW, problem(status, code));
      const loss = await lossOf(keep());
      expect(loss).to.include({ name: 'LeaseLostError', message: `The lease is lost: The detail of ${code}` });
      expect(api.calls(RENEW)).to.have.length(1);
    });
  }

  it('gets over a server that is gone for a while, and says so once', async () => {
    const words: string[] = [];
    api.on(RENEW, ({ count }) => {
      if (count === 2) return problem(404, 'ROUTE_NOT_FOUND'); // a proxy whose server is away
      if (count === 3) return problem(401, 'UNAUTHENTICATED');
      return count < 5 ? 'drop' : { status: 200, body: aRenewal(LONG) };
    });
    const held = keep({ onTrouble: () => words.push('trouble'), onRecovered: () => words.push('recovered') });
    await until(() => words.includes('recovered'));
    expect(words).to.deep.equal(['trouble', 'recovered']);
    expect(held.lost.aborted).to.equal(false);
  });

  it('counts it as lost when the lease ends while the server is gone, and no earlier', async () => {
    api.on(RENEW, 'drop');
    const held = keep({}, true, SHORT);
    const loss = await lossOf(held);
    expect(loss.message).to.contain('its time ran out');
    expect(clock.monotonic()).to.be.at.least(held.endsAt);
  });

  it('does not wait for a server that hangs beyond the end of the lease', async () => {
    api.on(RENEW, () => () => undefined);
    const held = keep({}, true, SHORT);
    await lossOf(held);
    expect(api.calls(RENEW).length).to.be.at.least(1);
  });

  it('looks between renewals whether the lock is still ours, and lets a renewal decide', async () => {
    const facts = { holder: 'thief', reason: null, fence: 8, implicit: false, acquired_at: AT, expires_at: AT, remaining_seconds: 9 };
    api.on(SHOW, ({ count }) => ({ status: 200, body: { lock: { ...facts, fence: count < 3 ? 7 : 8 } } }));
    api.on(RENEW, problem(412, 'FENCED_OFF'));
    const held = keep({ lookMs: 1_000 }, true, RARE);
    expect((await lossOf(held)).message).to.contain('FENCED_OFF');
    expect(api.calls(SHOW)).to.have.length(3);
    expect(api.calls(RENEW)).to.have.length(1);
  });

  it('is not troubled by a look that finds nobody there', async () => {
    api.on(SHOW, 'drop');
    const held = keep({ lookMs: 500 }, true, RARE);
    await until(() => api.calls(SHOW).length >= 3);
    expect(held.lost.aborted).to.equal(false);
    expect(api.calls(RENEW)).to.have.length(0);
  });

  it('stops at once, also in the middle of a renewal, and loses nothing by that', async () => {
    api.on(RENEW, () => () => undefined);
    const held = keep();
    await until(() => api.calls(RENEW).length === 1);
    await held.stop();
    expect(held.lost.aborted).to.equal(false);
    await until(() => api.openAnswers === 0);
  });
});
