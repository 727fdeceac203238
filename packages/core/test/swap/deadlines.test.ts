import { expect } from 'chai';
import fc from 'fast-check';
import { DEFAULT_DEADLINES, type DeadlineContext, deadlinesFor, LOAD_STAGES, overdue, type StepName } from '../../src/index.ts';

const MINUTE = 60_000;
const GIB = 1024 ** 3;
const context: DeadlineContext = { weightsBytes: null, historySeconds: [], isPulling: false, stage: null };

describe('deadlinesFor', () => {
  const table: readonly (readonly [step: StepName, with_: Partial<DeadlineContext>, hardMs: number | null, quietMs: number | null])[] = [
    ['validate', {}, 30_000, null],
    ['drain', { drainSeconds: 30 }, 30_000, null],
    ['drain', { drainSeconds: 0 }, 0, null],
    ['drain', {}, null, null],
    ['stop', {}, 120_000, null],
    ['launch', {}, 3 * MINUTE, MINUTE],
    ['launch', { isPulling: true }, null, 10 * MINUTE],
    ['load', { weightsBytes: 0 }, 20 * MINUTE, 10 * MINUTE],
    ['load', { weightsBytes: 40 * GIB }, 30 * MINUTE, 10 * MINUTE],
    ['load', { weightsBytes: null }, 35 * MINUTE, 10 * MINUTE],
    ['load', { weightsBytes: 400 * GIB, historySeconds: [100] }, 15 * MINUTE, 10 * MINUTE],
    ['load', { historySeconds: [600] }, 30 * MINUTE, 10 * MINUTE],
    ['load', { historySeconds: [0, 1_000] }, 45 * MINUTE, 10 * MINUTE],
    ['warm', {}, 5 * MINUTE, MINUTE],
  ];
  for (const [step, more, hardMs, quietMs] of table) {
    it(`gives ${step} with ${JSON.stringify(more)} ${hardMs} ms at most and ${quietMs} ms of silence`, () => {
      expect(deadlinesFor(step, { ...context, ...more })).to.deep.equal({ hardMs, quietMs });
    });
  }

  for (const step of ['stop', 'launch', 'load', 'warm'] as const) {
    it(`gives a rollback's ${step} the limits of the forward step`, () => {
      for (const isPulling of [false, true]) {
        const with_ = { ...context, isPulling, historySeconds: [700], stage: 'compile' } as const;
        expect(deadlinesFor(`rollback_${step}`, with_)).to.deep.equal(deadlinesFor(step, with_));
      }
    });
  }

  it('lets compiling and warming up be silent for 20 minutes, and the other stages for 10', () => {
    const quiet = LOAD_STAGES.map((stage) => [stage, deadlinesFor('load', { ...context, stage }).quietMs]);
    expect(Object.fromEntries(quiet)).to.deep.equal({
      dispatch: 10 * MINUTE,
      engine: 10 * MINUTE,
      weights: 10 * MINUTE,
      compile: 20 * MINUTE,
      kv: 20 * MINUTE,
      graphs: 10 * MINUTE,
      server: 10 * MINUTE,
    });
  });

  it('takes every limit from the settings', () => {
    const doubled = Object.fromEntries(Object.entries(DEFAULT_DEADLINES).map(([name, value]) => [name, value * 2]));
    const settings = { ...DEFAULT_DEADLINES, ...doubled, loadAssumedGiB: 60, loadHistoryFactor: 3 };
    for (const [step, more, hardMs, quietMs] of table.filter(([step]) => step !== 'drain')) {
      if (step === 'load' && (more.historySeconds?.[0] ?? 0) !== 100 && more.historySeconds !== undefined) continue;
      const twice = (ms: number | null): number | null => (ms === null ? null : ms * 2);
      expect(deadlinesFor(step, { ...context, ...more }, settings)).to.deep.equal({ hardMs: twice(hardMs), quietMs: twice(quietMs) });
    }
    const patient = { ...DEFAULT_DEADLINES, loadHistoryFactor: 10 };
    expect(deadlinesFor('load', { ...context, historySeconds: [600] }, patient).hardMs).to.equal(100 * MINUTE);
  });
});

describe('overdue', () => {
  const limits = { hardMs: 1_000, quietMs: 100 };

  const table: readonly (readonly [
    title: string,
    startedAt: number,
    progressAt: number,
    now: number,
    found: ReturnType<typeof overdue>,
  ])[] = [
    ['nothing right after the start', 500, 500, 500, null],
    ['nothing just before the silence is too long', 500, 900, 999, null],
    ['the quiet limit as soon as it is reached', 500, 900, 1_000, { kind: 'quiet', limitMs: 100 }],
    ['nothing just before the hard limit', 500, 1_450, 1_499, null],
    ['the hard limit as soon as it is reached, progress or not', 500, 1_499, 1_500, { kind: 'hard', limitMs: 1_000 }],
    ['the hard limit first when both are reached', 500, 500, 1_500, { kind: 'hard', limitMs: 1_000 }],
    ['no silence from before the step', 500, 0, 599, null],
    ['the silence since the start of the step', 500, 0, 600, { kind: 'quiet', limitMs: 100 }],
    ['nothing when progress lies ahead of now', 500, 5_000, 700, null],
  ];
  for (const [title, phaseStartedAt, progressAt, now, found] of table) {
    it(`finds ${title}`, () => {
      expect(overdue({ phaseStartedAt, progressAt }, limits, now)).to.deep.equal(found);
    });
  }

  it('finds nothing where there is no limit', () => {
    expect(overdue({ phaseStartedAt: 0, progressAt: 0 }, { hardMs: null, quietMs: null }, 1e15)).to.equal(null);
    expect(overdue({ phaseStartedAt: 0, progressAt: 0 }, { hardMs: null, quietMs: 5 }, 5)).to.deep.equal({ kind: 'quiet', limitMs: 5 });
    expect(overdue({ phaseStartedAt: 0, progressAt: 0 }, { hardMs: 5, quietMs: null }, 5)).to.deep.equal({ kind: 'hard', limitMs: 5 });
  });

  it('stays overdue once it is, as long as nothing moves', () => {
    const ms = fc.integer({ min: 0, max: 10_000 });
    const limit = fc.option(fc.integer({ min: 1, max: 5_000 }));
    fc.assert(
      fc.property(ms, ms, limit, limit, ms, ms, (phaseStartedAt, progressAt, hardMs, quietMs, now, later) => {
        const times = { phaseStartedAt, progressAt };
        fc.pre(overdue(times, { hardMs, quietMs }, now) !== null);
        expect(overdue(times, { hardMs, quietMs }, now + later)).not.to.equal(null);
      }),
      { numRuns: 200 },
    );
  });
});
