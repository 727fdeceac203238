import { expect } from 'chai';
import fc from 'fast-check';
import { appendLog, emptyLog, LOG_CAP, levelOf, lineFilter, logText, plainLine } from '../src/view-models/log-buffer.ts';

const line = (seq: number, text = `line ${seq}`) => ({ seq, host: 'spark-1', at: '2026-11-21T12:00:00.000Z', line: text });

describe('the log buffer', () => {
  it('passes over lines it has: a stream replays after it was cut', () => {
    const first = appendLog(emptyLog, [line(1), line(2)]);
    const again = appendLog(first, [line(1), line(2), line(3)]);
    expect(again.lines.map(({ seq }) => seq)).to.deep.equal([1, 2, 3]);
    expect(appendLog(again, [line(2)])).to.equal(again);
  });

  it('keeps the newest lines and counts the rest', () => {
    const lines = Array.from({ length: LOG_CAP + 5 }, (_, at) => line(at + 1));
    const { lines: kept, dropped } = appendLog(emptyLog, lines);
    expect([kept.length, kept[0]?.seq, dropped]).to.deep.equal([LOG_CAP, 6, 5]);
  });

  it('drops terminal colours and what a progress bar drew over', () => {
    expect(plainLine('\u001b[32mINFO\u001b[0m ready')).to.equal('INFO ready');
    expect(plainLine('\r  5% | 1/20\r 10% | 2/20\r')).to.equal(' 10% | 2/20');
    expect(plainLine('bell\u0007')).to.equal('bell');
  });

  it('never throws and never lets a control character through', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
        expect(plainLine(text)).to.not.match(/[\u0000-\u0008\u000b-\u001f\u007f]/);
      }),
    );
  });

  it('tells errors and warnings apart from the rest', () => {
    expect(levelOf('ERROR 11-21 EngineCore encountered a fatal error.')).to.equal('error');
    expect(levelOf('torch.OutOfMemoryError: CUDA out of memory')).to.equal('error');
    expect(levelOf('WARNING 11-21 slow tokenizer')).to.equal('warn');
    expect(levelOf('INFO no errors so far')).to.equal('info');
  });

  it('filters by plain text or by /expression/, and takes an unfinished one as text', () => {
    expect(lineFilter('shard')('Loading Shards')).to.equal(true);
    expect(lineFilter('/shard.*9\\/14/')('Shards: 9/14')).to.equal(true);
    expect(lineFilter('/(/')('a /(/ b')).to.equal(true);
    expect(lineFilter('  ')('anything')).to.equal(true);
    expect(lineFilter('/x/')('abc')).to.equal(false);
  });

  it('downloads as text', () => {
    expect(logText([line(1, '\u001b[1mINFO\u001b[0m up')])).to.equal('2026-11-21T12:00:00.000Z spark-1 INFO up\n');
  });
});
