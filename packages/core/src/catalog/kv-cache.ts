import type { LayerGroup } from './model-layers.ts';
import type { ModelShape } from './model-shape.ts';

/** How the KV cache of one rank is laid out. */
export type KvLayout = Readonly<{
  shape: ModelShape;
  /** Value of `--kv-cache-dtype`. */
  dtype: string;
  /** Hosts that share the model (tensor parallelism). */
  ranks: number;
  /** Tokens that one step may take in: a window layer keeps them beside its window. */
  batchedTokens: number;
}>;

/** vLLM gives memory out in blocks of so many tokens. */
const BLOCK_TOKENS = 16;

/** Bytes that one host's KV cache takes for `sequences` of `tokens` each. */
export function kvCacheBytes(layout: KvLayout, tokens: number, sequences = 1): number {
  const perSequence = layout.shape.layers.reduce((sum, group) => sum + groupBytes(layout, group, tokens), 0);
  return Math.ceil(perSequence * sequences);
}

/** The longest context of which one request fits into `bytes`, up to what the model was made for; 0: none. */
export function longestContext(layout: KvLayout, bytes: number, limit = layout.shape.maxContext ?? 2 ** 24): number {
  let [fits, fails] = [0, Math.ceil(limit / BLOCK_TOKENS) + 1];
  while (fails - fits > 1) {
    const middle = Math.floor((fits + fails) / 2);
    if (kvCacheBytes(layout, middle * BLOCK_TOKENS) <= bytes) fits = middle;
    else fails = middle;
  }
  return Math.min(limit, fits * BLOCK_TOKENS);
}

/** Whether the cache holds numbers of 16 bits, though 8 would do. */
export const is16Bit = (layout: KvLayout): boolean => elementBytes(layout) === 2;

function groupBytes(layout: KvLayout, group: LayerGroup, tokens: number): number {
  const { ranks, batchedTokens } = layout;
  const bytes = elementBytes(layout);
  switch (group.kind) {
    case 'full':
      return group.count * headsOf(group.kvHeads, ranks) * group.width * bytes * blocks(tokens);
    case 'window': {
      const kept = Math.min(tokens, group.window - 1 + batchedTokens);
      return group.count * headsOf(group.kvHeads, ranks) * group.width * bytes * blocks(kept);
    }
    case 'latent':
      // One latent serves all heads, so every rank keeps the whole of it.
      return group.count * (latentBytes(layout, group.width, bytes) + group.extraBytes) * blocks(tokens);
    case 'state':
      return (group.count * group.bytes) / ranks;
  }
}

/** Fewer heads than ranks are copied. */
const headsOf = (kvHeads: number, ranks: number): number => Math.max(1, Math.ceil(kvHeads / ranks));
const blocks = (tokens: number): number => Math.ceil(tokens / BLOCK_TOKENS) * BLOCK_TOKENS;

/** The format of DeepSeek's own kernels: 512 numbers of 8 bits, four scales, and the rotary part in 16 bits. */
const latentBytes = ({ dtype }: KvLayout, width: number, bytes: number): number => (dtype === 'fp8_ds_mla' ? 656 : width * bytes);

function elementBytes({ shape, dtype }: KvLayout): number {
  if (dtype.startsWith('fp8')) return 1;
  if (dtype === 'nvfp4') return 0.5 + 1 / 16; // four bits, and a scale for every sixteen
  if (/^(?:float16|half|bfloat16)$/.test(dtype)) return 2;
  return dtype === 'auto' && shape.hasFp8Cache ? 1 : 2;
}
