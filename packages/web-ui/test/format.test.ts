import { expect } from 'chai';
import fc from 'fast-check';
import { ago, bytes, clock, instant, ofBytes, plural, span, stepTime, wallTime } from '../src/view-models/format.ts';
import { GIB, NOON } from './support/wire-builders.ts';

describe('formatters', () => {
  for (const [seconds, text] of [
    [0, '0:00'],
    [9.9, '0:09'],
    [220, '3:40'],
    [3_725, '1:02:05'],
    [-4, '0:00'],
  ] as const) {
    it(`reads ${seconds} s on a stopwatch as ${text}`, () => expect(clock(seconds)).to.equal(text));
  }

  for (const [seconds, text] of [
    [0, '0 s'],
    [45, '45 s'],
    [59.6, '1 min'],
    [840, '14 min'],
    [8_040, '2 h 14 min'],
    [7_200, '2 h'],
    [273_600, '3 d 4 h'],
  ] as const) {
    it(`says ${seconds} s as ${text}`, () => expect(span(seconds)).to.equal(text));
  }

  for (const [value, text] of [
    [null, 'unknown'],
    [0, '0 B'],
    [512, '512 B'],
    [1.5 * GIB, '1.5 GiB'],
    [91 * GIB, '91 GiB'],
    [3 * 1024 * GIB, '3.0 TiB'],
  ] as const) {
    it(`says ${value} bytes as ${text}`, () => expect(bytes(value)).to.equal(text));
  }

  it('gives both parts in the unit of the whole', () => {
    expect(ofBytes(102 * GIB, 128 * GIB)).to.equal('102 of 128 GiB');
    expect(ofBytes(100, 2_048)).to.equal('100 B of 2.0 KiB');
  });

  it('shows tenths of a second for short steps only', () => {
    expect(stepTime(340)).to.equal('0.3 s');
    expect(stepTime(19_012)).to.equal('0:19');
  });

  it('says how long ago, and never for no time at all', () => {
    expect(ago(null, NOON)).to.equal('never');
    expect(ago(NOON - 500, NOON)).to.equal('now');
    expect(ago(NOON - 14_000, NOON)).to.equal('14 s ago');
  });

  it('calls a time in the future "now": two clocks are never quite the same', () => {
    expect(ago(NOON + 5_000, NOON)).to.equal('now');
  });

  it('takes nonsense on the wire for no time', () => {
    expect(instant('2026-11-21T12:00:00.000Z')).to.equal(NOON);
    expect(instant('soon')).to.equal(null);
    expect(instant(undefined)).to.equal(null);
  });

  it('gives the date as well on another day', () => {
    expect(wallTime(NOON - 3 * 86_400_000, NOON)).to.match(/^\d+ Nov \d\d:\d\d$/);
    expect(wallTime(NOON, NOON)).to.match(/^\d\d:\d\d:\d\d$/);
  });

  it('counts', () => {
    expect([plural(1, 'load'), plural(0, 'load'), plural(2, 'check fails', 'checks fail')]).to.deep.equal([
      '1 load',
      '0 loads',
      '2 checks fail',
    ]);
  });

  it('never shows a span of sixty of its smaller unit', () => {
    fc.assert(fc.property(fc.double({ min: 0, max: 1e7, noNaN: true }), (seconds) => !/\b60 (s|min)\b|\b24 h\b/.test(span(seconds))));
  });
});
