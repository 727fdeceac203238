import { expect } from 'chai';
import fc from 'fast-check';
import { dueBy, LATE_AFTER_MS, type Trail, walkedTo } from '../../src/schedule/due-moments.ts';
import { MIDNIGHT } from '../support/automation-bench.ts';
import { StepCalendar } from '../support/step-calendar.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEARS = 3_653 * DAY;
const calendar = new StepCalendar();
const everyQuarter = { cron: 'every 900 s', timezone: 'UTC', createdAt: MIDNIGHT };
const at = (cursor: number, ...walked: Trail['walked']): Trail => ({ cursor, walked });

describe('what is due', () => {
  it('is a moment that has come, once, up to a minute late', () => {
    const moment = MIDNIGHT + 15 * MINUTE;
    const due = (now: number, cursor = moment - 1) => dueBy(now, at(cursor), everyQuarter, calendar);
    expect(due(moment - 1, moment - 2)).to.deep.equal({ onTime: [], missed: null });
    expect(due(moment)).to.deep.equal({ onTime: [moment], missed: null });
    expect(due(moment + LATE_AFTER_MS)).to.deep.equal({ onTime: [moment], missed: null });
    expect(due(moment + LATE_AFTER_MS + 1)).to.deep.equal({ onTime: [], missed: { last: moment, count: 1, isMore: false } });
    expect(due(moment + 1_000, moment)).to.deep.equal({ onTime: [], missed: null });
  });

  it('counts what was missed and names the last of it', () => {
    const { missed, onTime } = dueBy(MIDNIGHT + DAY + 5 * MINUTE, at(MIDNIGHT), everyQuarter, calendar);
    expect(missed).to.deep.equal({ last: MIDNIGHT + DAY, count: 96, isMore: false });
    expect(onTime).to.deep.equal([]);
  });

  it('finds the last of ten missed years without counting them', () => {
    const everyMinute = { ...everyQuarter, cron: 'every 60 s' };
    const now = MIDNIGHT + YEARS + 30_000;
    const { missed, onTime } = dueBy(now, at(MIDNIGHT), everyMinute, calendar);
    expect(missed).to.deep.equal({ last: MIDNIGHT + YEARS - MINUTE, count: 1_000, isMore: true });
    expect(onTime).to.deep.equal([MIDNIGHT + YEARS]);
  });

  it('leaves out what had its turn before the clock was set back', () => {
    const trail = walkedTo(MIDNIGHT + HOUR, at(MIDNIGHT + HOUR - 1_000));
    const back = { ...trail, cursor: MIDNIGHT + HOUR - 30_000 };
    expect(dueBy(MIDNIGHT + HOUR + 10, back, everyQuarter, calendar).onTime).to.deep.equal([]);
  });

  it('does not hold back what a clock that was years ahead had skipped', () => {
    let trail = walkedTo(MIDNIGHT + 1_000, at(MIDNIGHT));
    trail = walkedTo(MIDNIGHT + YEARS, trail);
    trail = { ...trail, cursor: MIDNIGHT + 2_000 };
    const moment = MIDNIGHT + 15 * MINUTE;
    trail = walkedTo(moment - 1_000, trail);
    expect(dueBy(moment, trail, everyQuarter, calendar).onTime).to.deep.equal([moment]);
  });

  it('has not missed what was before the automation, when a clock that was years behind is put right', () => {
    const trail = at(MIDNIGHT - YEARS);
    expect(dueBy(MIDNIGHT + 20 * MINUTE, trail, everyQuarter, calendar).missed).to.deep.include({ count: 1 });
  });

  it('is each moment exactly once however ticks, stalls and steps of the clock come', () => {
    const cron = { cron: 'every 20 s', timezone: 'UTC', createdAt: MIDNIGHT };
    const move = fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: 900, max: 1_100 }) },
      { weight: 1, arbitrary: fc.integer({ min: 1, max: 70_000 }) },
      { weight: 1, arbitrary: fc.integer({ min: -90_000, max: -1 }) },
    );
    fc.assert(
      fc.property(fc.array(move, { minLength: 1, maxLength: 120 }), (moves) => {
        let now = MIDNIGHT;
        let trail = at(MIDNIGHT);
        const fired: number[] = [];
        for (const ms of moves) {
          now += ms;
          if (now < trail.cursor) trail = { ...trail, cursor: now };
          const { onTime, missed } = dueBy(now, trail, cron, calendar);
          for (const moment of onTime) {
            expect(moment).to.be.within(now - LATE_AFTER_MS, now);
            fired.push(moment);
          }
          if (missed !== null) expect(missed.last).to.be.lessThan(now - LATE_AFTER_MS);
          trail = walkedTo(now, trail);
        }
        expect(new Set(fired).size, `fired ${fired.join()}`).to.equal(fired.length);
      }),
      { numRuns: process.env['SPARK_PROVE'] === '1' ? 5_000 : 60 },
    );
  });
});
