import { type DemandInput, type Figure, type MemoryDemand, memoryDemand } from './memory-demand.ts';

const GIB = 2 ** 30;

/**
 * MemAvailable that has to stay while a model serves. A Spark whose model took its share and left 7 GiB was seen to hang, as was
 * one at a utilisation of 0.90 with nothing else on it; 0.87 was seen to work.
 */
export const HOST_MARGIN_BYTES = 10 * GIB;
/** No Linux with Docker and a CUDA context lives on less: what exceeds the rest cannot load, whatever the estimate. */
export const SYSTEM_LEAST_BYTES = 2 * GIB;

/** One host as it will be once the present model is gone. Bytes. */
export type FitHost = Readonly<{
  /** For people. */
  name: string;
  totalBytes: number;
  /** MemAvailable: page cache counts as free. */
  availableBytes: number;
  /** Page cache, which vLLM's start check counts as used. */
  cachedBytes: number;
  swapFreeBytes: number | null;
}>;

/** The sums of one model on one host. Shares are of MemTotal, as `--gpu-memory-utilization` takes them. */
export type FitFigures = Readonly<{
  demand: MemoryDemand;
  utilization: number;
  /** What vLLM takes at its start. */
  reservedBytes: number;
  /** Weights, overhead, graphs and one request of the longest context, as far as known. */
  requiredBytes: number;
  /** The larger of the two: what has to be there. */
  neededBytes: number;
  availableBytes: number;
  /** With page cache counted as used. */
  freeBytes: number;
  /** What is left for the KV cache; `null`: the size of the weights is not known. */
  kvRoomBytes: number | null;
  /** Lowest share that holds all of `requiredBytes`, rounded up to 0.01; `null`: not known, or no share would do. */
  lowestUtilization: number | null;
  /** Highest share that leaves the host its margin, rounded down to 0.01. */
  highestUtilization: number;
  /** Longest context of which one request fits, in tokens; `null`: not known. */
  longestContext: number | null;
  /** Requests of the longest context that the KV cache holds at once; `null`: not known. */
  concurrency: number | null;
  basis: Figure['basis'];
}>;

export function fitFigures(input: DemandInput, host: FitHost): FitFigures {
  const { flags, history } = input;
  const demand = memoryDemand(input);
  const { totalBytes, availableBytes } = host;
  const reservedBytes = Math.round(flags.utilization * totalBytes);
  const weights = Math.max(0, (demand.weights?.bytes ?? 0) - flags.offloadBytes);
  // Where nothing is known of the model, its overhead alone says nothing either.
  const fixed = demand.weights === null ? 0 : weights + demand.overhead.bytes + demand.graphs.bytes;
  const kv = flags.kvBytes ?? demand.kv?.bytes ?? 0;
  const requiredBytes = demand.weights === null ? 0 : fixed + kv;
  const measuredRoom = history.same?.outcome === 'loaded' ? history.same.measures.kvBytes : null;
  const kvRoomBytes = demand.weights === null ? null : (flags.kvBytes ?? measuredRoom ?? Math.max(0, reservedBytes - fixed));
  return {
    demand,
    utilization: flags.utilization,
    reservedBytes,
    requiredBytes,
    neededBytes: Math.max(reservedBytes, requiredBytes) + flags.offloadBytes,
    availableBytes,
    freeBytes: Math.max(0, availableBytes - host.cachedBytes),
    kvRoomBytes,
    // With the bytes of the cache given, the share decides nothing but the start check.
    lowestUtilization: demand.weights === null || flags.kvBytes !== null ? null : shareUp(requiredBytes / totalBytes),
    highestUtilization: shareDown((availableBytes - flags.offloadBytes - HOST_MARGIN_BYTES) / totalBytes),
    longestContext: longestOf(input, demand, kvRoomBytes),
    concurrency: kvRoomBytes === null || demand.kv === null || demand.kv.bytes === 0 ? null : kvRoomBytes / demand.kv.bytes,
    basis: basisOf(input, demand),
  };
}

/** What vLLM itself named for this very plan is worth more than any sum. */
function longestOf({ history }: DemandInput, demand: MemoryDemand, room: number | null): number | null {
  const named = history.same?.outcome === 'no_kv_room' ? history.same.measures.longestContext : null;
  return named ?? (room === null ? null : demand.tokensIn(room));
}

/** Measured only when everything that decides was: this very plan has loaded, or the parts were seen in another load. */
function basisOf({ history, flags }: DemandInput, { weights, overhead, graphs, kv }: MemoryDemand): Figure['basis'] {
  if (history.same !== null) return 'measured';
  const parts = [weights, overhead, ...(flags.isEager ? [] : [graphs]), kv];
  return parts.every((figure) => figure?.basis === 'measured') ? 'measured' : 'estimated';
}

/** Rounded up to 0.01; `null` above 1. */
export function shareUp(share: number): number | null {
  const rounded = Math.ceil(share * 100 - 1e-9) / 100;
  return rounded > 1 ? null : Math.max(0.01, rounded);
}

export const shareDown = (share: number): number => Math.floor(Math.min(1, Math.max(0, share)) * 100 + 1e-9) / 100;
