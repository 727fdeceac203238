import { expect } from 'chai';
import fc from 'fast-check';
import { initialLoadProgress, LOAD_STAGES, type LoadProgress, observeLine } from '../../src/index.ts';
import { HOSTILE_TEXTS, type LogFixture, linesOf, rawLog, statesOf } from '../support/log-fixtures.ts';

const RUNS = process.env['SPARK_PROVE'] === '1' ? 10_000 : 300;
const FIXTURES: readonly LogFixture[] = ['solo-modern', 'two-nodes-modern', 'two-nodes-legacy', 'crash-out-of-memory', 'hang-in-capture'];

function expectMonotone(states: readonly LoadProgress[], start = initialLoadProgress()): void {
  let before = start;
  for (const state of states) {
    expect(state.fraction).to.be.within(before.fraction, 1);
    expect(LOAD_STAGES.indexOf(state.stage)).to.be.at.least(LOAD_STAGES.indexOf(before.stage));
    before = state;
  }
}

const labelsOf = (name: LogFixture): readonly string[] => {
  const labels = statesOf(linesOf(rawLog(name))).map((state) => state.label);
  return labels.filter((label, index) => label !== labels[index - 1]);
};

describe('progress over whole logs', () => {
  for (const name of FIXTURES) {
    it(`never falls in ${name}`, () => {
      expectMonotone(statesOf(linesOf(rawLog(name))));
    });
  }

  for (const name of ['solo-modern', 'two-nodes-modern', 'two-nodes-legacy'] as const) {
    it(`passes every stage in order in ${name} and ends at 1`, () => {
      const states = statesOf(linesOf(rawLog(name)));
      expect([...new Set(states.map((state) => state.stage))]).to.deep.equal([...LOAD_STAGES]);
      expect(states.at(-1)).to.include({ fraction: 1, label: 'server started' });
    });

    it(`says 1 in ${name} only once the server is up`, () => {
      const lines = linesOf(rawLog(name));
      const first = statesOf(lines).findIndex((state) => state.fraction === 1);
      expect(lines[first]).to.match(/Application startup complete\.$/);
    });
  }

  it('counts shards, kernels and graphs one by one in a foreground log', () => {
    const labels = labelsOf('solo-modern');
    for (const label of [
      'weights 0/14',
      'weights 9/14',
      'weights 14/14',
      'warming up kernels 17/40',
      'capturing graphs 20/51',
      'capturing graphs 20/35 (pass 2)',
    ]) {
      expect(labels).to.include(label);
    }
  });

  it('follows the slower of two ranks, and the draft model as a second pass', () => {
    const labels = labelsOf('two-nodes-modern');
    expect(labels).to.include('weights 20/42').and.include('weights 2/4 (pass 2)');
    const states = statesOf(linesOf(rawLog('two-nodes-modern')));
    const lines = linesOf(rawLog('two-nodes-modern'));
    const fast = lines.findIndex((line) => line.includes('TP0') && line.includes('| 42/42 '));
    expect(states[fast]?.label).to.equal('weights 38/42');
  });

  it('stops at the KV cache in a log that hangs in graph capture', () => {
    expect(statesOf(linesOf(rawLog('hang-in-capture'))).at(-1)).to.include({ stage: 'kv', label: 'allocating the KV cache' });
  });

  it('stays among the weights in a log that runs out of memory', () => {
    expect(statesOf(linesOf(rawLog('crash-out-of-memory'))).at(-1)).to.include({ stage: 'weights', label: 'weights 9/30' });
  });

  it('comes to the same end when a log is read twice', () => {
    const lines = linesOf(rawLog('two-nodes-modern'));
    const once = statesOf(lines);
    const twice = statesOf(lines, once.at(-1));
    expectMonotone(twice, once.at(-1));
    expect(twice.at(-1)).to.include({ fraction: 1, stage: 'server' });
  });
});

const REAL_LINES = FIXTURES.flatMap((name) => linesOf(rawLog(name)));

describe('progress over any text', () => {
  const rank = fc.constantFrom('', '(Worker_TP0 pid=1) ', '(Worker_TP1 pid=2) ', '(RayWorkerWrapper pid=3, ip=10.0.0.2) ');
  const description = fc.constantFrom(
    'Loading safetensors checkpoint shards',
    'Capturing CUDA graphs (decode, FULL)',
    'Capturing CUDA graph shapes',
    'X warmup',
    'Fetching 3 files',
  );
  const gauge = fc.constantFrom('5% Completed |', ' 47%|##  |', '100%||');
  const bar = fc
    .tuple(rank, description, gauge, fc.nat(60), fc.nat(60))
    .map(([who, what, how, done, total]) => `${who}${what}: ${how} ${done}/${total} [00:01<00:02]`);
  const anyLine = fc.oneof(
    fc.constantFrom(...REAL_LINES),
    bar,
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.string({ maxLength: 80 }),
  );

  it('never throws, never falls and stays in 0..1', () => {
    fc.assert(
      fc.property(fc.array(anyLine, { maxLength: 60 }), (lines) => {
        expectMonotone(statesOf(lines));
      }),
      { numRuns: RUNS },
    );
  });

  it('never throws on the bytes of a raw stream, shuffled real output included', () => {
    const raw = fc
      .array(fc.oneof(anyLine, fc.constantFrom('\n', '\r', '\u001b[31m', '\u001b]0;')), { maxLength: 60 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(raw, (text) => {
        expectMonotone(statesOf(linesOf(text)));
      }),
      { numRuns: RUNS },
    );
  });

  for (const [name, text] of HOSTILE_TEXTS) {
    it(`takes an endless line of ${name}`, () => {
      expectMonotone([observeLine(initialLoadProgress(), text)]);
    });
  }
});
