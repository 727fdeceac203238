import { expect } from 'chai';
import fc from 'fast-check';
import type { Delivery } from '../../src/index.ts';
import {
  afterTry,
  BREAKER_FAILURES,
  BREAKER_SPACING_MS,
  type Breaker,
  CLOSED_BREAKER,
  nextInLine,
  type Reading,
  waitingOf,
} from '../../src/webhook/order.ts';
import { HEAD_BLOCKS_MS } from '../../src/webhook/retry-policy.ts';
import { aDelivery } from '../support/webhook-samples.ts';

const DAY_MS = 24 * 3_600_000;
const YEAR_MS = 365 * DAY_MS;
const T = 1_700_000_000_000;
const at = (ms: number): Reading => ({ now: T + ms, monotonic: 500 + ms });

const failing = (sequence: number, since: number, nextIn: number, attempts = 3): Delivery =>
  aDelivery(sequence, { attempts, failingSince: T + since, nextAttemptAt: T + nextIn });
const fresh = (sequence: number): Delivery => aDelivery(sequence, { nextAttemptAt: T });

const next = (deliveries: readonly Delivery[], reading = at(0), breaker: Breaker = CLOSED_BREAKER) =>
  nextInLine(
    deliveries.map((delivery) => waitingOf(delivery, at(0))),
    breaker,
    reading,
  );
const send = ({ id }: Delivery) => ({ kind: 'send', id });

describe('the line of an endpoint', () => {
  it('has nothing to send when it is empty', () => {
    expect(next([])).to.deep.equal({ kind: 'wait', ms: null });
  });

  it('sends the head first', () => {
    expect(next([fresh(1), fresh(2)])).to.deep.equal(send(fresh(1)));
  });

  it('waits for a head that failed a moment ago, whatever stands behind it', () => {
    const head = failing(1, -1_000, 4_000);
    expect(next([head, fresh(2)])).to.deep.equal({ kind: 'wait', ms: 4_000 });
    expect(next([head, fresh(2)], at(4_000))).to.deep.equal(send(head));
  });

  it('lets the others pass when the head has failed for an hour, and not before', () => {
    const head = failing(1, -HEAD_BLOCKS_MS + 60_000, 100 * 60_000, 4);
    expect(next([head, fresh(2)])).to.deep.equal({ kind: 'wait', ms: 60_000 });
    expect(next([head, fresh(2)], at(59_999))).to.deep.equal({ kind: 'wait', ms: 1 });
    expect(next([head, fresh(2), fresh(3)], at(60_000))).to.deep.equal(send(fresh(2)));
    expect(next([head], at(60_000))).to.deep.equal({ kind: 'wait', ms: 99 * 60_000 });
  });

  it('sends whichever is due, in the order of the sequence, once the head lets pass', () => {
    const head = failing(1, -2 * HEAD_BLOCKS_MS, 1_000_000, 4);
    const recent = failing(2, -1_000, 5_000);
    expect(next([head, recent, fresh(3), fresh(4)])).to.deep.equal(send(fresh(3)));
    expect(next([head, recent])).to.deep.equal({ kind: 'wait', ms: 5_000 });
    expect(next([head, recent], at(1_000_000))).to.deep.equal(send(head));
  });
});

describe('an endpoint that fails again and again', () => {
  const failures = (count: number, breaker: Breaker = CLOSED_BREAKER): Breaker =>
    Array.from({ length: count }).reduce<Breaker>((before) => afterTry(before, false, at(0)), breaker);

  it('is left in peace between tries after the tenth failure in a row', () => {
    expect(next([fresh(1)], at(0), failures(BREAKER_FAILURES - 1))).to.deep.equal(send(fresh(1)));
    const open = failures(BREAKER_FAILURES);
    expect(next([fresh(1)], at(0), open)).to.deep.equal({ kind: 'wait', ms: BREAKER_SPACING_MS });
    expect(next([fresh(1)], at(BREAKER_SPACING_MS), open)).to.deep.equal(send(fresh(1)));
  });

  it('is tried without pause again after one success', () => {
    const healed = afterTry(failures(30), true, at(0));
    expect(next([fresh(1)], at(0), healed)).to.deep.equal(send(fresh(1)));
    expect(failures(BREAKER_FAILURES - 1, healed)).to.include({ notBefore: Number.NEGATIVE_INFINITY });
  });
});

