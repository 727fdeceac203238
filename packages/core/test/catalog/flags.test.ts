import { expect } from 'chai';
import fc from 'fast-check';
import { checkFlags, flagDanger, type Issue, knownFlags } from '../../src/index.ts';

const issues = (flags: unknown): readonly Issue[] => {
  const result = checkFlags(flags, '/flags');
  return 'issues' in result ? result.issues : [];
};
const codes = (flags: unknown): readonly string[] => issues(flags).map((issue) => `${issue.path} ${issue.code}`);
const accepted = (flags: unknown): unknown => {
  const result = checkFlags(flags, '/flags');
  return 'flags' in result ? result.flags : result.issues;
};

const deep = (levels: number): unknown => (levels === 0 ? 1 : { a: deep(levels - 1) });
const cyclic: Record<string, unknown> = {};
cyclic['self'] = cyclic;

describe('checkFlags', () => {
  const good: readonly [string, readonly unknown[]][] = [
    ['gpu-memory-utilization', [0.01, 0.8, 1]],
    ['max-model-len', [1, 32_768, -1, 'auto', '32k', '25.6K', '1M', '4096']],
    ['max-num-seqs', [1, 256]],
    ['max-logprobs', [-1, 0, 20]],
    ['kv-cache-dtype', ['fp8', 'some_new_format']],
    ['dtype', ['auto', 'bfloat16']],
    ['enforce-eager', [true, false]],
    ['quantization', ['awq']],
    ['seed', [0, 42]],
    ['speculative-config', [{ method: 'ngram', list: [1, 'a', null, true] }]],
    ['compilation-config', [0, 3, { level: 3 }]],
    ['served-model-name', ['alias', ['a', 'b']]],
    ['cpu-offload-gb', [0, 1.5]],
    ['chat-template', ['{% for m in messages %}'.repeat(100)]],
  ];
  for (const [name, values] of good) {
    for (const value of values) {
      it(`takes ${name}: ${JSON.stringify(value).slice(0, 40)}`, () =>
        expect(accepted({ [name]: value })).to.deep.equal({ [name]: value }));
    }
  }

  const bad: readonly [string, readonly unknown[], string][] = [
    ['gpu-memory-utilization', [0, -0.1, 1.01], 'out_of_range'],
    ['gpu-memory-utilization', ['0.8', true, null, Number.NaN, [0.8]], 'wrong_type'],
    ['max-model-len', [0, -2, '0', '32kb', '', 'x', '-1'], 'out_of_range'],
    ['max-model-len', [1.5, true, null, {}], 'wrong_type'],
    ['max-num-seqs', [0, -1], 'out_of_range'],
    ['max-num-seqs', [1.5, '4', 1e300], 'wrong_type'],
    ['max-logprobs', [-2], 'out_of_range'],
    ['dtype', ['int8'], 'not_allowed'],
    ['dtype', [8, true], 'wrong_type'],
    ['kv-cache-dtype', ['', 'x'.repeat(129)], 'out_of_range'],
    ['enforce-eager', ['true', 1, null], 'wrong_type'],
    ['quantization', [4, null], 'wrong_type'],
    ['quantization', ['', 'x'.repeat(1_025)], 'out_of_range'],
    ['quantization', ['a\0', '\ud800'], 'not_allowed'],
    ['speculative-config', ['{"a":1}', [1], null, 3], 'wrong_type'],
    ['speculative-config', [deep(40), cyclic, { a: Number.POSITIVE_INFINITY }, { a: undefined }, { a: '\udfff' }], 'not_allowed'],
    ['speculative-config', [{ a: 'x'.repeat(40_000) }], 'out_of_range'],
    ['compilation-config', [-1, 4], 'out_of_range'],
    ['compilation-config', [1.5, 'x'], 'wrong_type'],
    ['compilation-config', [deep(40)], 'not_allowed'],
    ['served-model-name', [[], '', ['']], 'out_of_range'],
    ['served-model-name', ['-x', ['a', '--b']], 'not_allowed'],
    ['served-model-name', [1, {}, [1]], 'wrong_type'],
    ['cpu-offload-gb', [-1], 'out_of_range'],
    ['chat-template', ['x'.repeat(100_001)], 'out_of_range'],
  ];
  for (const [name, values, code] of bad) {
    for (const [index, value] of values.entries()) {
      it(`refuses ${name} number ${index} as ${code}`, () => {
        const [issue, ...more] = issues({ [name]: value });
        expect(issue).to.include({ path: `/flags/${name}`, code });
        expect(issue?.message).to.match(new RegExp(`^--${name} .{8,}\\.$`));
        expect(more).to.be.empty;
      });
    }
  }

  it('gives names back with dashes, and refuses one flag in both spellings', () => {
    expect(accepted({ max_num_seqs: 4 })).to.deep.equal({ 'max-num-seqs': 4 });
    expect(codes({ max_num_seqs: 4, 'max-num-seqs': 5 })).to.deep.equal(['/flags/max-num-seqs duplicate']);
  });

  it('points to extra_args for an unknown flag, and names near ones', () => {
    const [issue] = issues({ 'max-model-length': 1 });
    expect(issue).to.include({ path: '/flags/max-model-length', code: 'unknown_flag' });
    expect(issue?.message).to.include('Did you mean max-model-len?').and.include('extra_args');
    expect(issues({ 'no-such-thing-at-all': 1 })[0]?.message).not.to.include('Did you mean');
  });

  it('says how to switch a flag off', () => {
    expect(issues({ 'no-enable-prefix-caching': true })[0]?.message).to.include('`enable-prefix-caching: false`');
  });

  it('refuses managed flags and says what to do', () => {
    const [issue] = issues({ tensor_parallel_size: 2 });
    expect(issue).to.include({ path: '/flags/tensor_parallel_size', code: 'managed_flag' });
    expect(issue?.message).to.include('--tensor-parallel-size cannot be set here').and.include('`nodes`');
  });

  it('is not fooled by names that every object has', () => {
    for (const name of ['constructor', 'toString', 'hasOwnProperty'])
      expect(codes({ [name]: 1 })).to.deep.equal([`/flags/${name} unknown_flag`]);
    expect(codes(JSON.parse('{"__proto__": 1}'))).to.deep.equal(['/flags/__proto__ unknown_flag']);
  });

  it('reports every fault, and the pointer escapes slashes and tildes', () => {
    expect(codes({ 'a/b~c': 1, dtype: 1, seed: -1 })).to.deep.equal([
      '/flags/a~1b~0c unknown_flag',
      '/flags/dtype wrong_type',
      '/flags/seed out_of_range',
    ]);
  });

  for (const value of [null, [], 'x', 3, true]) {
    it(`refuses ${JSON.stringify(value)} in place of the map`, () => expect(codes(value)).to.deep.equal(['/flags wrong_type']));
  }

  describe('combinations that vLLM refuses', () => {
    it('wants at least as many batched tokens as sequences', () => {
      expect(codes({ 'max-num-batched-tokens': 3, 'max-num-seqs': 4 })).to.deep.equal(['/flags/max-num-batched-tokens conflict']);
      expect(codes({ 'max-num-batched-tokens': 4, 'max-num-seqs': 4 })).to.deep.equal([]);
    });

    it('wants room for a whole context without chunked prefill', () => {
      const flags = { 'max-num-batched-tokens': 1000, 'max-model-len': 1001 };
      expect(codes({ ...flags, 'enable-chunked-prefill': false })).to.deep.equal(['/flags/max-num-batched-tokens conflict']);
      expect(codes({ ...flags, 'enable-chunked-prefill': true })).to.deep.equal([]);
      expect(codes({ ...flags, 'max-model-len': 1000, 'enable-chunked-prefill': false })).to.deep.equal([]);
    });

    it('wants a parser for tools, and LoRA for adapters', () => {
      expect(codes({ 'enable-auto-tool-choice': true })).to.deep.equal(['/flags/enable-auto-tool-choice conflict']);
      expect(codes({ 'enable-auto-tool-choice': false })).to.deep.equal([]);
      expect(codes({ 'enable-auto-tool-choice': true, 'tool-call-parser': 'hermes' })).to.deep.equal([]);
      expect(codes({ 'lora-modules': ['a=b'] })).to.deep.equal(['/flags/lora-modules conflict']);
      expect(codes({ 'lora-modules': ['a=b'], 'enable-lora': true })).to.deep.equal([]);
    });
  });

  it('never throws, and accepts or explains', () => {
    const names = fc.oneof(fc.constantFrom(...knownFlags().map((flag) => flag.name)), fc.string());
    fc.assert(
      fc.property(fc.dictionary(names, fc.anything()), (raw) => {
        const result = checkFlags(raw, '/flags');
        if ('issues' in result) expect(result.issues).not.to.be.empty;
        else expect(Object.keys(result.flags)).to.have.length(Object.keys(raw).length);
      }),
    );
  });
});

describe('knownFlags', () => {
  it('describes each flag in a sentence, and none that Spark Control manages', () => {
    expect(knownFlags().length).to.be.at.least(50);
    for (const { name, description } of knownFlags()) {
      expect(description, name).to.match(/^[A-Z].*[.]$/);
      const managed = issues({ [name]: null }).some((issue) => issue.code === 'managed_flag');
      expect(managed, name).to.equal(false);
    }
  });
});

describe('flagDanger', () => {
  it('warns of a flag that is on, under both spellings', () => {
    expect(flagDanger('trust-remote-code', true)).to.include('Python code');
    expect(flagDanger('trust_remote_code', true)).to.include('Python code');
    expect(flagDanger('trust-remote-code', false)).to.equal(null);
    expect(flagDanger('cpu-offload-gb', 0)).to.equal(null);
    expect(flagDanger('dtype', 'auto')).to.equal(null);
    expect(flagDanger('unheard-of', true)).to.equal(null);
  });
});
