import { expect } from 'chai';
import fc from 'fast-check';
import { momentOf } from '../src/moment.ts';

describe('momentOf', () => {
  const taken: readonly (readonly [string, string])[] = [
    ['2026-11-21T06:00:00Z', '2026-11-21T06:00:00.000Z'],
    ['2026-11-21t06:00:00z', '2026-11-21T06:00:00.000Z'],
    ['2026-11-21T06:00:00.5Z', '2026-11-21T06:00:00.500Z'],
    ['2026-11-21T06:00:00.123456789Z', '2026-11-21T06:00:00.123Z'],
    ['2026-11-21T08:30:00+02:30', '2026-11-21T06:00:00.000Z'],
    ['2026-11-20T23:00:00-07:00', '2026-11-21T06:00:00.000Z'],
    ['2026-11-21T05:59:00-00:01', '2026-11-21T06:00:00.000Z'],
    ['2028-02-29T00:00:00+00:00', '2028-02-29T00:00:00.000Z'],
    ['2000-02-29T00:00:00Z', '2000-02-29T00:00:00.000Z'],
    ['1970-01-01T00:00:00Z', '1970-01-01T00:00:00.000Z'],
    ['9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'],
  ];
  for (const [text, iso] of taken) {
    it(`takes ${text}`, () => {
      expect(new Date(momentOf(text) ?? Number.NaN).toISOString()).to.equal(iso);
    });
  }

  const refused: Readonly<Record<string, readonly string[]>> = {
    'dates that no calendar has': [
      '2026-02-30T00:00:00Z',
      '2026-02-29T00:00:00Z',
      '1900-02-29T00:00:00Z',
      '2026-04-31T00:00:00Z',
      '2026-13-01T00:00:00Z',
      '2026-00-10T00:00:00Z',
      '2026-01-00T00:00:00Z',
      '2026-99-99T00:00:00Z',
    ],
    'times that no clock has': ['2026-11-21T24:00:00Z', '2026-11-21T25:00:00Z', '2026-11-21T23:60:00Z', '2026-11-21T23:59:61Z'],
    'leap seconds': ['2016-12-31T23:59:60Z'],
    'times without an offset, or with one that is none': [
      '2026-11-21T06:00:00',
      '2026-11-21T06:00:00+24:00',
      '2026-11-21T06:00:00+02:60',
      '2026-11-21T06:00:00+0200',
      '2026-11-21T06:00:00+02',
      '2026-11-21T06:00:00 02:00',
    ],
    'dates without a time, and other ways to write one': [
      '2026-11-21',
      '2026-11-21 06:00:00Z',
      '2026-11-21T06:00Z',
      '20261121T060000Z',
      '2026-W47-6',
      'Sat, 21 Nov 2026 06:00:00 GMT',
      '1795240800000',
      'now',
      '',
    ],
    'what stands around a time': [
      ' 2026-11-21T06:00:00Z',
      '2026-11-21T06:00:00Z\n',
      '2026-11-21T06:00:00.Z',
      '+002026-11-21T06:00:00Z',
      '٢٠٢٦-11-21T06:00:00Z',
    ],
    'times that cannot be counted or said': [
      '1969-12-31T23:59:59.999Z',
      '1970-01-01T00:00:00+00:01',
      '0000-01-01T00:00:00Z',
      '0099-01-01T00:00:00Z',
      '9999-12-31T23:59:59-00:01',
    ],
  };
  for (const [what, texts] of Object.entries(refused)) {
    it(`refuses ${what}`, () => {
      for (const text of texts) expect(momentOf(text), text).to.equal(null);
    });
  }

  it('reads what every clock writes, whatever its offset', () => {
    const pad = (value: number): string => String(value).padStart(2, '0');
    const moments = fc.date({ min: new Date(864e5), max: new Date('9999-12-30T00:00:00Z'), noInvalidDate: true });
    fc.assert(
      fc.property(moments, fc.integer({ min: -1_439, max: 1_439 }), (date, offset) => {
        const local = new Date(date.getTime() + offset * 60_000).toISOString().slice(0, -1);
        const size = Math.abs(offset);
        const text = `${local}${offset < 0 ? '-' : '+'}${pad(Math.floor(size / 60))}:${pad(size % 60)}`;
        expect(momentOf(text)).to.equal(date.getTime());
      }),
    );
  });

  it('answers null or a moment for any text, and never NaN', () => {
    const nearly = fc.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/);
    fc.assert(
      fc.property(fc.oneof(nearly, fc.string()), (text) => {
        const moment = momentOf(text);
        if (moment === null) return;
        expect(Number.isSafeInteger(moment)).to.equal(true);
        expect(Math.abs(Date.parse(text) - moment)).to.be.lessThan(1);
      }),
      { numRuns: 500 },
    );
  });
});
