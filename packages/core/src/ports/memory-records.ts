import type { MemoryFlags } from '../catalog/memory-flags.ts';
import type { ClusterKey, ModelKey, SwapId } from '../ids.ts';

/** How a load ended, as far as memory is concerned. `starved`: it failed while the host itself was short of memory. */
export type MemoryOutcome = 'loaded' | 'start_refused' | 'no_kv_room' | 'out_of_memory' | 'starved';

/**
 * What vLLM's log and the hosts said about memory while one model loaded, of the rank that took the most (or got the least).
 * Bytes; `null`: no line said so.
 */
export type MemoryMeasures = Readonly<{
  /** "Model loading took". */
  weightsBytes: number | null;
  /** "Available KV cache memory". */
  kvBytes: number | null;
  /** "GPU KV cache size", tokens. */
  kvTokens: number | null;
  /** "Graph capturing finished ... took". */
  graphBytes: number | null;
  /** Free memory on which a start was refused. */
  refusedFreeBytes: number | null;
  /** KV cache that one request of the longest context would have needed. */
  neededKvBytes: number | null;
  /** "estimated maximum model length", tokens. */
  longestContext: number | null;
  /** The least MemAvailable that any of its hosts was seen with. */
  lowestAvailableBytes: number | null;
}>;

/** One load, kept so that the next pre-flight need not guess. `digest` is that of its plan. */
export type MemoryRecord = Readonly<{
  swap: SwapId;
  cluster: ClusterKey;
  model: ModelKey;
  at: number;
  simulated: boolean;
  digest: string;
  /** Repository or path. */
  source: string;
  /** Docker's id of the image on the head; `null`: not known. Another image may need another amount. */
  imageId: string | null;
  nodes: number;
  flags: MemoryFlags;
  outcome: MemoryOutcome;
  /** Of the smallest host. */
  totalBytes: number;
  /** Free before the start, page cache counted as used, once the model before was gone: on the tightest host, as estimated. */
  freeBytes: number;
  /** The same with the page cache counted as free. */
  availableBytes: number;
  measures: MemoryMeasures;
}>;

/** What loads really took, by cluster and model. */
export interface MemoryRecords {
  /** One record per swap: a later one replaces it. Keeps at least the last 20 of each model. Rejects STORE_UNAVAILABLE. */
  save(record: MemoryRecord): Promise<void>;
  /** The latest records, newest first, 20 at most: of simulated loads or of real ones. */
  latest(cluster: ClusterKey, model: ModelKey, simulated: boolean): Promise<readonly MemoryRecord[]>;
}
