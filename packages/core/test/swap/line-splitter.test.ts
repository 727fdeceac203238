import { expect } from 'chai';
import fc from 'fast-check';
import { LineSplitter, MAX_LINE_LENGTH } from '../../src/index.ts';
import { HOSTILE_TEXTS, linesOf } from '../support/log-fixtures.ts';

const RUNS = process.env['SPARK_PROVE'] === '1' ? 10_000 : 300;

describe('LineSplitter', () => {
  const table: readonly (readonly [title: string, raw: string, lines: readonly string[]])[] = [
    ['splits at newlines', 'one\ntwo\n', ['one', 'two']],
    ['splits at the carriage returns with which a bar redraws itself', '\r 10%\r 20%\r 30%\n', [' 10%', ' 20%', ' 30%']],
    ['takes CR LF for one line end', 'one\r\ntwo\r\n', ['one', 'two']],
    ['gives the unfinished last line at the end', 'one\ntwo', ['one', 'two']],
    ['leaves out empty lines and trailing blanks', '\n\none  \n \n', ['one']],
    ['takes colours out', '\u001b[0;36m(APIServer pid=1)\u001b[0;0m INFO\n', ['(APIServer pid=1) INFO']],
    [
      'takes window titles, cursor moves and charset switches out',
      '\u001b]0;title\u0007a\u001b[2Kb\u001b(Bc\u001bMd\u001b]2;x\u001b\\e\u009b1mf\n',
      ['abcdef'],
    ],
    ['takes sequences of one and of two letters out', '\u001b7a\u001bcb\u001b#8c\u001b0d\u001b~e\n', ['abcde']],
    ['takes keys and cursor shapes out', '\u001b[3~a\u001b[1 qb\u001b[?25lc\u001b[@d\n', ['abcd']],
    ['keeps what follows an escape that begins nothing', '\u001bé\u001b[é\u001b(é\n', ['éé(é']],
    ['keeps the text of a title that another sequence breaks off', '\u001b]0;a\u001b[1mb\n', ['0;ab']],
    ['drops the first and the last of each range of controls', 'a\u0001b\u001fc\u007fd\u0080e\u009ff\u00a0g\n', ['abcdef\u00a0g']],
    ['keeps the text after a title that never ends', '\u001b]0;no end\n', ['0;no end']],
    ['drops an escape sequence that the line end cuts', 'text\u001b[0;3\n', ['text']],
    ['drops control characters and makes tabs blanks', 'a\u0000b\u0007c\td\u007f\u0085\n', ['abc d']],
    [
      'gives the prefix of a line to every redraw of its bar',
      '(Worker_TP0 pid=7) \rbar 0%\rbar 50%\n',
      ['(Worker_TP0 pid=7) bar 0%', '(Worker_TP0 pid=7) bar 50%'],
    ],
    ['forgets the prefix at the newline', '(Worker_TP0 pid=7) \rbar\nplain\n', ['(Worker_TP0 pid=7) bar', 'plain']],
    ['leaves out a prefix with nothing behind it', '(Worker_TP0 pid=7) \n', []],
    ['keeps brackets that are no prefix', '(see above)\rmore\n', ['(see above)', 'more']],
  ];
  for (const [title, raw, lines] of table) {
    it(title, () => {
      expect(linesOf(raw)).to.deep.equal(lines);
    });
  }

  it('gives the same lines however the stream is cut into chunks', () => {
    const piece = fc.constantFrom('a', 'bc', '\n', '\r', '\r\n', '\u001b[31m', '\u001b', '(W pid=1) ', 'é', '😀', ' ', '\t', '%');
    const stream = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(stream, fc.array(fc.nat(80), { maxLength: 8 }), (raw, cuts) => {
        const splitter = new LineSplitter();
        const places = [...new Set([0, ...cuts.map((cut) => Math.min(cut, raw.length)), raw.length])].sort((a, b) => a - b);
        const lines = places.slice(1).flatMap((end, index) => splitter.push(raw.slice(places[index], end)));
        expect([...lines, ...splitter.flush()]).to.deep.equal(linesOf(raw));
      }),
      { numRuns: RUNS },
    );
  });

  it('gives lines without line ends and control characters, none over the limit, for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (raw) => {
        for (const line of linesOf(raw)) {
          expect(line.length).to.be.within(1, MAX_LINE_LENGTH);
          expect([...line].some((char) => char < ' ' || (char >= '\u007f' && char <= '\u009f'))).to.equal(false);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('keeps a line of exactly the limit whole and marks one beyond it as cut', () => {
    expect(linesOf(`${'x'.repeat(MAX_LINE_LENGTH)}\n`)).to.deep.equal(['x'.repeat(MAX_LINE_LENGTH)]);
    const [cut, next] = linesOf(`${'x'.repeat(MAX_LINE_LENGTH + 1)}\nnext\n`);
    expect(cut)
      .to.have.lengthOf(MAX_LINE_LENGTH)
      .and.match(/^x+ \[cut\]$/);
    expect(next).to.equal('next');
  });

  it('cuts a line that only its prefix makes too long', () => {
    const [line] = linesOf(`(Worker_TP0 pid=7) \r${'x'.repeat(MAX_LINE_LENGTH)}\n`);
    expect(line)
      .to.have.lengthOf(MAX_LINE_LENGTH)
      .and.match(/^\(Worker_TP0 pid=7\) x+ \[cut\]$/);
  });

  it('never cuts a character in two', () => {
    for (const pad of ['', 'x']) {
      const [line = ''] = linesOf(pad + '😀'.repeat(MAX_LINE_LENGTH));
      expect(line.endsWith('😀 [cut]')).to.equal(true);
    }
  });

  it('holds no more of an endless line than the limit', () => {
    const splitter = new LineSplitter();
    for (let chunk = 0; chunk < 20; chunk += 1) expect(splitter.push('y'.repeat(65_536))).to.deep.equal([]);
    expect(splitter.flush()[0]).to.have.lengthOf(MAX_LINE_LENGTH);
    expect(splitter.push('later\n')).to.deep.equal(['later']);
  });

  for (const [name, text] of HOSTILE_TEXTS) {
    it(`takes an endless line of ${name}`, () => {
      expect(linesOf(text).every((line) => line.length <= MAX_LINE_LENGTH)).to.equal(true);
    });
  }
});
