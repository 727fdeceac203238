import { expect } from 'chai';
import fc from 'fast-check';
import type { Delivery } from '../../src/index.ts';
import {
  afterAttempt,
  longestWaitMs,
  RETRY_AFTER_LIMIT_MS,
  RETRY_DELAYS_MS,
  requeued,
  retryDelayMs,
} from '../../src/webhook/retry-policy.ts';
import { aDelivery, anAttempt } from '../support/webhook-samples.ts';

const HOUR_MS = 3_600_000;
const EVEN = 0.5;

/** The state of a delivery after these answers, one after the other. */
const after = (...statuses: readonly (number | null)[]): Delivery =>
  statuses.reduce((delivery, status) => afterAttempt(delivery, anAttempt(status), { now: 3_000, jitter: EVEN }).delivery, aDelivery(1));

describe('the schedule of tries', () => {
  it('has ten, over a little more than three days', () => {
    expect(RETRY_DELAYS_MS.map((ms) => ms / 1_000)).to.deep.equal([0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]);
    const sum = RETRY_DELAYS_MS.reduce((total, ms) => total + ms, 0);
    expect(sum).to.equal(75 * HOUR_MS + 35 * 60_000 + 5_000);
  });

  it('spreads each wait by a tenth to either side', () => {
    expect(retryDelayMs(2, 0, null)).to.equal(270_000);
    expect(retryDelayMs(2, EVEN, null)).to.equal(300_000);
    expect(retryDelayMs(2, 1, null)).to.equal(330_000);
  });

  it('waits longer when asked to, never shorter, and no longer than a day', () => {
    expect(retryDelayMs(1, EVEN, 60_000)).to.equal(60_000);
    expect(retryDelayMs(2, EVEN, 60_000)).to.equal(300_000);
    expect(retryDelayMs(1, EVEN, 0)).to.equal(5_000);
    expect(retryDelayMs(1, EVEN, -5)).to.equal(5_000);
    expect(retryDelayMs(1, EVEN, 365 * 24 * HOUR_MS)).to.equal(RETRY_AFTER_LIMIT_MS);
  });

  it('gives no time for an eleventh', () => {
    expect(retryDelayMs(9, EVEN, null)).to.equal(24 * HOUR_MS);
    expect(retryDelayMs(10, EVEN, 60_000)).to.equal(null);
  });
});

