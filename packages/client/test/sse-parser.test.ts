import { expect } from 'chai';
import fc from 'fast-check';
import { type SseItem, SseParser } from '../src/index.ts';

const RUNS = { numRuns: process.env['SPARK_PROVE'] === '1' ? 20_000 : 300 };

function parse(bytes: Uint8Array, cuts: readonly number[] = []): readonly SseItem[] {
  const parser = new SseParser();
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  let from = 0;
  return ends.flatMap((end) => {
    const items = parser.push(bytes.subarray(from, end));
    from = end;
    return items;
  });
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const messages = (text: string) => parse(bytesOf(text)).flatMap((item) => (item.kind === 'message' ? [item.message] : []));

const line = fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => text.replace(/[\r\n]/g, '.'));
const event = fc.record({
  name: fc.constantFrom('', 'swap', 'log', 'phase'),
  data: fc.array(line, { minLength: 1, maxLength: 3 }),
  id: fc.option(fc.nat().map(String), { nil: null }),
  comment: fc.option(line, { nil: null }),
});

describe('the parser of event streams', () => {
  it('reads what was written, however it is cut and whatever ends its lines', () => {
    const cuts = fc.array(fc.nat(), { maxLength: 20 });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 6 }), fc.constantFrom('\n', '\r', '\r\n'), cuts, (events, newline, places) => {
        let lastId: string | null = null;
        const expected = events.map(({ name, data, id }) => {
          lastId = id ?? lastId;
          return { event: name === '' ? 'message' : name, data: data.join('\n'), id: lastId };
        });
        const lines = events.flatMap(({ name, data, id, comment }) => [
          ...(comment === null ? [] : [`:${comment}`]),
          ...(id === null ? [] : [`id: ${id}`]),
          ...(name === '' ? [] : [`event:${name}`]),
          ...data.map((part) => `data: ${part}`),
          '',
        ]);
        const items = parse(bytesOf(lines.map((text) => text + newline).join('')), places);
        expect(items.map((item) => item.kind === 'message' && item.message)).to.deep.equal(expected);
      }),
      RUNS,
    );
  });

  it('reads any bytes at all the same way, cut or whole', () => {
    const piece = fc.constantFrom('data', 'event', 'id', 'retry', ':', ' ', '\r', '\n', '\r\n', '\n\n', '7', 'ä', '🙂', '\u0000', '\ufeff');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), fc.array(fc.nat(), { maxLength: 60 }), (pieces, places) => {
        const bytes = bytesOf(pieces.join(''));
        expect(parse(bytes, places)).to.deep.equal(parse(bytes));
      }),
      RUNS,
    );
  });

  it('joins lines of data, takes one space after the colon away and remembers the id', () => {
    expect(messages('id: 4\ndata:a\ndata:  b\ndata\n\ndata: c\n\n')).to.deep.equal([
      { event: 'message', data: 'a\n b\n', id: '4' },
      { event: 'message', data: 'c', id: '4' },
    ]);
  });

  it('gives out nothing for comments, events without data and what was not finished', () => {
    expect(parse(bytesOf(': alive\n\nevent: swap\n\nid: 9\n\ndata: lost'))).to.deep.equal([]);
  });

  it('tells how long to wait before a new connection, if that is a number', () => {
    expect(parse(bytesOf('retry: 1500\nretry: soon\n\n'))).to.deep.equal([{ kind: 'retry', ms: 1_500 }]);
  });

  it('passes over an id with a NUL and a mark of byte order', () => {
    expect(messages('\ufeffid: 1\u0000\ndata: a\n\n')).to.deep.equal([{ event: 'message', data: 'a', id: null }]);
  });

  it('gives up on an event that does not end', () => {
    const parser = new SseParser();
    const mebi = new Uint8Array(8 * 1024 * 1024).fill(0x61);
    expect(() => {
      for (let i = 0; i < 9; i += 1) parser.push(mebi);
    }).to.throw(RangeError, 'does not end');
  });
});
