import { expect } from 'chai';
import fc from 'fast-check';
import { describeCronCalendar } from '../../core/test/contracts/cron-calendar.contract.ts';
import { PlainCalendar } from '../../core/test/support/plain-calendar.ts';
import { CronerCalendar } from '../src/croner-calendar.ts';

const PROVE = process.env.SPARK_PROVE === '1';
const calendar = new CronerCalendar();
const at = (time: string): number => Date.parse(time);
const firstThree = (cron: string): readonly string[] =>
  calendar
    .between(cron, 'UTC', at('2026-03-01T00:00Z'), at('2028-01-01T00:00Z'), 3)
    .map((moment) => new Date(moment).toISOString().slice(0, 16));

describeCronCalendar('CronerCalendar', calendar);

describe('CronerCalendar', () => {
  const understood: readonly (readonly [string, readonly string[]])[] = [
    ['@hourly', ['2026-03-01T00:00', '2026-03-01T01:00', '2026-03-01T02:00']],
    ['@Daily', ['2026-03-01T00:00', '2026-03-02T00:00', '2026-03-03T00:00']],
    ['@weekly', ['2026-03-01T00:00', '2026-03-08T00:00', '2026-03-15T00:00']],
    ['@monthly', ['2026-03-01T00:00', '2026-04-01T00:00', '2026-05-01T00:00']],
    ['0 0 L * *', ['2026-03-31T00:00', '2026-04-30T00:00', '2026-05-31T00:00']],
    ['0 0 LW * *', ['2026-03-31T00:00', '2026-04-30T00:00', '2026-05-29T00:00']],
    ['0 0 15W * *', ['2026-03-16T00:00', '2026-04-15T00:00', '2026-05-15T00:00']],
    ['0 0 * * MON#2', ['2026-03-09T00:00', '2026-04-13T00:00', '2026-05-11T00:00']],
    ['0 0 * * FRIL', ['2026-03-27T00:00', '2026-04-24T00:00', '2026-05-29T00:00']],
    ['0 0 13 * +FRI', ['2026-03-13T00:00', '2026-11-13T00:00', '2027-08-13T00:00']],
    ['  5   4 *\t* 7 ', ['2026-03-01T04:05', '2026-03-08T04:05', '2026-03-15T04:05']],
  ];
  for (const [cron, moments] of understood) {
    it(`understands ${JSON.stringify(cron)}`, () => {
      expect(calendar.problem(cron, 'UTC')).to.equal(null);
      expect(firstThree(cron)).to.deep.equal(moments);
    });
  }

  const refused: readonly (readonly [string, string])[] = [
    ['60 * * * *', '"60" is no minute'],
    ['* * * * * 8', '"8" is no day of the week'],
    ['0 22-2 * * *', '"22-2" is no hour'],
    ['*/0 * * * *', '"*/0" is no minute'],
    ['0 0 * FOO *', '"FOO" is no month'],
    ['0 0 * * MON#6', '"MON#6" is no day of the week'],
    ['0 0 , * *', '"," is no day of the month'],
    ['? * * * *', 'write * for any'],
    ['* * * *', 'has 5 fields'],
    ['* * * * * * 2027', 'has 5 fields'],
    ['2026-03-29T02:30:00', 'has 5 fields'],
    ['@reboot', '"@reboot" is not known'],
    ['@every 5m', 'is not known'],
    [`0 0 1 1 ${'1,'.repeat(200)}1`, 'at most 200 characters'],
    ['0 0 30 2 *', 'never fires'],
    ['0 0 LW 2 +SUN', 'never fires'],
  ];
  for (const [cron, words] of refused) {
    it(`refuses ${JSON.stringify(cron.slice(0, 30))} and says why in its own words`, () => {
      const problem = calendar.problem(cron, 'UTC');
      expect(problem?.field).to.equal('cron');
      expect(problem?.message)
        .to.contain(words)
        .and.not.match(/CronPattern|TypeError|RangeError|\.$/);
      expect(firstThree(cron)).to.deep.equal([]);
    });
  }

  it('takes what is older than zone names for zones, and bare offsets for none', () => {
    for (const zone of ['UTC', 'Etc/GMT+5', 'US/Pacific', 'europe/berlin'])
      expect(calendar.problem('0 0 * * *', zone), zone).to.equal(null);
    for (const zone of ['+01:00', '-0530', 'Berlin', 'GMT+1', '', ' UTC', 'local']) {
      expect(calendar.problem('0 0 * * *', zone)?.field, zone).to.equal('timezone');
    }
  });

  it('ends for spans that no calendar has', () => {
    expect(calendar.between('0 0 * * *', 'UTC', Number.NaN, 5, 5)).to.deep.equal([]);
    expect(calendar.between('0 0 1 1 *', 'UTC', at('2988-06-01T00:00Z'), Number.POSITIVE_INFINITY, 50)).to.have.length(1);
    expect(calendar.between('0 0 1 1 *', 'UTC', Number.NEGATIVE_INFINITY, at('1902-01-01T00:00Z'), 50)).to.have.length(2);
    expect(calendar.next('0 0 * * *', 'UTC', 8.64e15)).to.equal(null);
  });

  it('says what is wrong with any text, or has moments for it that rise', () => {
    const part = fc.constantFrom(
      '*',
      '0',
      '7',
      '31',
      '59',
      '60',
      'L',
      'W',
      'LW',
      'MON',
      'DEC',
      '#',
      '#5',
      '/',
      '-',
      ',',
      '+',
      '?',
      '2-5',
      '*/3',
      '-1',
      '1e3',
      '٣',
      '@',
    );
    const word = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(''));
    const words = fc.array(fc.oneof({ weight: 3, arbitrary: fc.constantFrom('*', '0', '1', '*/5') }, word), { minLength: 4, maxLength: 7 });
    const texts = fc.oneof(
      words.map((list) => list.join(' ')),
      fc.string({ unit: 'binary', maxLength: 250 }),
    );
    const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'Asia/Kathmandu', 'Nowhere', '');
    fc.assert(
      fc.property(texts, zones, (cron, zone) => {
        const problem = calendar.problem(cron, zone);
        const moments = calendar.between(cron, zone, at('2026-01-01T00:00Z'), at('2027-02-05T00:00Z'), 20);
        const next = calendar.next(cron, zone, at('2026-01-01T00:00Z') - 1);
        if (problem !== null) expect([moments, next], cron).to.deep.equal([[], null]);
        else if (moments.length > 0) expect(next).to.equal(moments[0]);
        expect(moments).to.deep.equal([...new Set(moments)].sort((a, b) => a - b));
      }),
      { numRuns: PROVE ? 20_000 : 300 },
    );
  });

  it('agrees with a calendar that works in another way, around changes of the clocks', () => {
    const plain = new PlainCalendar();
    const number = (max: number) => fc.integer({ min: 0, max }).map(String);
    const minutes = fc.oneof(number(59), fc.constantFrom('*/7', '0,15,30,45', '20-40', '*/30'));
    const hours = fc.oneof(number(23), fc.constantFrom('*', '*/2', '0-3', '1,2,3', '23'));
    const days = fc.constantFrom('* * *', '* * MON-SAT', '1-7 * SUN', '*/2 * *');
    const changes = fc.constantFrom(
      ['Europe/Berlin', '2026-03-29T01:00Z'],
      ['Europe/Berlin', '2026-10-25T01:00Z'],
      ['America/New_York', '2026-11-01T06:00Z'],
      ['Australia/Lord_Howe', '2026-10-03T15:30Z'],
      ['Australia/Lord_Howe', '2026-04-04T15:00Z'],
      ['Pacific/Apia', '2011-12-30T10:00Z'],
      ['America/Sao_Paulo', '2018-11-04T03:00Z'],
      ['America/Sao_Paulo', '2019-02-17T02:00Z'],
      ['Africa/Casablanca', '2026-03-22T02:00Z'],
      ['Asia/Kathmandu', '1985-12-31T18:30Z'],
    );
    const offset = fc.integer({ min: -36 * 60, max: 12 * 60 });
    fc.assert(
      fc.property(minutes, hours, days, changes, offset, (minute, hour, day, [zone = '', change = ''], startMinutes) => {
        const cron = `${minute} ${hour} ${day}`;
        const from = at(change) + startMinutes * 60_000;
        const to = from + 40 * 3_600_000;
        expect(calendar.between(cron, zone, from, to, 1_000)).to.deep.equal(plain.between(cron, zone, from, to, 1_000));
      }),
      { numRuns: PROVE ? 5_000 : 150 },
    );
  });
});
