import { expect } from 'chai';
import fc from 'fast-check';
import { type KvLayout, kvCacheBytes, longestContext, type ModelShape, readModelShape } from '../../src/index.ts';

const QWEN3_32B = { num_hidden_layers: 64, num_attention_heads: 64, num_key_value_heads: 8, head_dim: 128, hidden_size: 5_120 };
const GPT_OSS = {
  ...{ num_hidden_layers: 36, num_attention_heads: 64, num_key_value_heads: 8, head_dim: 64, hidden_size: 2_880, sliding_window: 128 },
  layer_types: Array.from({ length: 36 }, (_, index) => (index % 2 === 0 ? 'sliding_attention' : 'full_attention')),
};
const DEEPSEEK_V3 = { num_hidden_layers: 61, num_attention_heads: 128, hidden_size: 7_168, kv_lora_rank: 512, qk_rope_head_dim: 64 };
const QWEN3_NEXT = {
  ...{
    num_hidden_layers: 48,
    num_attention_heads: 16,
    num_key_value_heads: 2,
    head_dim: 256,
    hidden_size: 2_048,
    full_attention_interval: 4,
  },
  ...{ linear_num_value_heads: 32, linear_key_head_dim: 128, linear_value_head_dim: 128, linear_conv_kernel_dim: 4 },
};
const GEMMA3 = {
  vision_config: { hidden_size: 1_152 },
  text_config: {
    ...{
      model_type: 'gemma3_text',
      num_hidden_layers: 62,
      num_attention_heads: 32,
      num_key_value_heads: 16,
      head_dim: 128,
      hidden_size: 5_376,
    },
    ...{ sliding_window: 1_024, sliding_window_pattern: 6, max_position_embeddings: 131_072 },
  },
};

const shapeOf = (config: unknown): ModelShape => readModelShape(JSON.stringify(config)) ?? expect.fail('no shape');
const layout = (config: unknown, over: Partial<KvLayout> = {}): KvLayout => ({
  ...{ shape: shapeOf(config), dtype: 'auto', ranks: 1, batchedTokens: 2_048, ...over },
});
/** What one token more costs far beyond any window. */
const perToken = (config: unknown, over: Partial<KvLayout> = {}): number =>
  (kvCacheBytes(layout(config, over), 65_536) - kvCacheBytes(layout(config, over), 32_768)) / 32_768;

describe('the KV cache of one token', () => {
  const cases: Readonly<Record<string, readonly [config: unknown, bytes: number, over?: Partial<KvLayout>]>> = {
    'heads with keys and values in 16 bits': [QWEN3_32B, 64 * 8 * 256 * 2],
    'half in 8 bits': [QWEN3_32B, 64 * 8 * 256, { dtype: 'fp8' }],
    '4.5 bits with their scales': [QWEN3_32B, (64 * 8 * 256 * 4.5) / 8, { dtype: 'nvfp4' }],
    'shared among two hosts': [QWEN3_32B, 64 * 4 * 256 * 2, { ranks: 2 }],
    'no less than one head for each host': [{ ...QWEN3_32B, num_key_value_heads: 1 }, 64 * 256 * 2, { ranks: 2 }],
    'only the layers that see everything': [GPT_OSS, 18 * 8 * 128 * 2],
    'one latent for all heads': [DEEPSEEK_V3, 61 * 576 * 2],
    'the whole latent on every host': [DEEPSEEK_V3, 61 * 576 * 2, { ranks: 2 }],
    "the latent of DeepSeek's own kernels": [DEEPSEEK_V3, 61 * 656, { dtype: 'fp8_ds_mla' }],
    'the latent and the key of its index': [{ ...DEEPSEEK_V3, index_head_dim: 128 }, 61 * (576 * 2 + 132)],
    'every fourth layer beside linear attention': [QWEN3_NEXT, 12 * 2 * 512 * 2],
    'every sixth layer, of a nested configuration': [GEMMA3, 10 * 16 * 256 * 2],
    'the attention of a drawn hybrid': [
      {
        ...QWEN3_32B,
        num_hidden_layers: 5,
        hybrid_override_pattern: 'M-M*-*',
        mamba_num_heads: 8,
        mamba_head_dim: 64,
        ssm_state_size: 128,
      },
      2 * 8 * 256 * 2,
    ],
    'the attention of every eighth layer': [
      { ...QWEN3_32B, num_hidden_layers: 32, attn_layer_period: 8, attn_layer_offset: 4, mamba_d_state: 16 },
      4 * 8 * 256 * 2,
    ],
    'no layer that reads the cache of another': [{ ...QWEN3_32B, num_kv_shared_layers: 24 }, 40 * 8 * 256 * 2],
    'as many heads as the queries where nothing else is said': [
      { num_hidden_layers: 2, num_attention_heads: 4, hidden_size: 64 },
      2 * 4 * 32 * 2,
    ],
    'a checkpoint made for 8 bits': [{ ...QWEN3_32B, quantization_config: { kv_cache_quant_algo: 'FP8' } }, 64 * 8 * 256],
    '16 bits asked for in spite of that': [
      { ...QWEN3_32B, quantization_config: { kv_cache_scheme: { num_bits: 8 } } },
      64 * 8 * 256 * 2,
      { dtype: 'bfloat16' },
    ],
  };
  for (const [title, [config, bytes, over]] of Object.entries(cases)) {
    it(`is ${title}`, () => expect(perToken(config, over)).to.equal(bytes));
  }

  it('of a window stops growing behind it', () => {
    const one = layout({ ...QWEN3_32B, sliding_window: 4_096 });
    expect(kvCacheBytes(one, 100_000)).to.equal(kvCacheBytes(one, 200_000));
    expect(kvCacheBytes(one, 1_024)).to.equal(1_024 * 64 * 8 * 256 * 2);
    expect(kvCacheBytes(layout({ ...QWEN3_32B, sliding_window: 4_096, use_sliding_window: false }), 100_000)).to.equal(
      100_000 * 64 * 8 * 256 * 2,
    );
  });

  it('has a part for every sequence where layers keep a state', () => {
    const state = kvCacheBytes(layout(QWEN3_NEXT), 0);
    expect(state).to.equal(36 * (4 * 32 * 128 * 128 + 2 * 3 * 2 * 2 * 2_048));
    expect(kvCacheBytes(layout(QWEN3_NEXT), 0, 4)).to.equal(4 * state);
  });
});

