import { expect } from 'chai';
import fc from 'fast-check';
import type { OperationPart } from '../../src/index.ts';
import { applyReport } from '../../src/operation/apply-report.ts';
import { type ByteMeter, bytesPerSecond, EMPTY_METER, measured } from '../../src/operation/byte-rate.ts';
import { overallProgress } from '../../src/operation/overall-progress.ts';
import { anOperation, aPart } from '../support/operation-samples.ts';

const running = (doneBytes: number, over: Partial<OperationPart> = {}): OperationPart =>
  aPart('spark1', { status: 'running', doneBytes, ...over });

const GIB = 2 ** 30;
const anyNumber = fc.oneof(fc.constant(null), fc.double(), fc.integer({ min: 0, max: 2 ** 40 }));
const anyPart: fc.Arbitrary<OperationPart> = fc.record({
  key: fc.constantFrom('a', 'b', 'c', 'd'),
  host: fc.constant(null),
  label: fc.string(),
  status: fc.constantFrom('pending', 'running', 'done', 'failed', 'skipped'),
  doneBytes: anyNumber,
  totalBytes: anyNumber,
  fraction: anyNumber,
  note: fc.option(fc.string()),
});

describe('the rate of bytes', () => {
  const meterOf = (readings: readonly (readonly [at: number, bytes: number])[]): ByteMeter =>
    readings.reduce((meter, [at, bytes]) => measured(meter, [running(bytes)], at), EMPTY_METER);

  it('is not known by one reading, nor by two right after each other', () => {
    expect(bytesPerSecond(meterOf([[0, 100]]))).to.equal(null);
    expect(
      bytesPerSecond(
        meterOf([
          [0, 100],
          [500, 5_000],
        ]),
      ),
    ).to.equal(null);
    expect(
      bytesPerSecond(
        meterOf([
          [0, 0],
          [1_000, 5_000],
        ]),
      ),
    ).to.equal(5_000);
  });

  it('does not count what was there before the work began', () => {
    expect(
      bytesPerSecond(
        meterOf([
          [0, 40 * GIB],
          [10_000, 40 * GIB + 1_000],
        ]),
      ),
    ).to.equal(100);
    const first = measured(EMPTY_METER, [running(1_000)], 0);
    const joined = measured(first, [running(2_000), aPart('spark2', { status: 'running', doneBytes: 9 * GIB })], 1_000);
    expect(bytesPerSecond(joined)).to.equal(1_000);
  });

  it('falls to zero half a minute after the last byte', () => {
    const stuck: readonly (readonly [number, number])[] = Array.from({ length: 40 }, (_, at) => [20_000 + at * 1_000, 10_000]);
    expect(bytesPerSecond(meterOf([[0, 0], [10_000, 10_000], ...stuck]))).to.equal(0);
  });

  it('is no less than zero when a part begins again', () => {
    expect(
      bytesPerSecond(
        meterOf([
          [0, 5_000],
          [1_000, 6_000],
          [2_000, 0],
          [3_000, 1_000],
        ]),
      ),
    ).to.equal(667);
  });

  it('is that of a steady download, however often it reports', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.array(fc.integer({ min: 100, max: 40_000 }), { minLength: 12, maxLength: 60 }),
        (bytesPerMs, gaps) => {
          let at = 0;
          const readings = gaps.map((gap): readonly [number, number] => {
            at += gap;
            return [at, at * bytesPerMs];
          });
          expect(bytesPerSecond(meterOf(readings))).to.equal(bytesPerMs * 1_000);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('remembers no more than half a minute of readings and one', () => {
    const meter = meterOf(Array.from({ length: 1_000 }, (_, at) => [at * 500, at]));
    expect(meter.samples).to.have.length(61);
  });
});

describe('the overall progress', () => {
  const of = (parts: readonly OperationPart[]) => overallProgress(parts, 'x', EMPTY_METER);

  it('goes by bytes where every part knows its own', () => {
    const parts = [
      running(3 * GIB, { totalBytes: 4 * GIB }),
      aPart('spark2', { doneBytes: 0, totalBytes: 4 * GIB }),
      aPart('c', { status: 'skipped' }),
    ];
    expect(of(parts)).to.include({ doneBytes: 3 * GIB, totalBytes: 8 * GIB, fraction: 3 / 8 });
  });

  it('counts parts where somebody does not, and says what bytes are known', () => {
    const parts = [
      running(3 * GIB, { totalBytes: 4 * GIB }),
      aPart('spark2', { status: 'running' }),
      aPart('c', { status: 'done' }),
      aPart('d'),
    ];
    expect(of(parts)).to.deep.include({ doneBytes: 3 * GIB, totalBytes: null, fraction: 1.75 / 4, etaSeconds: null });
  });

  it('is not known while nobody knows anything', () => {
    expect(of([])).to.deep.include({ fraction: null, doneBytes: null, totalBytes: null });
    expect(of([aPart('a'), aPart('b', { status: 'running' })])).to.include({ fraction: null });
  });

  it('says when it will be over by what is left and the rate', () => {
    const meter = [0, 1, 2, 3].reduce((so, s) => measured(so, [running(s * 100, { totalBytes: 1_000 })], s * 1_000), EMPTY_METER);
    expect(overallProgress([running(300, { totalBytes: 1_000 })], '', meter)).to.include({ bytesPerSecond: 100, etaSeconds: 7 });
  });
});

describe('a report', () => {
  it('replaces parts by key, adds new ones at the end and keeps the label that it does not give', () => {
    const before = anOperation('op_1', { parts: [aPart('a'), aPart('b')] });
    const first = applyReport(before, EMPTY_METER, { parts: [running(1, { key: 'b' }), aPart('c')], label: 'downloading', at: 0 });
    const second = applyReport(first.operation, first.meter, { parts: [], at: 1 });
    expect(second.operation.parts.map(({ key, status }) => `${key} ${status}`)).to.deep.equal(['a pending', 'b running', 'c pending']);
    expect(second.operation.progress.label).to.equal('downloading');
    expect(before.parts).to.have.length(2);
  });

  it('keeps to what may be shown, whatever was reported', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.array(anyPart), fc.nat(5_000)), { maxLength: 12 }), (reports) => {
        let state = { operation: anOperation('op_1'), meter: EMPTY_METER };
        let at = 0;
        for (const [parts, gap] of reports) {
          at += gap;
          state = applyReport(state.operation, state.meter, { parts, at });
          const { progress, parts: merged } = state.operation;
          for (const bytes of [progress.doneBytes, progress.totalBytes, ...merged.flatMap((part) => [part.doneBytes, part.totalBytes])]) {
            if (bytes !== null) expect(Number.isInteger(bytes) && bytes >= 0, `${bytes} bytes`).to.equal(true);
          }
          for (const fraction of [progress.fraction, ...merged.map((part) => part.fraction)]) {
            if (fraction !== null) expect(fraction).to.be.within(0, 1);
          }
          if (progress.bytesPerSecond !== null) expect(progress.bytesPerSecond).to.be.at.least(0);
          if (progress.etaSeconds !== null) expect(Number.isInteger(progress.etaSeconds) && progress.etaSeconds >= 0).to.equal(true);
          expect(new Set(merged.map(({ key }) => key)).size).to.equal(merged.length);
        }
      }),
      { numRuns: process.env['SPARK_PROVE'] === '1' ? 20_000 : 200 },
    );
  });

  it('never shows less of a download whose parts only grow', () => {
    const growth = fc.array(fc.tuple(fc.integer({ min: 0, max: 2 }), fc.nat(400)), { maxLength: 30 });
    fc.assert(
      fc.property(growth, (steps) => {
        const done = [0, 0, 0];
        let state = { operation: anOperation('op_1'), meter: EMPTY_METER };
        let last = 0;
        for (const [index, [host, bytes]] of steps.entries()) {
          done[host] = Math.min(1_000, (done[host] ?? 0) + bytes);
          const parts = done.map((doneBytes, key) => aPart(String(key), { status: 'running', doneBytes, totalBytes: 1_000 }));
          state = applyReport(state.operation, state.meter, { parts, at: index * 500 });
          const fraction = state.operation.progress.fraction ?? 0;
          expect(fraction).to.be.at.least(last);
          last = fraction;
        }
      }),
      { numRuns: 100 },
    );
  });
});
