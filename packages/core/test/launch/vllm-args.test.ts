import { expect } from 'chai';
import { type Model, vllmArgs } from '../../src/index.ts';
import { aModel } from '../support/builders.ts';
import { thrown } from '../support/thrown.ts';

const args = (over: Partial<Model>): readonly string[] => vllmArgs(aModel('qwen', { servedModelName: 'qwen', ...over }));
const refusal = (over: Partial<Model>): string => {
  const error = thrown(() => args(over));
  expect(error.code).to.equal('UNSAFE_ARGUMENT');
  expect(error.message).to.match(/^Model qwen: /);
  return error.message;
};

describe('vllmArgs', () => {
  it('begins with the repository, then its revision and served name', () => {
    expect(args({ source: { kind: 'repo', repo: 'org/Model-7B', revision: 'v1.2' } })).to.deep.equal([
      ...['org/Model-7B', '--revision', 'v1.2', '--served-model-name', 'qwen'],
    ]);
  });

  it('begins with the path of a local model', () => {
    expect(args({ source: { kind: 'local_path', path: '/models/a b' } })).to.deep.equal(['/models/a b', '--served-model-name', 'qwen']);
  });

  const flags: readonly [string, Model['flags'][string], readonly string[]][] = [
    ['a true flag is bare', true, ['--some-flag']],
    ['a false flag takes its negative form', false, ['--no-some-flag']],
    ['a number is written as it is', 0.85, ['--some-flag', '0.85']],
    ['a text is one word', 'a b', ['--some-flag', 'a b']],
    ['an empty text is a word of its own', '', ['--some-flag', '']],
    ['a negative number goes behind an equals sign', -1, ['--some-flag=-1']],
    ['a text with a dash goes behind an equals sign', '-tp 9', ['--some-flag=-tp 9']],
    ['a list repeats words', ['a=1', 'b c'], ['--some-flag', 'a=1', 'b c']],
    [
      'an object is JSON with sorted keys',
      { z: [1, true], a: { y: 'é', b: null } },
      ['--some-flag', '{"a":{"b":null,"y":"é"},"z":[1,true]}'],
    ],
  ];
  for (const [title, value, expected] of flags) {
    it(title, () => {
      expect(args({ flags: { 'some-flag': value } }).slice(3)).to.deep.equal(expected);
      expect(args({ flags: { some_flag: value } }).slice(3), 'written with underscores').to.deep.equal(expected);
    });
  }

  it('puts flags in alphabetical order whatever order they were written in, and extra_args last', () => {
    const one = args({ flags: { 'max-num-seqs': 4, dtype: 'auto', seed: 1 }, extraArgs: ['--zeta', '--alpha', '1'] });
    expect(one.slice(3)).to.deep.equal(['--dtype', 'auto', '--max-num-seqs', '4', '--seed', '1', '--zeta', '--alpha', '1']);
    expect(args({ flags: { seed: 1, 'max-num-seqs': 4, dtype: 'auto' }, extraArgs: ['--zeta', '--alpha', '1'] })).to.deep.equal(one);
  });

  it('adds further names behind the served name, each once', () => {
    const words = ['acme/qwen', '--served-model-name', 'qwen', 'default', 'best'];
    expect(args({ flags: { 'served-model-name': ['default', 'qwen', 'best'] } })).to.deep.equal(words);
    expect(args({ flags: { served_model_name: 'default' } })).to.deep.equal(words.slice(0, 4));
  });

  describe('refuses', () => {
    const managed = ['host', 'port', 'tensor-parallel-size', 'pipeline-parallel-size', 'data-parallel-size', 'nnodes', 'node-rank'];
    const more = [
      'master-addr',
      'master-port',
      'headless',
      'distributed-executor-backend',
      'api-key',
      'model',
      'revision',
      'config',
      'ssl-keyfile',
      'uds',
    ];
    for (const name of [...managed, ...more]) {
      it(`--${name} as a flag and in every spelling in extra_args, and says what to do instead`, () => {
        expect(refusal({ flags: { [name]: 'x' } })).to.match(new RegExp(`--${name} is refused: .{20,}`));
        expect(refusal({ flags: { [name.replaceAll('-', '_')]: 'x' } })).to.include(`--${name} is refused`);
        for (const words of [
          [`--${name}`, 'x'],
          [`--${name}=x`],
          [`--${name.replaceAll('-', '_')}`, 'x'],
          [`--${name}.x`, '1'],
          [`--${name}+`, '1'],
        ]) {
          expect(refusal({ extraArgs: ['--x', ...words] }), words.join(' ')).to.match(/extra_args\[1\]: --.* is refused: .{20,}/);
        }
      });
    }

    const shorts = [
      ['-tp', '9'],
      ['-tp=9'],
      ['-pp', '2'],
      ['-dp', '2'],
      ['-dpn', '1'],
      ['-n', '2'],
      ['-n2'],
      ['-r', '1'],
      ['-r1'],
      ['-t', '2'],
      ['-p=2'],
      ['-d', '2'],
    ];
    for (const words of shorts) {
      it(`${words.join(' ')} in extra_args`, () => {
        expect(refusal({ extraArgs: words })).to.match(/extra_args\[0\]: -[a-z0-9]+ is refused: .*nodes/);
      });
    }

    it('abbreviations of managed flags, which the parser would complete', () => {
      for (const word of ['--tensor-parallel', '--ho', '--head', '--distributed-exec', '--api', '--master', '--served']) {
        expect(refusal({ extraArgs: [word, 'x'] })).to.match(/abbreviates --/);
      }
    });

    it('another served name in extra_args, since it would replace the one that readiness is checked by', () => {
      expect(refusal({ extraArgs: ['--served-model-name', 'x'] })).to.include('served_model_name');
    });

    it('a bare double dash and a stray first word in extra_args', () => {
      expect(refusal({ extraArgs: ['--x', '--', 'y'] })).to.include('extra_args[1]: `--` ends the flags');
      expect(refusal({ extraArgs: ['x'] })).to.include('extra_args[0]: extra_args has to begin with a flag');
    });

    it('names that are no flags, empty lists, list items with a dash, and numbers that are none', () => {
      expect(refusal({ flags: { '--x': 1 } })).to.include('is no flag name');
      expect(refusal({ flags: { 'x=1 -tp': 1 } })).to.include('is no flag name');
      expect(refusal({ flags: { '': 1 } })).to.include('is no flag name');
      expect(refusal({ flags: { x: [] } })).to.include('empty list');
      expect(refusal({ flags: { x: ['a', '-b'] } })).to.include('another flag');
      expect(refusal({ flags: { x: Number.NaN } })).to.include('not a finite number');
    });

    it('a model that the parser would take for a flag', () => {
      expect(refusal({ source: { kind: 'repo', repo: '--x', revision: null } })).to.include('begins with a dash');
      expect(refusal({ source: { kind: 'local_path', path: '' } })).to.include('is empty');
    });

    it('a word that no argument can hold', () => {
      expect(thrown(() => args({ flags: { x: 'a\0' } })).message).to.match(/^An argument of model qwen holds a NUL/);
      expect(thrown(() => args({ extraArgs: ['--x', '\ud800'] })).message).to.match(/half of a surrogate pair/);
    });
  });

  it('lets values and unknown flags through that only resemble managed ones', () => {
    const extraArgs = [
      '--chat-template',
      ' -tp 9',
      '--model-impl',
      'auto',
      '--hostile',
      '--portable=1',
      '-q',
      'awq',
      '-O3',
      '-dcp',
      '2',
      '--x',
      '-1',
    ];
    expect(args({ extraArgs }).slice(3)).to.deep.equal(extraArgs);
  });
});
