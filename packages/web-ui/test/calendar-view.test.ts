import { expect } from 'chai';
import fc from 'fast-check';
import { type AppState, initialState } from '../src/state.ts';
import { calendarView } from '../src/view-models/calendar.ts';
import { dayPercent, lanesOf, weekFrom } from '../src/view-models/week.ts';
import type { Calendar } from '../src/wire.ts';
import { aCalendar, anOccurrence, aSchedule } from './support/coordination-builders.ts';
import { iso } from './support/wire-builders.ts';

const HOUR = 3_600_000;
/** A quiet day in the zone in which the tests run. */
const MORNING = new Date(2026, 10, 18, 9, 30).getTime();
const { from: MIDNIGHT } = weekFrom(MORNING);
const at = (day: number, hour: number): number => new Date(2026, 10, 18 + day, hour).getTime();

const withCalendar = (value: Calendar | null, change: Partial<AppState> = {}): AppState => {
  const state = initialState({ screen: 'calendar' }, MORNING);
  return { ...state, lists: { ...state.lists, calendar: { value, loading: false, problem: null } }, ...change };
};

describe('weekFrom', () => {
  it('begins at midnight and ends at another, seven days on, whatever the clocks do meanwhile', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(2000, 0, 1), max: new Date(2050, 0, 1), noInvalidDate: true }), (date) => {
        const { from, to, midnights } = weekFrom(date.getTime());
        expect(midnights).to.have.length(8);
        expect([midnights[0], midnights[7]]).to.deep.equal([from, to]);
        expect(from <= date.getTime() && date.getTime() < (midnights[1] ?? 0)).to.equal(true);
        expect(new Date(to).getDay()).to.equal(new Date(from).getDay());
      }),
    );
  });
});

describe('lanesOf', () => {
  const spans = fc
    .array(fc.tuple(fc.nat(100), fc.integer({ min: 1, max: 40 })))
    .map((pairs) => pairs.map(([from, length]) => ({ from, to: from + length })).sort((a, b) => a.from - b.from));

  it('never lets two meet in one lane, and takes no more lanes than meet at once', () => {
    fc.assert(
      fc.property(spans, (all) => {
        const lanes = lanesOf(all);
        all.forEach((one, i) => {
          all.slice(0, i).forEach((other, j) => {
            if (lanes[i] === lanes[j]) expect(other.to <= one.from || one.to <= other.from).to.equal(true);
          });
        });
        const most = Math.max(0, ...all.map(({ from }) => all.filter((each) => each.from <= from && each.to > from).length));
        expect(Math.max(0, ...lanes.map((lane) => lane + 1))).to.equal(most);
      }),
    );
  });
});