describe('what a try leads to', () => {
  for (const status of [200, 201, 202, 204, 299]) {
    it(`is delivered after ${status}`, () => {
      const { verdict, delivery } = afterAttempt(aDelivery(1), anAttempt(status), { now: 3_000, jitter: EVEN });
      expect(verdict).to.equal('delivered');
      expect(delivery).to.deep.equal(
        aDelivery(1, { state: 'delivered', attempts: 1, nextAttemptAt: null, settledAt: 3_000, last: anAttempt(status) }),
      );
    });
  }

  for (const status of [null, 100, 199, 300, 301, 302, 304, 400, 401, 403, 404, 429, 500, 502, 503, 504]) {
    it(`is another try after ${status ?? 'no answer'}`, () => {
      const { verdict, delivery } = afterAttempt(aDelivery(1), anAttempt(status), { now: 3_000, jitter: EVEN });
      expect(verdict).to.equal('retry');
      expect(delivery).to.deep.equal(aDelivery(1, { attempts: 1, nextAttemptAt: 8_000, failingSince: 2_000, last: anAttempt(status) }));
    });
  }

  it('is the end after 410, at the first try as well', () => {
    const { verdict, delivery } = afterAttempt(aDelivery(1), anAttempt(410), { now: 3_000, jitter: EVEN });
    expect(verdict).to.equal('gone');
    expect(delivery).to.include({ state: 'dead', nextAttemptAt: null, settledAt: 3_000 });
  });

  it('is dead after the tenth failure', () => {
    expect(after(...Array<number>(9).fill(500))).to.include({ state: 'pending', attempts: 9, nextAttemptAt: 3_000 + 24 * HOUR_MS });
    expect(after(...Array<number>(10).fill(500))).to.include({ state: 'dead', attempts: 10, nextAttemptAt: null });
  });

  it('says since when it fails, by the first failure', () => {
    const once = afterAttempt(aDelivery(1), anAttempt(500, { at: 2_000 }), { now: 2_100, jitter: EVEN }).delivery;
    const twice = afterAttempt(once, anAttempt(500, { at: 9_000 }), { now: 9_100, jitter: EVEN }).delivery;
    expect(twice.failingSince).to.equal(2_000);
  });

  it('is one try only for a test', () => {
    const delivery = aDelivery(1, { notice: { type: 'test', at: 1, cluster: null, by: 'me', sequence: 1 } });
    expect(afterAttempt(delivery, anAttempt(500), { now: 3_000, jitter: EVEN }).delivery.state).to.equal('dead');
    expect(afterAttempt(delivery, anAttempt(200), { now: 3_000, jitter: EVEN }).delivery.state).to.equal('delivered');
  });

  it('ends after at most ten tries, each no earlier than the schedule and no later than jitter or Retry-After allow', () => {
    const answers = fc.array(
      fc.record({
        status: fc.option(fc.integer({ min: 100, max: 599 })),
        retryAfterMs: fc.option(fc.integer({ min: -1_000, max: 100 * HOUR_MS })),
        jitter: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
      { minLength: 10, maxLength: 10 },
    );
    fc.assert(
      fc.property(answers, (list) => {
        let delivery = aDelivery(1);
        let now = 1_000;
        for (const { status, retryAfterMs, jitter } of list) {
          if (delivery.state !== 'pending') break;
          now = Math.max(now, delivery.nextAttemptAt ?? 0);
          const before = delivery;
          delivery = afterAttempt(before, anAttempt(status, { at: now, retryAfterMs }), { now, jitter }).delivery;
          expect(delivery.attempts).to.equal(before.attempts + 1);
          const wait = (delivery.nextAttemptAt ?? now) - now;
          if (delivery.state !== 'pending') continue;
          const planned = RETRY_DELAYS_MS[delivery.attempts]!;
          expect(wait)
            .to.be.at.least(planned * 0.9 - 1)
            .and.at.most(longestWaitMs(delivery));
          expect(wait).to.be.at.most(Math.max(planned * 1.1 + 1, RETRY_AFTER_LIMIT_MS));
          expect(wait).to.be.at.least(Math.min(Math.max(retryAfterMs ?? 0, 0), RETRY_AFTER_LIMIT_MS));
        }
        expect(delivery.state).to.be.oneOf(['delivered', 'dead']);
        expect(delivery.settledAt).to.be.a('number');
      }),
      { numRuns: process.env['SPARK_PROVE'] === '1' ? 20_000 : 300 },
    );
  });
});

describe('a delivery that is sent again by hand', () => {
  it('has all its tries again, and holds nobody up', () => {
    const dead = aDelivery(1, {
      state: 'dead',
      attempts: 10,
      nextAttemptAt: null,
      settledAt: 9_000,
      failingSince: 2_000,
      last: anAttempt(500),
    });
    const now = 5 * HOUR_MS;
    expect(requeued(dead, now)).to.deep.equal({ ...dead, state: 'pending', attempts: 0, nextAttemptAt: now, settledAt: null });
    const delivered = aDelivery(1, { state: 'delivered', attempts: 1, nextAttemptAt: null, settledAt: 9_000, last: anAttempt(200) });
    expect(requeued(delivered, now)).to.include({ state: 'pending', failingSince: delivered.createdAt });
    expect(requeued(delivered, 50_000)).to.include({ state: 'pending', failingSince: 50_000 - HOUR_MS });
  });

  it('is just tried at once when it still was to be tried', () => {
    const pending = aDelivery(1, { attempts: 4, nextAttemptAt: 99_000, failingSince: 2_000 });
    expect(requeued(pending, 50_000)).to.deep.equal({ ...pending, nextAttemptAt: 50_000 });
  });
});
