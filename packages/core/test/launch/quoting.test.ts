import { expect } from 'chai';
import fc from 'fast-check';
import { ansiCWord, assertUnquotedWord, doubleShellQuote, isSparkError, shellJoin, shellQuote } from '../../src/index.ts';
import { anyWord, anyWords, batches, HOSTILE } from '../support/hostile-words.ts';
import { type Shell, wordsFrom } from '../support/real-shell.ts';
import { thrown } from '../support/thrown.ts';

const print = (words: readonly string[]): readonly string[] => ['printf', '%s\\0', ...words];
const SHELLS: readonly Shell[] = ['bash', 'sh'];
const LOCALES = [{ LC_ALL: 'C' }, { LC_ALL: 'C.UTF-8' }];

describe('shellQuote', () => {
  it('leaves plain words as they are, so that commands stay readable', () => {
    expect(shellJoin(['docker', 'run', '--name', 'vllm_node', 'org/Model-7B.x:v1', 'a@b+c,d'])).to.equal(
      'docker run --name vllm_node org/Model-7B.x:v1 a@b+c,d',
    );
  });

  it('quotes an empty word, reserved words and what looks like an assignment', () => {
    expect(shellJoin(['', 'if', 'time', 'A=b', "it's"])).to.equal("'' 'if' 'time' 'A=b' 'it'\\''s'");
  });

  for (const shell of SHELLS) {
    it(`passes every hostile fragment through a real ${shell} -c unchanged`, () => {
      expect(wordsFrom(shell, shellJoin(print(HOSTILE)))).to.deep.equal(HOSTILE);
    });

    it(`passes random words through a real ${shell} -c unchanged`, () => {
      fc.assert(
        fc.property(anyWords, (words) => {
          expect(wordsFrom(shell, shellJoin(print(words)))).to.deep.equal(words);
        }),
        { numRuns: batches },
      );
    });

    it(`passes random words through ${shell} -c twice, as ssh and a second shell evaluate them`, () => {
      fc.assert(
        fc.property(anyWords, (words) => {
          expect(wordsFrom(shell, `bash -c ${doubleShellQuote(print(words))}`)).to.deep.equal(words);
        }),
        { numRuns: batches },
      );
    });
  }

  it('makes a reserved word or an assignment the name of a program that is not found, not a construct of the shell', () => {
    for (const first of ['if', 'while', 'time', 'A=b', 'select']) {
      const script = `PATH=/nowhere; ${shellJoin([first, 'true'])} 2>/dev/null; printf '%s\\0' "$?"`;
      for (const shell of SHELLS) expect(wordsFrom(shell, script), `${shell}: ${first}`).to.deep.equal(['127']);
    }
  });

  it('leaves words plain that only end in a reserved word', () => {
    expect(shellJoin(['run-if', 'do', 'undo', 'done.sh'])).to.equal("run-if 'do' undo done.sh");
  });

  it('speaks of a value when it is not told what it is', () => {
    for (const quote of [shellQuote, ansiCWord]) expect(thrown(() => quote('\0')).message).to.match(/^A value holds a NUL/);
  });

  it('refuses what no argument can hold, without repeating the value', () => {
    for (const bad of ['a\0secret', 'secret\ud800', '\udc00secret', 's'.repeat(120_001), 'é'.repeat(60_001)]) {
      for (const quote of [shellQuote, ansiCWord]) {
        const error = thrown(() => quote(bad, 'The token'));
        expect(error.code).to.equal('UNSAFE_ARGUMENT');
        expect(error.message)
          .to.match(/^The token /)
          .and.not.include('secret');
      }
    }
    expect(shellQuote('é'.repeat(60_000))).to.have.length(60_002);
    expect(shellQuote('s'.repeat(120_000))).to.have.length(120_000);
  });
});

describe('ansiCWord', () => {
  it('shows only letters, digits and _ . / : and escapes every other byte with two digits', () => {
    expect(ansiCWord('org/Model_7.x:1')).to.equal("$'org/Model_7.x:1'");
    expect(ansiCWord(' a')).to.equal("$'\\x20a'");
    expect(ansiCWord('\nf-é€🦙')).to.equal("$'\\x0af\\x2d\\xc3\\xa9\\xe2\\x82\\xac\\xf0\\x9f\\xa6\\x99'");
    expect(ansiCWord('')).to.equal("$''");
  });

  it('hides from the launcher everything that it looks for', () => {
    fc.assert(
      fc.property(anyWord, (word) => {
        const text = ansiCWord(word);
        expect(text).to.match(/^\$'(?:[A-Za-z0-9_./:]|\\x[0-9a-f]{2})*'$/);
        expect(text).not.to.match(/-tp|-pp|-dp|vllm serve|--/);
      }),
    );
  });

  for (const locale of LOCALES) {
    it(`comes back exactly from a real bash -c in locale ${locale.LC_ALL}`, () => {
      fc.assert(
        fc.property(anyWords, (words) => {
          const script = `A=(${words.map((word) => ansiCWord(word)).join(' ')}); printf '%s\\0' "\${A[@]}"`;
          expect(wordsFrom('bash', script, locale)).to.deep.equal(words);
        }),
        { numRuns: batches },
      );
    });
  }

  it('encodes the first and the last code point of each length of UTF-8', () => {
    const words = [0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff].map((code) => String.fromCodePoint(code));
    expect(wordsFrom('bash', `printf '%s\\0' ${words.map((word) => ansiCWord(word)).join(' ')}`)).to.deep.equal(words);
  });

  it('gives back each byte that text can hold, also before a hex digit', () => {
    const words = Array.from({ length: 0x7ff }, (_, index) => String.fromCodePoint(index + 1)).flatMap((char) => [
      char,
      `${char}f`,
      `${char}0`,
    ]);
    const script = `printf '%s\\0' ${words.map((word) => ansiCWord(word)).join(' ')}`;
    expect(wordsFrom('bash', script)).to.deep.equal(words);
  });
});

describe('assertUnquotedWord', () => {
  it('lets a value through only if both an unquoted expansion and a second shell leave it alone', () => {
    const passed: string[] = [];
    const plain = fc.string({ unit: fc.constantFrom(...'abzAZ059_./:=,@%+-') });
    fc.assert(
      fc.property(fc.oneof(plain, anyWord), (word) => {
        try {
          passed.push(assertUnquotedWord(word, 'It'));
        } catch (error) {
          expect(isSparkError(error) && error.code).to.equal('UNSAFE_ARGUMENT');
        }
      }),
      { numRuns: 500 },
    );
    expect(passed).not.to.be.empty;
    const value = passed.join(' ');
    expect(wordsFrom('bash', "printf '%s\\0' $V", { V: value })).to.deep.equal(passed);
    expect(wordsFrom('bash', 'sh -c "printf \'%s\\\\0\' $V"', { V: value })).to.deep.equal(passed);
  });

  it('refuses blanks, quotes, globs, expansions and the empty word, and says what may stand there', () => {
    for (const bad of [
      '',
      ' ',
      'a b',
      "a'b",
      'a"b',
      '$HOME',
      '~/x',
      'a*',
      'a?',
      '[a]',
      '{a,b}',
      'a;b',
      'a\\b',
      'a\nb',
      'ä',
      '#a',
      '!a',
      'a\0',
    ]) {
      const error = thrown(() => assertUnquotedWord(bad, 'The local_path'));
      expect(error.code).to.equal('UNSAFE_ARGUMENT');
      expect(error.message).to.match(/^The local_path has to pass .* letters, digits.* use a cluster with the docker_run launcher/);
    }
  });
});