describe('a line when the wall clock jumps', () => {
  const head = failing(1, -1_000, 30 * 60_000, 3);
  const line = [waitingOf(head, at(0))];
  const jumped = (ms: number, passed: number): Reading => ({ now: T + ms + passed, monotonic: 500 + passed });

  for (const ms of [-1_000, -3_600_000, -DAY_MS, -10 * YEAR_MS]) {
    it(`waits as long as before when it was set back by ${-ms / 1_000} s`, () => {
      const { kind, ...rest } = nextInLine(line, CLOSED_BREAKER, jumped(ms, 60_000));
      expect({ kind, ...rest }).to.deep.equal({ kind: 'wait', ms: 29 * 60_000 });
      expect(nextInLine(line, CLOSED_BREAKER, jumped(ms, 30 * 60_000))).to.deep.equal(send(head));
    });

    it(`waits no longer than the schedule after a restart with a clock ${-ms / 1_000} s behind`, () => {
      const restarted = jumped(ms, 0);
      const again = nextInLine([waitingOf(head, restarted)], CLOSED_BREAKER, restarted);
      if (again.kind !== 'wait') throw new Error('expected to wait');
      expect(again.ms).to.be.at.most(33 * 60_000);
    });
  }

  for (const ms of [3_600_000, DAY_MS, 10 * YEAR_MS]) {
    it(`is due once when it was set forward by ${ms / 1_000} s`, () => {
      expect(nextInLine(line, CLOSED_BREAKER, jumped(ms, 0))).to.deep.equal(send(head));
    });
  }

  it('does not hold up the others for years', () => {
    const past = jumped(-10 * YEAR_MS, 0);
    const waiting = [waitingOf(failing(1, -1_000, 40 * 3_600_000, 8), past), waitingOf(fresh(2), past)];
    const later: Reading = { now: past.now + HEAD_BLOCKS_MS, monotonic: past.monotonic + HEAD_BLOCKS_MS };
    expect(nextInLine(waiting, CLOSED_BREAKER, later)).to.deep.equal(send(fresh(2)));
  });
});

describe('whatever stands in a line', () => {
  const deliveries = fc
    .array(
      fc.record({
        attempts: fc.integer({ min: 0, max: 9 }),
        failedAgo: fc.integer({ min: 0, max: 2 * HEAD_BLOCKS_MS }),
        dueIn: fc.integer({ min: -DAY_MS, max: DAY_MS }),
      }),
      { minLength: 1, maxLength: 8 },
    )
    .map((list) =>
      list.map(({ attempts, failedAgo, dueIn }, index) => (attempts === 0 ? fresh(index) : failing(index, -failedAgo, dueIn, attempts))),
    );

  it('is sent in order, only when due, and past nobody but a head that failed for an hour', () => {
    fc.assert(
      fc.property(deliveries, fc.integer({ min: 0, max: 2 * DAY_MS }), (list, passed) => {
        const line = list.map((delivery) => waitingOf(delivery, at(0)));
        const reading = at(passed);
        const isDue = (index: number): boolean => line[index]!.due.monotonic <= reading.monotonic || line[index]!.due.wall <= reading.now;
        const yields = line[0]!.yields !== null && line[0]!.yields.monotonic <= reading.monotonic;
        const choice = nextInLine(line, CLOSED_BREAKER, reading);
        const dueIndex = line.findIndex((_, index) => isDue(index) && (index === 0 || yields));
        if (dueIndex >= 0) expect(choice).to.deep.equal({ kind: 'send', id: line[dueIndex]!.id });
        else expect(choice.kind).to.equal('wait');
        if (choice.kind !== 'wait') return;
        expect(choice.ms).to.be.greaterThan(0);
        // After exactly that long there is something to do, or the head lets the others pass.
        const then = at(passed + choice.ms!);
        const again = nextInLine(line, CLOSED_BREAKER, then);
        if (again.kind === 'wait') expect(line[0]!.yields!.monotonic).to.be.at.most(then.monotonic);
      }),
      { numRuns: process.env['SPARK_PROVE'] === '1' ? 50_000 : 500 },
    );
  });
});