describe('calendarView', () => {
  it('lists what is planned by the day on which it begins, and draws it on every day that it touches', () => {
    const view = calendarView(withCalendar(aCalendar(MIDNIGHT, [anOccurrence(at(0, 22), 300), anOccurrence(at(2, 6), 90)])));
    expect(view.days.map(({ entries }) => entries.length)).to.deep.equal([1, 0, 1, 0, 0, 0, 0]);
    expect(view.days.map(({ blocks }) => blocks.length)).to.deep.equal([1, 1, 1, 0, 0, 0, 0]);
    expect(view.days[0]?.entries[0]).to.deep.include({ time: '22:00 – 03:00', length: '5 h' });
    expect(view.days[1]?.blocks[0]).to.deep.include({ from: 0, length: 12.5 });
    expect(view.days[2]?.blocks[0]).to.deep.include({ from: 25, length: 6.25 });
    expect(view.days[2]?.summary).to.equal('06:00 – 07:30 Nightly evaluation');
  });

  it('lists on the first day what has run since before', () => {
    const view = calendarView(withCalendar(aCalendar(MIDNIGHT, [anOccurrence(MIDNIGHT - HOUR, 120)])));
    expect(view.days[0]?.entries[0]?.time).to.equal('… – 01:00');
  });

  it('marks now on today and nowhere else', () => {
    const view = calendarView(withCalendar(aCalendar(MIDNIGHT, [])));
    expect(view.days.map(({ nowPercent }) => nowPercent)).to.deep.equal([dayPercent(MORNING), null, null, null, null, null, null]);
    expect(view.days[0]?.name).to.match(/^Today, Wed,? 18 Nov$/);
  });

  it('marks what is in conflict, with what and why, and what is stale', () => {
    const conflict = { kind: 'lock' as const, with: 'alice', detail: 'held until 08:00', start: iso(at(1, 6)), end: iso(at(1, 7)) };
    const items = [anOccurrence(at(1, 6), 90, { conflicts: [conflict] }), anOccurrence(at(1, 6), 30, { schedule: 'old', stale: true })];
    const { days, summary } = calendarView(withCalendar(aCalendar(MIDNIGHT, items)));
    expect(days[1]?.blocks.map(({ kind, lane }) => [kind, lane])).to.deep.equal([
      ['conflict', 0],
      ['stale', 1],
    ]);
    expect(days[1]?.entries[0]?.conflicts).to.deep.equal(['lock of alice, 06:00 – 07:00: held until 08:00']);
    expect(days[1]?.entries[1]?.isStale).to.equal(true);
    expect(summary).to.equal('2 times planned by 1 schedule, 1 in conflict');
  });

  it('makes links of web addresses only', () => {
    const hostile = ['javascript:alert(1)', 'data:text/html,x', ' https://x', 'file:///etc/passwd', null];
    const items = [...hostile, 'https://ci.local/1'].map((url, hour) => anOccurrence(at(0, hour), 10, { schedule: `s${hour}`, url }));
    const { days, registrations } = calendarView(withCalendar(aCalendar(MIDNIGHT, items, [aSchedule({ url: 'javascript:alert(1)' })])));
    expect(days[0]?.entries.map(({ url }) => url)).to.deep.equal([null, null, null, null, null, 'https://ci.local/1']);
    expect(registrations[0]?.url).to.equal(null);
  });

  it('keeps its head with thousands of plans, and says that there are more', () => {
    const many = Array.from({ length: 1_440 }, (_, minute) => anOccurrence(at(0, 0) + minute * 60_000, 1));
    const cut = { ...aCalendar(MIDNIGHT, many), cut_at: iso(at(1, 0)) };
    const view = calendarView(withCalendar(cut));
    expect(view.days[0]).to.deep.include({ hidden: 1_380 });
    expect(view.days[0]?.blocks).to.have.length(60);
    expect(view.cut).to.match(/19 Nov 00:00/);
  });

  it('never draws beyond its day', () => {
    const spans = fc.array(fc.tuple(fc.integer({ min: -2_000, max: 12_000 }), fc.integer({ min: 1, max: 10_000 })), { maxLength: 20 });
    fc.assert(
      fc.property(spans, (all) => {
        const items = all.map(([start, minutes], n) => anOccurrence(MIDNIGHT + start * 60_000, minutes, { schedule: `s${n}` }));
        for (const { from, length } of calendarView(withCalendar(aCalendar(MIDNIGHT, items))).days.flatMap(({ blocks }) => blocks)) {
          expect(from >= 0 && length > 0 && from + length <= 100.9).to.equal(true);
        }
      }),
    );
  });

  it('is made once and drawn once, until a minute has passed or another answer has come', () => {
    const value = aCalendar(MIDNIGHT, [anOccurrence(at(0, 12), 30)]);
    const first = calendarView(withCalendar(value));
    expect(calendarView(withCalendar(value, { now: MORNING + 20_000, monotonic: 5 }))).to.equal(first);
    expect(calendarView(withCalendar(value, { now: MORNING + 61_000 }))).to.not.equal(first);
    expect(calendarView(withCalendar({ ...value }))).to.not.equal(first);
  });

  it('says what a registration is', () => {
    const windows = [{ start: iso(at(0, 1)), end: iso(at(0, 2)) }];
    const schedules = [
      aSchedule(),
      aSchedule({ id: 'b', cron: null, windows, stale: true }),
      aSchedule({ id: 'c', windows: [...windows, ...windows] }),
    ];
    const { registrations } = calendarView(withCalendar(aCalendar(MIDNIGHT, [], schedules)));
    expect(registrations.map(({ when }) => when)).to.deep.equal(['0 2 * * * (UTC)', '1 window', '0 2 * * * (UTC) and 2 windows']);
    expect(registrations.map(({ mark }) => mark.word)).to.deep.equal(['current', 'stale', 'current']);
  });
});
