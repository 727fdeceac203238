import { expect } from 'chai';
import type { CronCalendar } from '../../src/index.ts';

type Case = Readonly<{ says: string; cron: string; zone: string; from: string; to: string; at: readonly string[] }>;

/** Worked out by hand from the dates at which the zones changed their clocks. */
const CASES: readonly Case[] = [
  {
    says: 'moves a time that Berlin skips in spring to the end of the gap',
    cron: '30 2 * * *',
    zone: 'Europe/Berlin',
    from: '2026-03-28T00:00Z',
    to: '2026-03-31T00:00Z',
    at: ['2026-03-28T01:30Z', '2026-03-29T01:00Z', '2026-03-30T00:30Z'],
  },
  {
    says: 'fires once where several skipped times meet, also with one that is not skipped',
    cron: '*/20 2-3 * * *',
    zone: 'Europe/Berlin',
    from: '2026-03-28T23:00Z',
    to: '2026-03-29T22:00Z',
    at: ['2026-03-29T01:00Z', '2026-03-29T01:20Z', '2026-03-29T01:40Z'],
  },
  {
    says: 'moves a skipped time of a list of hours',
    cron: '0 1,2,5 * * *',
    zone: 'Europe/Berlin',
    from: '2026-03-28T23:00Z',
    to: '2026-03-29T22:00Z',
    at: ['2026-03-29T00:00Z', '2026-03-29T01:00Z', '2026-03-29T03:00Z'],
  },
  {
    says: 'fires once at a time that Berlin has twice in autumn, the first time',
    cron: '30 2 * * *',
    zone: 'Europe/Berlin',
    from: '2026-10-24T00:00Z',
    to: '2026-10-27T00:00Z',
    at: ['2026-10-24T00:30Z', '2026-10-25T00:30Z', '2026-10-26T01:30Z'],
  },
  {
    says: 'does not fire at the second showing of a time when it is asked from between the two',
    cron: '30 2 * * *',
    zone: 'Europe/Berlin',
    from: '2026-10-25T01:10Z',
    to: '2026-10-27T00:00Z',
    at: ['2026-10-26T01:30Z'],
  },
  {
    says: 'has nothing in a skipped hour for what runs in every hour',
    cron: '*/30 * * * *',
    zone: 'Europe/Berlin',
    from: '2026-03-29T00:00Z',
    to: '2026-03-29T02:00Z',
    at: ['2026-03-29T00:00Z', '2026-03-29T00:30Z', '2026-03-29T01:00Z', '2026-03-29T01:30Z'],
  },
  {
    says: 'keeps the pace of what runs in every hour while an hour is repeated',
    cron: '30 * * * *',
    zone: 'Europe/Berlin',
    from: '2026-10-24T23:00Z',
    to: '2026-10-25T03:00Z',
    at: ['2026-10-24T23:30Z', '2026-10-25T00:30Z', '2026-10-25T01:30Z', '2026-10-25T02:30Z'],
  },
  {
    says: 'moves a time that New York skips',
    cron: '30 2 * * *',
    zone: 'America/New_York',
    from: '2026-03-07T00:00Z',
    to: '2026-03-10T00:00Z',
    at: ['2026-03-07T07:30Z', '2026-03-08T07:00Z', '2026-03-09T06:30Z'],
  },
  {
    says: 'fires once at a time that New York has twice',
    cron: '30 1 * * *',
    zone: 'America/New_York',
    from: '2026-10-31T00:00Z',
    to: '2026-11-03T00:00Z',
    at: ['2026-10-31T05:30Z', '2026-11-01T05:30Z', '2026-11-02T06:30Z'],
  },
  {
    says: 'knows that Lord Howe skips half an hour',
    cron: '15 2 * * *',
    zone: 'Australia/Lord_Howe',
    from: '2026-10-02T12:00Z',
    to: '2026-10-05T12:00Z',
    at: ['2026-10-02T15:45Z', '2026-10-03T15:30Z', '2026-10-04T15:15Z'],
  },
  {
    says: 'knows that Lord Howe repeats half an hour',
    cron: '45 1 * * *',
    zone: 'Australia/Lord_Howe',
    from: '2026-04-03T12:00Z',
    to: '2026-04-06T12:00Z',
    at: ['2026-04-03T14:45Z', '2026-04-04T14:45Z', '2026-04-05T15:15Z'],
  },
  {
    says: 'moves what was planned on the day that Samoa left out to the start of the next',
    cron: '0 6 * * *',
    zone: 'Pacific/Apia',
    from: '2011-12-29T00:00Z',
    to: '2012-01-01T00:00Z',
    at: ['2011-12-29T16:00Z', '2011-12-30T10:00Z', '2011-12-30T16:00Z', '2011-12-31T16:00Z'],
  },
  {
    says: 'finds midnight on a day that began at one',
    cron: '0 0 * * *',
    zone: 'America/Sao_Paulo',
    from: '2018-11-03T00:00Z',
    to: '2018-11-06T00:00Z',
    at: ['2018-11-03T03:00Z', '2018-11-04T03:00Z', '2018-11-05T02:00Z'],
  },
  {
    says: 'fires once in the last hour of a day that had it twice',
    cron: '30 23 * * *',
    zone: 'America/Sao_Paulo',
    from: '2019-02-16T12:00Z',
    to: '2019-02-18T12:00Z',
    at: ['2019-02-17T01:30Z', '2019-02-18T02:30Z'],
  },
  {
    says: 'knows offsets that are no whole hours',
    cron: '0 6 * * MON,THU',
    zone: 'Asia/Kathmandu',
    from: '2026-01-01T00:00Z',
    to: '2026-01-08T00:00Z',
    at: ['2026-01-01T00:15Z', '2026-01-05T00:15Z'],
  },
  {
    says: 'takes a day of the month and a day of the week for either of both',
    cron: '0 12 13 FEB FRI',
    zone: 'UTC',
    from: '2027-02-01T00:00Z',
    to: '2027-02-20T00:00Z',
    at: ['2027-02-05T12:00Z', '2027-02-12T12:00Z', '2027-02-13T12:00Z', '2027-02-19T12:00Z'],
  },
  {
    says: 'takes six fields as seconds first',
    cron: '*/20 59 23 * * *',
    zone: 'UTC',
    from: '2026-01-01T00:00Z',
    to: '2026-01-02T00:00Z',
    at: ['2026-01-01T23:59:00Z', '2026-01-01T23:59:20Z', '2026-01-01T23:59:40Z'],
  },
];

