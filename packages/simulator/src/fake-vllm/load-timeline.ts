import type { FakeVllmProfile } from './profile.ts';
import type { ServeOptions } from './serve-options.ts';

const GIB = 1024 ** 3;

/** One token in the KV cache of the imagined model, over all ranks. */
export const KV_BYTES_PER_TOKEN = 48 * 1024;
/** What CUDA graphs and activations take of each rank. */
export const OVERHEAD_BYTES = 1.1 * GIB;

/** When each part of a load begins, as a share of the whole. Roughly what real loads show: the weights take most of it. */
export const PHASES = {
  distributed: 0.06,
  weights: 0.08,
  weightsEnd: 0.62,
  compile: 0.64,
  kvCache: 0.75,
  graphs: 0.78,
  graphsEnd: 0.93,
  server: 0.95,
} as const;

/** Figures of one rank's load that several log lines repeat. Bytes. */
export type LoadFigures = Readonly<{
  ranks: number;
  maxModelLen: number;
  weights: number;
  /** What the rank may use in all: utilization times the host's memory. */
  budget: number;
  kvCache: number;
  kvTokens: number;
}>;

export function loadFigures(options: ServeOptions, profile: FakeVllmProfile, totalBytes: number): LoadFigures {
  const ranks = Math.max(options.tensorParallel, options.nodes, 1);
  const weights = profile.weightsBytes / ranks;
  const budget = options.gpuMemoryUtilization * totalBytes;
  const kvCache = options.kvCacheBytes ?? Math.max(0, budget - weights - OVERHEAD_BYTES);
  return {
    ranks,
    maxModelLen: options.maxModelLen ?? profile.maxModelLen,
    weights,
    budget,
    kvCache,
    kvTokens: Math.floor((kvCache * ranks) / KV_BYTES_PER_TOKEN),
  };
}

export const gib = (bytes: number): string => (bytes / GIB).toFixed(2);
export const grouped = (count: number): string => Math.floor(count).toLocaleString('en-US');
