import { expect } from 'chai';
import { classifyFailure } from '../../src/index.ts';
import { linesOf, rawLog } from '../support/log-fixtures.ts';

const crashed = { exitCode: 1, fallback: 'MODEL_CRASHED', message: 'The model server died.' } as const;
const numbered = (count: number, prefix = 'line'): readonly string[] => Array.from({ length: count }, (_, index) => `${prefix} ${index}`);

describe('the log tail of a cause', () => {
  it('is the last 40 lines when nothing tells more', () => {
    expect(classifyFailure(numbered(100), crashed).logTail).to.deep.equal(numbered(100).slice(60));
  });

  it('shows 30 lines above the telling line and 9 below it', () => {
    const { logTail } = classifyFailure([...numbered(100), 'EngineCore failed to start.', ...numbered(100, 'after')], crashed);
    expect(logTail).to.have.lengthOf(40);
    expect(logTail[0]).to.equal('line 70');
    expect(logTail[30]).to.equal('EngineCore failed to start.');
    expect(logTail[39]).to.equal('after 8');
  });

  it('shows 30 lines above it also when it is near the end', () => {
    const { logTail } = classifyFailure([...numbered(100), 'EngineCore failed to start.', ...numbered(38, 'after')], crashed);
    expect(logTail[30]).to.equal('EngineCore failed to start.');
  });

  it('goes to the first line about the engine, above which the reason stands', () => {
    const lines = [
      ...numbered(50),
      'ValueError: odd shape',
      'EngineCore failed to start.',
      ...numbered(60, 'noise'),
      'RuntimeError: Engine core initialization failed. See root cause above.',
    ];
    expect(classifyFailure(lines, crashed).logTail).to.include('ValueError: odd shape');
  });

  it('goes to the last exception when nothing is recognised', () => {
    const lines = [...numbered(50), 'my.module.OddError: something new', ...numbered(60, 'noise')];
    expect(classifyFailure(lines, crashed)).to.deep.include({ message: 'The model server died.' });
    expect(classifyFailure(lines, crashed).logTail).to.include('my.module.OddError: something new');
    expect(classifyFailure(lines, { ...crashed, exitCode: 134 }).logTail).to.include('my.module.OddError: something new');
    expect(classifyFailure(lines, { ...crashed, exitCode: 137 }).logTail).not.to.include('my.module.OddError: something new');
  });

  it('masks secrets, also one that the cut of a long line would halve', () => {
    const token = `hf_${'a'.repeat(34)}`;
    const { logTail } = classifyFailure([`-e HF_TOKEN=${token}`, `${'x '.repeat(990)}${token} ${'y '.repeat(100)}`], crashed);
    expect(logTail.join('\n')).not.to.match(/hf_a/);
    expect(logTail[1]).to.match(/ \[cut\]$/);
  });

  it('masks a secret in the message it was given', () => {
    expect(classifyFailure([], { ...crashed, message: 'docker said: Bearer abcdefghijkl' }).message).to.equal('docker said: Bearer ***');
  });

  it('takes colours and control characters out', () => {
    expect(classifyFailure(['\u001b[31mred\u001b[0m\u0007'], crashed).logTail).to.deep.equal(['red']);
  });

  it('explains a whole log that ran out of memory, and shows the exception', () => {
    const cause = classifyFailure(linesOf(rawLog('crash-out-of-memory')), crashed);
    expect(cause).to.include({ code: 'DOES_NOT_FIT', message: 'The GPU ran out of memory when 2.37 GiB more were asked for.' });
    expect(cause.logTail.some((line) => line.includes('torch.OutOfMemoryError'))).to.equal(true);
  });

  it('explains a whole log that hangs in graph capture', () => {
    const context = { exitCode: null, fallback: 'NO_PROGRESS', message: 'Nothing moved for 1200 s while loading.' } as const;
    const cause = classifyFailure(linesOf(rawLog('hang-in-capture')), context);
    expect(cause.message).to.equal('Nothing moved for 1200 s while loading. It stood at "allocating the KV cache".');
    expect(cause.hint).to.include('graph capture');
  });

  it('finds no fault in logs of loads that went well, and masks the key in their arguments', () => {
    for (const name of ['solo-modern', 'two-nodes-modern', 'two-nodes-legacy'] as const) {
      const lines = linesOf(rawLog(name));
      expect(classifyFailure(lines, crashed)).to.include({ code: 'MODEL_CRASHED', message: 'The model server died.', hint: null });
      const start = classifyFailure(lines.slice(0, 30), crashed).logTail.join('\n');
      expect(start).not.to.include('local-test-key');
    }
  });
});