describe('the longest context', () => {
  const anyLayout = fc.record({
    config: fc.constantFrom<unknown>(QWEN3_32B, GPT_OSS, DEEPSEEK_V3, QWEN3_NEXT, GEMMA3),
    dtype: fc.constantFrom('auto', 'fp8', 'nvfp4'),
    ranks: fc.integer({ min: 1, max: 8 }),
    batchedTokens: fc.integer({ min: 1, max: 65_536 }),
  });

  it('fits, and a block more would not', () => {
    fc.assert(
      fc.property(anyLayout, fc.double({ min: 0, max: 2 ** 40, noNaN: true }), ({ config, ...over }, bytes) => {
        const one = layout(config, over);
        const longest = longestContext(one, bytes, 10_000_000);
        if (longest > 0) expect(kvCacheBytes(one, longest)).to.be.at.most(bytes);
        if (longest < 10_000_000) expect(kvCacheBytes(one, longest + 16)).to.be.above(bytes);
      }),
      { numRuns: process.env['SPARK_PROVE'] === '1' ? 5_000 : 200 },
    );
  });

  it('is no longer than the model was made for', () => {
    expect(longestContext(layout(GEMMA3), 2 ** 50)).to.equal(131_072);
    expect(longestContext(layout(GEMMA3), 0)).to.equal(0);
  });
});

describe('readModelShape', () => {
  it('derives the context as vLLM does', () => {
    const contextWith = (rope_scaling: unknown) => shapeOf({ ...QWEN3_32B, max_position_embeddings: 40_960, rope_scaling }).maxContext;
    expect(contextWith(null)).to.equal(40_960);
    expect(contextWith({ rope_type: 'yarn', factor: 4, original_max_position_embeddings: 32_768 })).to.equal(131_072);
    expect(contextWith({ rope_type: 'linear', factor: 2 })).to.equal(81_920);
    expect(contextWith({ rope_type: 'llama3', factor: 8 })).to.equal(40_960);
    expect(shapeOf(QWEN3_32B).maxContext).to.equal(null);
  });

  it('sees pictures and quantisation', () => {
    expect(shapeOf(GEMMA3)).to.include({ isMultimodal: true, isQuantized: false });
    expect(shapeOf({ ...QWEN3_32B, quantization_config: { quant_method: 'fp8' } })).to.include({ isMultimodal: false, isQuantized: true });
    expect(shapeOf({ thinker_config: { text_config: QWEN3_32B, audio_config: {} } })).to.include({ isMultimodal: true });
  });

  it('says nothing of what it does not know', () => {
    for (const text of ['', 'null', '[]', '{}', '{"num_hidden_layers": 3}', '{"num_hidden_layers": 1e12, "hidden_size": 1, "n_head": 1}']) {
      expect(readModelShape(text), text).to.equal(null);
    }
  });

  it('takes any text and never throws, nor answers with what is no number', () => {
    const names = fc.constantFrom(
      'num_hidden_layers',
      'hidden_size',
      'num_attention_heads',
      'kv_lora_rank',
      'layer_types',
      'sliding_window',
      'text_config',
    );
    const config = fc.dictionary(names, fc.oneof(fc.jsonValue(), fc.integer(), fc.array(fc.constantFrom('full_attention', 'mamba', 'x'))));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          config.map((value) => JSON.stringify(value)),
        ),
        (text) => {
          const shape = readModelShape(text);
          if (shape === null) return;
          const bytes = kvCacheBytes({ shape, dtype: 'auto', ranks: 2, batchedTokens: 2_048 }, 4_096);
          expect(Number.isFinite(bytes) && bytes >= 0).to.equal(true);
        },
      ),
      { numRuns: process.env['SPARK_PROVE'] === '1' ? 10_000 : 300 },
    );
  });
});
