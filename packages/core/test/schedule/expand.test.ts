import { expect } from 'chai';
import fc from 'fast-check';
import type { CronCalendar, Schedule, Span } from '../../src/index.ts';
import { earliestFirst } from '../../src/schedule/earliest-first.ts';
import { expand, touch } from '../../src/schedule/expand.ts';
import { PlainCalendar } from '../support/plain-calendar.ts';
import { aSchedule, HOUR_MS, hours, NOON } from '../support/schedule-samples.ts';

const PROVE = process.env.SPARK_PROVE === '1';
const calendar = new PlainCalendar();

const startsOf = (schedules: readonly Schedule[], within: Span, limit?: number): readonly string[] =>
  expand(schedules, within, calendar, limit).planned.map(({ schedule, span }) => `${schedule.id} ${(span.start - NOON) / HOUR_MS}`);

describe('expand', () => {
  const daily = aSchedule('daily', { cron: '0 18 * * *', durationMs: 2 * HOUR_MS });

  it('gives each time of a cron expression its duration', () => {
    expect(expand([daily], hours(0, 48), calendar)).to.deep.equal({
      planned: [
        { schedule: daily, span: hours(6, 8) },
        { schedule: daily, span: hours(30, 32) },
      ],
      cutAt: null,
    });
  });

  it('includes what began before the window and lasts into it, and nothing that only touches its edges', () => {
    expect(startsOf([daily], hours(7, 30))).to.deep.equal(['daily 6']);
    expect(startsOf([daily], hours(8, 30))).to.deep.equal([]);
    expect(startsOf([daily], { start: NOON + 8 * HOUR_MS - 1, end: NOON + 30 * HOUR_MS + 1 })).to.deep.equal(['daily 6', 'daily 30']);
  });

  it('includes every run of one whose runs overlap', () => {
    const long = aSchedule('long', { cron: '0 * * * *', durationMs: 3 * HOUR_MS });
    expect(startsOf([long], hours(0.5, 1))).to.deep.equal(['long -2', 'long -1', 'long 0']);
  });

  it('takes windows as they are, and a window that repeats the cron expression once', () => {
    const both = aSchedule('both', { cron: '0 18 * * *', durationMs: 2 * HOUR_MS, windows: [hours(30, 32), hours(-1, 1), hours(6, 7)] });
    expect(startsOf([both], hours(0, 48))).to.deep.equal(['both -1', 'both 6', 'both 6', 'both 30']);
  });

  it('follows the clock of the zone, over a change of it', () => {
    const berlin = aSchedule('berlin', { cron: '30 2 * * *', timezone: 'Europe/Berlin', durationMs: HOUR_MS });
    const within = { start: Date.parse('2026-10-24T00:00Z'), end: Date.parse('2026-10-27T00:00Z') };
    const starts = expand([berlin], within, calendar).planned.map(({ span }) => new Date(span.start).toISOString());
    expect(starts).to.deep.equal(['2026-10-24T00:30:00.000Z', '2026-10-25T00:30:00.000Z', '2026-10-26T01:30:00.000Z']);
  });

  it('orders the times of all schedules by their start', () => {
    const other = aSchedule('other', { windows: [hours(31, 33), hours(1, 2)] });
    expect(startsOf([daily, other], hours(0, 48))).to.deep.equal(['other 1', 'daily 6', 'daily 30', 'other 31']);
  });

  it('has nothing for a schedule with neither, or in a window that is none', () => {
    expect(startsOf([aSchedule('empty')], hours(0, 48))).to.deep.equal([]);
    expect(startsOf([daily], hours(48, 0))).to.deep.equal([]);
  });

  it('says from when on it is not complete', () => {
    const other = aSchedule('other', { windows: [hours(1, 2), hours(7, 9)] });
    const { planned, cutAt } = expand([daily, other], hours(0, 48), calendar, 2);
    expect(planned.map(({ span }) => span)).to.deep.equal([hours(1, 2), hours(6, 8)]);
    expect(cutAt).to.equal(NOON + 7 * HOUR_MS);
    expect(expand([daily, other], hours(0, 48), calendar, 4).cutAt).to.equal(null);
  });

  it('asks a calendar for little more than it takes, however much there is', () => {
    let given = 0;
    const endless: CronCalendar = {
      problem: () => null,
      next: () => null,
      between: (_cron, _zone, from, to, limit) => {
        const moments = Array.from({ length: limit }, (_, index) => from + index).filter((at) => at < to);
        given += moments.length;
        return moments;
      },
    };
    const many = Array.from({ length: 200 }, (_, index) => aSchedule(`s${index}`, { cron: '* * * * * *', durationMs: 1 }));
    const { planned, cutAt } = expand(many, hours(0, 400 * 24), endless);
    expect(planned).to.have.length(5_000);
    expect(cutAt).to.equal(NOON + 25);
    expect(given).to.be.lessThan(200 * 40);
  });

  it('finds what a look at every single time would find', () => {
    const hour = fc.integer({ min: -30, max: 60 });
    const window = fc
      .record({ start: hour, length: fc.integer({ min: 1, max: 30 }) })
      .map(({ start, length }) => hours(start, start + length));
    const schedule = fc.record({
      cron: fc.constantFrom(null, '0 */5 * * *', '30 7 * * *', '0 0 * * TUE'),
      windows: fc.array(window, { maxLength: 4 }),
      durationMs: fc.integer({ min: 1, max: 40 }).map((length) => length * HOUR_MS),
    });
    fc.assert(
      fc.property(fc.array(schedule, { maxLength: 4 }), window, fc.integer({ min: 1, max: 12 }), (drawn, within, limit) => {
        const schedules = drawn.map((fields, index) => aSchedule(`s${index}`, fields));
        const naive = schedules.flatMap(({ id, cron, durationMs, windows }) => {
          const all = calendar.between(cron ?? '', 'UTC', NOON - 200 * HOUR_MS, NOON + 200 * HOUR_MS, 1e6);
          const spans = [...windows, ...all.map((start) => ({ start, end: start + durationMs }))].filter((span) => touch(span, within));
          return [...new Set(spans.map(({ start, end }) => `${start} ${end} ${id}`))];
        });
        const { planned, cutAt } = expand(schedules, within, calendar, limit);
        const found = planned.map(({ schedule: { id }, span: { start, end } }) => `${start} ${end} ${id}`);
        expect(new Set(found).size).to.equal(found.length);
        expect(naive).to.include.members(found);
        expect(found.length).to.equal(Math.min(limit, naive.length));
        expect(cutAt === null).to.equal(naive.length <= limit);
        const missing = naive.filter((text) => !found.includes(text)).map((text) => Number(text.split(' ')[0]));
        if (cutAt !== null) expect(Math.min(...missing)).to.equal(cutAt);
        expect(planned.map(({ span }) => span.start)).to.deep.equal(planned.map(({ span }) => span.start).sort((a, b) => a - b));
      }),
      { numRuns: PROVE ? 2_000 : 60 },
    );
  });
});

describe('earliestFirst', () => {
  it('merges as one sort of everything would, equals by their source', () => {
    const source = fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 12 }).map((list) => list.sort((a, b) => a - b));
    fc.assert(
      fc.property(fc.array(source, { maxLength: 9 }), (sources) => {
        const marked = sources.map((list, rank) => list.map((time) => ({ time, rank })));
        const sorted = marked.flat().sort((a, b) => a.time - b.time || a.rank - b.rank);
        expect([...earliestFirst(marked, ({ time }) => time)]).to.deep.equal(sorted);
      }),
      { numRuns: PROVE ? 5_000 : 200 },
    );
  });

  it('reads no further than it is read', () => {
    let read = 0;
    const endless = function* (): Generator<number> {
      for (;;) yield ++read;
    };
    const merged = earliestFirst([endless(), [1, 5]], (time) => time);
    expect([merged.next().value, merged.next().value, merged.next().value]).to.deep.equal([1, 1, 2]);
    expect(read).to.equal(2);
  });
});
