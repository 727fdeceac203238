import type { MemoryRecord } from '../ports/memory-records.ts';
import { type KvLayout, kvCacheBytes, longestContext } from './kv-cache.ts';
import type { MemoryFlags } from './memory-flags.ts';
import type { MemoryHistory } from './memory-history.ts';
import type { ModelShape } from './model-shape.ts';

export type Basis = 'measured' | 'estimated';
export type Figure = Readonly<{ bytes: number; basis: Basis }>;

const GIB = 2 ** 30;

/**
 * Beside the weights, vLLM holds its CUDA context, communication buffers and the activations of its largest step: about 3 GiB for
 * a model without pictures, and a twentieth of the weights. CUDA graphs take 1 to 2 GiB more. Together about 6 to 8 GiB for
 * models of 30 to 60 GiB, which is what was measured on Sparks.
 */
const ACTIVATION_BYTES = 3 * GIB;
const OVERHEAD_SHARE = 0.05;
const MULTIMODAL_BYTES = 2 * GIB;
const GRAPH_BYTES = 1.5 * GIB;
const SPECULATION_BYTES = 2 * GIB;
/** Tensors of the width of the model that are alive at once in a step, as far as one can tell from outside. */
const LIVE_TENSORS = 24;

/** What one host is asked to hold. `kv`: for one request of the longest context. `null`: not known. */
export type MemoryDemand = Readonly<{
  weights: Figure | null;
  /** Context, communication, activations. */
  overhead: Figure;
  graphs: Figure;
  kv: Figure | null;
  /** Tokens that `kv` is for; `null`: as many as fit, or not known. */
  tokens: number | null;
  /** Longest context of which one request fits into so many bytes; `null`: not known. */
  tokensIn: (bytes: number) => number | null;
}>;

export type DemandInput = Readonly<{
  flags: MemoryFlags;
  nodes: number;
  /** Of all ranks together. */
  weights: Figure | null;
  shape: ModelShape | null;
  history: MemoryHistory;
}>;

export function memoryDemand(input: DemandInput): MemoryDemand {
  const { flags, nodes, shape, history } = input;
  const { teacher } = history;
  const taken = teacher?.measures.weightsBytes ?? null;
  const weights: Figure | null =
    taken !== null
      ? { bytes: taken, basis: 'measured' }
      : input.weights && { ...input.weights, bytes: Math.round(input.weights.bytes / Math.max(1, nodes)) };
  const layout: KvLayout | null = shape && {
    shape,
    dtype: flags.kvDtype,
    ranks: Math.max(1, nodes),
    batchedTokens: flags.maxBatchedTokens,
  };
  const tokens = flags.maxModelLen === 'auto' ? null : (flags.maxModelLen ?? shape?.maxContext ?? null);
  const perToken = teacher === null ? null : bytesPerToken(teacher, flags);
  return {
    weights,
    overhead: measuredOverhead(teacher, flags) ?? estimatedOverhead(input, weights?.bytes ?? 0),
    graphs: graphsOf(teacher, flags),
    kv: tokens === null ? null : kvOf(tokens, layout, teacher, perToken),
    tokens,
    tokensIn: (bytes) => {
      if (bytes <= 0) return 0;
      if (layout !== null) return longestContext(layout, bytes);
      return perToken === null ? null : Math.floor(bytes / perToken / 16) * 16;
    },
  };
}

/** As measured at the same length; at another one, from the layers, because not every layer grows with it; else in proportion. */
function kvOf(tokens: number, layout: KvLayout | null, teacher: MemoryRecord | null, perToken: number | null): Figure | null {
  const isSameLength = teacher?.flags.maxModelLen === tokens;
  if (perToken !== null && isSameLength) return { bytes: Math.ceil(tokens * perToken), basis: 'measured' };
  if (layout !== null) return { bytes: kvCacheBytes(layout, tokens), basis: 'estimated' };
  return perToken === null ? null : { bytes: Math.ceil(tokens * perToken), basis: 'estimated' };
}

/** Of one host, in that load; `null` when it says nothing about a cache with other numbers. */
function bytesPerToken({ measures, flags }: MemoryRecord, now: MemoryFlags): number | null {
  const { kvBytes, kvTokens } = measures;
  if (kvBytes === null || kvTokens === null || kvTokens === 0 || flags.kvDtype !== now.kvDtype) return null;
  return kvBytes / kvTokens;
}

/** vLLM gives the cache what is left of its share: so what is missing there was overhead. */
function measuredOverhead(teacher: MemoryRecord | null, now: MemoryFlags): Figure | null {
  if (teacher === null) return null;
  const { measures, flags, totalBytes } = teacher;
  if (measures.weightsBytes === null || measures.kvBytes === null || measures.kvBytes === 0 || flags.kvBytes !== null) return null;
  const bytes = flags.utilization * totalBytes - (measures.weightsBytes - flags.offloadBytes) - measures.kvBytes;
  const isSameStep =
    flags.maxBatchedTokens === now.maxBatchedTokens && flags.maxNumSeqs === now.maxNumSeqs && flags.hasSpeculation === now.hasSpeculation;
  if (!isSameStep) return null;
  return { bytes: Math.max(0, Math.round(bytes)), basis: 'measured' };
}

function estimatedOverhead({ flags, nodes, shape }: DemandInput, weightsBytes: number): Figure {
  const width = shape?.hiddenSize ?? 0;
  const step = (flags.maxBatchedTokens * width * 2 * LIVE_TENSORS) / Math.max(1, nodes);
  const sampling = (flags.maxNumSeqs ?? 256) * (shape?.vocabularySize ?? 0) * 8;
  const bytes =
    Math.max(ACTIVATION_BYTES, step + sampling) +
    weightsBytes * OVERHEAD_SHARE +
    (shape?.isMultimodal ? MULTIMODAL_BYTES : 0) +
    (flags.hasSpeculation ? SPECULATION_BYTES : 0);
  return { bytes: Math.round(bytes), basis: 'estimated' };
}

function graphsOf(teacher: MemoryRecord | null, flags: MemoryFlags): Figure {
  if (flags.isEager) return { bytes: 0, basis: 'estimated' };
  const measured = teacher?.flags.maxNumSeqs === flags.maxNumSeqs ? (teacher.measures.graphBytes ?? null) : null;
  return measured === null ? { bytes: GRAPH_BYTES, basis: 'estimated' } : { bytes: measured, basis: 'measured' };
}
