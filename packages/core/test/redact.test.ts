import { expect } from 'chai';
import fc from 'fast-check';
import { maskSecrets } from '../src/index.ts';
import { HOSTILE_TEXTS, type LogFixture, linesOf, rawLog } from './support/log-fixtures.ts';

const RUNS = process.env['SPARK_PROVE'] === '1' ? 10_000 : 300;

describe('maskSecrets', () => {
  const table: readonly (readonly [text: string, masked: string])[] = [
    ['token hf_abcdefghijklmnopqrstuvwxyzabcdefgh!', 'token hf_***!'],
    ['nvapi-AbC_123-xyz456789', 'nvapi-***'],
    ['key sk-proj-abcdefghijklmnop1234', 'key sk-***'],
    ['ghp_abcdefghijklmnop1234 github_pat_11ABCDEFG_xyz glpat-abcdefgh1234', 'ghp_*** github_pat_*** glpat-***'],
    ['Authorization: Bearer abc.def-ghi_jkl=', 'Authorization: Bearer ***'],
    ['authorization: basic dXNlcjpwYXNz', 'authorization: basic ***'],
    ['docker run -e HF_TOKEN=something -e A=b', 'docker run -e HF_TOKEN=*** -e A=b'],
    ['HUGGING_FACE_HUB_TOKEN="quoted value" x', 'HUGGING_FACE_HUB_TOKEN=*** x'],
    ['VLLM_API_KEY=abc NGC_API_KEY: def', 'VLLM_API_KEY=*** NGC_API_KEY: ***'],
    ['AWS_SECRET_ACCESS_KEY=abc/def+ghi', 'AWS_SECRET_ACCESS_KEY=***'],
    ["non-default args: {'api_key': ['one', 'two'], 'port': 8000}", "non-default args: {'api_key': '***', 'port': 8000}"],
    ["{'hf_token': 'plain', 'seed': 1}", "{'hf_token': '***', 'seed': 1}"],
    ['{"password":"p w","a":1}', '{"password":"***","a":1}'],
    ['vllm serve m --api-key plain --port 8000', 'vllm serve m --api-key *** --port 8000'],
    ['vllm serve m --hf-token=plain --x', 'vllm serve m --hf-token=*** --x'],
    ['"Env":["HF_TOKEN=abc","PATH=/usr/bin"]', '"Env":["HF_TOKEN=***","PATH=/usr/bin"]'],
    ['argv ["--api-key", "plain", "--port"]', 'argv ["--api-key", "***", "--port"]'],
    [String.raw`{"line":"HF_TOKEN=\"abc\" x"}`, '{"line":"HF_TOKEN=*** x"}'],
    [String.raw`{"line":"{\"token\":\"abc\"} x"}`, String.raw`{"line":"{\"token\":\"***\"} x"}`],
    ['{"token":null,"a":"b"}', '{"token":"***","a":"b"}'],
    ['https://user:pass@registry/path and git://a:b@c', 'https://user:***@registry/path and git://a:***@c'],
    ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-def_123', '***'],
  ];
  for (const [text, masked] of table) {
    it(`masks ${JSON.stringify(text)}`, () => {
      expect(maskSecrets(text)).to.equal(masked);
    });
  }

  const harmless = [
    'GPU KV cache size: 7,228,559 tokens',
    'Maximum concurrency for 131,072 tokens per request: 55.15x',
    'Avg prompt throughput: 0.0 tokens/s, Running: 0 reqs',
    '--max-num-batched-tokens 8192 --tokenizer-mode auto --served-model-name keys',
    'max_num_batched_tokens=8192, tokenizer_mode=auto, skip_tokenizer_init=False',
    'http://10.77.0.11:8000/v1 and [::1]:8000',
    'task-basic desk-1 hf_hub risk-free',
    'the bearer of news',
    "{'hf_overrides': {}, 'hf_transfer': 1, 'hf_text_config': 2}",
    '',
  ];
  for (const text of harmless) {
    it(`leaves ${JSON.stringify(text)} alone`, () => {
      expect(maskSecrets(text)).to.equal(text);
    });
  }

  it('leaves whole logs alone but for the key in their arguments', () => {
    for (const name of ['two-nodes-modern', 'two-nodes-legacy', 'crash-out-of-memory', 'hang-in-capture'] satisfies LogFixture[]) {
      for (const line of linesOf(rawLog(name))) expect(maskSecrets(line)).to.equal(line);
    }
    const changed = linesOf(rawLog('solo-modern')).filter((line) => maskSecrets(line) !== line);
    expect(changed).to.have.lengthOf(1);
  });

  it('masks a token wherever it stands', () => {
    const around = fc.string({ maxLength: 40 });
    fc.assert(
      fc.property(around, around, fc.stringMatching(/^[A-Za-z0-9]{30}$/), (before, behind, secret) => {
        expect(maskSecrets(`${before} hf_${secret} ${behind}`)).not.to.include(secret);
      }),
      { numRuns: RUNS },
    );
  });

  it('masks a value whole, however a shell glues it together', () => {
    const part = fc.constantFrom('"SECRET one"', "'SECRET two'", 'SECRET3', '=', '[SECRET]', String.raw`\'`);
    const name = fc.constantFrom('HF_TOKEN=', '--api-key ', '--hf-token=', 'x_password=');
    fc.assert(
      fc.property(name, fc.array(part, { maxLength: 4 }), (key, parts) => {
        expect(maskSecrets(`run ${key}'SECRET'${parts.join('')}`)).not.to.include('SECRET');
      }),
      { numRuns: RUNS },
    );
  });

  for (const [name, text] of HOSTILE_TEXTS) {
    it(`takes an endless line of ${name}`, () => {
      expect(maskSecrets(text)).to.be.a('string');
    });
  }
});