const isoOf = (moments: readonly number[]): readonly string[] => moments.map((at) => new Date(at).toISOString());
const normal = (times: readonly string[]): readonly string[] => times.map((time) => new Date(time).toISOString());

/** The contract of {@link CronCalendar}, for every implementation. */
export function describeCronCalendar(name: string, calendar: CronCalendar): void {
  const between = (cron: string, zone: string, from: string, to: string, limit = 100): readonly string[] =>
    isoOf(calendar.between(cron, zone, Date.parse(from), Date.parse(to), limit));

  describe(`${name} keeps the contract of the cron calendar`, () => {
    for (const { says, cron, zone, from, to, at } of CASES) {
      it(says, () => {
        expect(between(cron, zone, from, to)).to.deep.equal(normal(at));
      });
    }

    it('has 23 hours in the spring of Berlin and 25 in its autumn', () => {
      expect(between('0 * * * *', 'Europe/Berlin', '2026-03-28T23:00Z', '2026-03-29T22:00Z')).to.have.length(23);
      expect(between('0 * * * *', 'Europe/Berlin', '2026-10-24T22:00Z', '2026-10-25T23:00Z')).to.have.length(25);
    });

    it('begins with a moment at the start of the span and ends before its end', () => {
      expect(between('0 6 * * *', 'UTC', '2026-01-01T06:00Z', '2026-01-02T06:00Z')).to.deep.equal(normal(['2026-01-01T06:00Z']));
      expect(between('0 6 * * *', 'UTC', '2026-01-01T06:00:00.001Z', '2026-01-02T06:00Z')).to.deep.equal([]);
      expect(between('0 6 * * *', 'UTC', '2026-01-02T06:00Z', '2026-01-01T06:00Z')).to.deep.equal([]);
    });

    it('stops at the limit, however much there would be', () => {
      const seconds = between('* * * * * *', 'Europe/Berlin', '2026-01-01T00:00Z', '2027-02-05T00:00Z', 3);
      expect(seconds).to.deep.equal(normal(['2026-01-01T00:00:00Z', '2026-01-01T00:00:01Z', '2026-01-01T00:00:02Z']));
      expect(between('* * * * *', 'UTC', '2026-01-01T00:00Z', '2026-01-02T00:00Z', 0)).to.deep.equal([]);
    });

    it('names the first moment after another, never that moment itself', () => {
      const six = Date.parse('2026-01-01T06:00Z');
      expect(calendar.next('0 6 * * *', 'UTC', six - 1)).to.equal(six);
      expect(calendar.next('0 6 * * *', 'UTC', six)).to.equal(six + 86_400_000);
      expect(calendar.next('0 0 29 2 *', 'UTC', six)).to.equal(Date.parse('2028-02-29T00:00Z'));
    });

    it('says what is wrong with an expression or a zone, and has no moments for either', () => {
      expect(calendar.problem('0 6 * * MON-FRI', 'Europe/Berlin')).to.equal(null);
      for (const cron of ['0 0 30 2 *', '0 0 31 4,6,9,11 *', '60 * * * *', '* * *', 'now and then at five', '']) {
        expect(calendar.problem(cron, 'UTC')?.field, cron).to.equal('cron');
        expect(between(cron, 'UTC', '2026-01-01T00:00Z', '2027-01-01T00:00Z'), cron).to.deep.equal([]);
      }
      expect(calendar.next('0 0 30 2 *', 'UTC', 0)).to.equal(null);
      expect(calendar.problem('0 6 * * *', 'Europe/Atlantis')?.field).to.equal('timezone');
      expect(between('0 6 * * *', 'Europe/Atlantis', '2026-01-01T00:00Z', '2027-01-01T00:00Z')).to.deep.equal([]);
    });
  });
}
