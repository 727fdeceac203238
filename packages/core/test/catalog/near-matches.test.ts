import { expect } from 'chai';
import fc from 'fast-check';
import { editDistance } from '../../src/catalog/near-matches.ts';
import { nearMatches } from '../../src/index.ts';

describe('nearMatches', () => {
  const keys = ['qwen3-32b', 'qwen3-coder-30b', 'gemma-27b', 'gpt-oss-120b', 'llama-70b'];

  it('finds what was mistyped, swapped, or written in capitals', () => {
    expect(nearMatches('qwen3-23b', keys)[0]).to.equal('qwen3-32b');
    expect(nearMatches('Gemma-27B', keys)).to.deep.equal(['gemma-27b']);
    expect(nearMatches('gema-27b', keys)).to.deep.equal(['gemma-27b']);
  });

  it('finds a key by a part of it, and the key in a repository name', () => {
    expect(nearMatches('gpt-oss', keys)).to.deep.equal(['gpt-oss-120b']);
    expect(nearMatches('qwen/qwen3-32b', keys)[0]).to.equal('qwen3-32b');
  });

  it('is silent when nothing is near', () => {
    expect(nearMatches('mistral-large', keys)).to.deep.equal([]);
    expect(nearMatches('', keys)).to.deep.equal([]);
    expect(nearMatches('zz', keys)).to.deep.equal([]);
    expect(nearMatches('x'.repeat(200), ['x'.repeat(200)])).to.deep.equal([]);
    expect(nearMatches('short', [`short${'x'.repeat(200)}`])).to.deep.equal([]);
  });

  it('names at most three, the nearest first, each once', () => {
    expect(nearMatches('model-1', ['model-4', 'model-3', 'model-22', 'model-2', 'model-2', 'model-1'])).to.deep.equal([
      'model-1',
      'model-2',
      'model-3',
    ]);
  });
});

describe('editDistance', () => {
  const cases: readonly [string, string, number][] = [
    ['', '', 0],
    ['abc', '', 3],
    ['', 'ab', 2],
    ['kitten', 'sitting', 3],
    ['ab', 'ba', 1],
    ['abcd', 'acbd', 1],
    ['ca', 'abc', 3],
    ['flag', 'flags', 1],
  ];
  for (const [a, b, distance] of cases) {
    it(`is ${distance} from ${JSON.stringify(a)} to ${JSON.stringify(b)}`, () => expect(editDistance(a, b)).to.equal(distance));
  }

  it('is symmetric, zero for equal words only, and at most the longer length', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        const distance = editDistance(a, b);
        expect(distance).to.equal(editDistance(b, a));
        expect(distance === 0).to.equal(a === b);
        expect(distance)
          .to.be.at.most(Math.max(a.length, b.length))
          .and.at.least(Math.abs(a.length - b.length));
      }),
    );
  });
});
