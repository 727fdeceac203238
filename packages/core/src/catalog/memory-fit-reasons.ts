import { is16Bit, kvCacheBytes } from './kv-cache.ts';
import type { DemandInput } from './memory-demand.ts';
import { type FitFigures, type FitHost, HOST_MARGIN_BYTES, SYSTEM_LEAST_BYTES, shareDown, shareUp } from './memory-fit-figures.ts';

const GIB = 2 ** 30;

/**
 * `exceeds_memory`: the weights alone are more than there is. `weights_do_not_fit`: more than the share, with what they need
 * beside them. `no_kv_room`: one request of the longest context has no room. `start_refused`: less is free than the share.
 * `page_cache`: only page cache stands in the way of the start. `host_thrash`: too little would be left for the host itself.
 * `loader_copies`: the loader holds the weights twice. `failed_before`: this very plan ran out of memory.
 */
export type FitReasonCode =
  | 'exceeds_memory'
  | 'weights_do_not_fit'
  | 'no_kv_room'
  | 'start_refused'
  | 'page_cache'
  | 'host_thrash'
  | 'loader_copies'
  | 'failed_before';

export type FitReason = Readonly<{
  code: FitReasonCode;
  status: 'warn' | 'fail';
  basis: 'measured' | 'estimated';
  message: string;
  hint: string | null;
}>;

/** Free memory that rose by more since a start was refused has changed: it may go well now. */
const SAME_FREE_BYTES = 1 * GIB;
/** "No fastsafetensors when the weights exceed 0.8 of the memory", as the launcher's authors found. */
const COPYING_LOADER_SHARE = 0.8;
/** A load that failed while the host had less available was short of memory itself. */
export const STARVED_BYTES = 8 * GIB;

type Scene = Readonly<{ fit: FitFigures; input: DemandInput; host: FitHost }>;

export function fitReasons(fit: FitFigures, input: DemandInput, host: FitHost): readonly FitReason[] {
  const scene: Scene = { fit, input, host };
  const tooLarge = exceeds(scene);
  if (tooLarge?.status === 'fail') return [tooLarge]; // whatever else there is to say is beside the point
  const found = [tooLarge ?? kvRoom(scene), startCheck(scene), thrash(scene), copies(scene), before(scene)].flatMap(
    (reason) => reason ?? [],
  );
  return found.toSorted((a, b) => Number(b.status === 'fail') - Number(a.status === 'fail'));
}

/** Weights that are quantised while they load take less than on the disk: then nothing is certain. */
function exceeds({ fit, input, host }: Scene): FitReason | null {
  const { weights } = fit.demand;
  const room = host.totalBytes - SYSTEM_LEAST_BYTES + (host.swapFreeBytes ?? 0);
  if (weights === null || weights.bytes <= room) return null;
  const isShrunk = weights.basis === 'estimated' && input.flags.quantization !== null && input.shape?.isQuantized !== true;
  return {
    code: 'exceeds_memory',
    status: isShrunk ? 'warn' : 'fail',
    basis: weights.basis,
    message: `Its weights take ${gib(weights.bytes)} on ${host.name}, more than the whole memory (${gib(host.totalBytes)}).`,
    hint: 'Let it span more hosts (nodes), or choose a smaller or more strongly quantised model.',
  };
}

/** Nothing has changed since this plan was seen to end: the same image, flags and hosts, and no more memory free than then. */
function isUnchanged({ fit, input }: Scene): boolean {
  const { same } = input.history;
  return same !== null && fit.freeBytes <= same.freeBytes + SAME_FREE_BYTES;
}

function kvRoom(scene: Scene): FitReason | null {
  const { fit, input } = scene;
  const { same } = input.history;
  if (same?.outcome === 'loaded') return null;
  const isSeen = same?.outcome === 'no_kv_room';
  const status = isSeen && isUnchanged(scene) ? 'fail' : 'warn';
  const basis = isSeen ? 'measured' : fit.basis;
  if (fit.demand.weights === null) return isSeen ? { ...noRoom(scene), status, basis } : null;
  const fixed = fit.requiredBytes - (input.flags.kvBytes ?? fit.demand.kv?.bytes ?? 0);
  if (input.flags.kvBytes === null && fixed > fit.reservedBytes) return { ...tooSmallShare(scene, fixed), status, basis };
  if (isSeen || (fit.demand.kv !== null && fit.demand.kv.bytes > (fit.kvRoomBytes ?? 0))) return { ...noRoom(scene), status, basis };
  return null;
}

type Words = Pick<FitReason, 'code' | 'message' | 'hint'>;

function tooSmallShare({ fit, host }: Scene, fixed: number): Words {
  return {
    code: 'weights_do_not_fit',
    message: `Weights and overhead take about ${gib(fixed)}, more than ${shareWords(fit)}.`,
    hint: raiseHint(fit, host, fixed),
  };
}

function noRoom(scene: Scene): Words {
  const { fit, host, input } = scene;
  const { tokens, kv } = fit.demand;
  const length = tokens === null ? 'the longest context' : `${grouped(tokens)} tokens`;
  const size = kv === null ? '' : ` (about ${gib(kv.bytes)})`;
  const room = fit.kvRoomBytes === null ? '' : `; ${gib(fit.kvRoomBytes)} are left for it`;
  const longest = fit.longestContext === null || fit.longestContext === 0 ? null : `set --max-model-len to ${fit.longestContext} or less`;
  const raised = fit.requiredBytes > fit.reservedBytes ? raiseHint(fit, host, fit.requiredBytes) : null;
  const ways = [longest === null ? null : `${capital(longest)}.`, raised, cacheHint(scene)].filter((way) => way !== null);
  return {
    code: 'no_kv_room',
    message:
      input.history.same?.outcome === 'no_kv_room'
        ? `With just these flags its last start found no room for the KV cache of ${length}.`
        : `One request of ${length}${size} has no room in the KV cache of ${shareWords(fit)}${room}.`,
    hint: ways.length === 0 ? 'Lower --max-model-len, or raise --gpu-memory-utilization.' : ways.join(' '),
  };
}

/** The share to raise it to, where the host can bear one. */
function raiseHint(fit: FitFigures, host: FitHost, bytes: number): string {
  const share = shareUp(bytes / host.totalBytes);
  if (share !== null && share <= Math.max(fit.highestUtilization, fit.utilization)) {
    return `Raise --gpu-memory-utilization to at least ${share.toFixed(2)}.`;
  }
  return share === null
    ? 'No share of the memory would do: let it span more hosts (nodes), or choose a smaller model.'
    : `It would need --gpu-memory-utilization ${share.toFixed(2)}, and ${host.name} can bear ${fit.highestUtilization.toFixed(2)}: stop what else uses its memory, or let the model span more hosts (nodes).`;
}

function cacheHint({ fit, input }: Scene): string | null {
  const { shape, flags, nodes } = input;
  const { tokens } = fit.demand;
  if (shape === null || tokens === null || fit.kvRoomBytes === null) return null;
  const layout = { shape, dtype: flags.kvDtype, ranks: Math.max(1, nodes), batchedTokens: flags.maxBatchedTokens };
  if (!is16Bit(layout) || kvCacheBytes({ ...layout, dtype: 'fp8' }, tokens) > fit.kvRoomBytes) return null;
  return 'Or set --kv-cache-dtype to fp8: the cache holds 16-bit numbers, and half of it would do.';
}

function startCheck(scene: Scene): FitReason | null {
  const { fit, input, host } = scene;
  const { same } = input.history;
  if (same?.outcome === 'start_refused' && isUnchanged(scene) && fit.freeBytes < fit.reservedBytes + SAME_FREE_BYTES) {
    const free = same.measures.refusedFreeBytes;
    const share = free === null ? fit.freeBytes / host.totalBytes : free / same.totalBytes;
    return {
      code: 'start_refused',
      status: 'fail',
      basis: 'measured',
      message: `With just these flags vLLM refused to start: ${free === null ? 'too little' : gib(free)} was free and ${shareWords(fit)} was asked for. No more is free now.`,
      hint: `Drop the page cache, stop what else uses the memory of ${host.name}, or lower --gpu-memory-utilization to ${two(shareDown(share))}.`,
    };
  }
  // It has started on as little before, so the check of this vLLM is not in the way.
  if (same?.outcome === 'loaded' && fit.freeBytes >= same.freeBytes - SAME_FREE_BYTES) return null;
  if (fit.availableBytes < fit.reservedBytes) return tooLittleFree(scene);
  if (fit.freeBytes >= fit.reservedBytes) return null;
  return {
    code: 'page_cache',
    status: 'warn',
    basis: 'estimated',
    message: `${gib(host.cachedBytes)} of what is free is page cache, which vLLM's start check counts as used: ${gib(fit.freeBytes)} are left, less than ${shareWords(fit)}.`,
    hint: `Drop the page cache before the start (sync; echo 3 > /proc/sys/vm/drop_caches, as root)${lowerHint(scene, fit.freeBytes)}.`,
  };
}

function tooLittleFree(scene: Scene): FitReason {
  const { fit, host } = scene;
  const lower = lowerHint(scene, fit.availableBytes);
  const stop = `top what else uses the memory of ${host.name}.`;
  return {
    code: 'start_refused',
    status: 'warn',
    basis: 'estimated',
    message: `About ${gib(fit.availableBytes)} will be free, less than ${shareWords(fit)}; vLLM would refuse to start.`,
    hint: lower === '' ? `S${stop}` : `${capital(lower.replace(/^, or /, ''))}, or s${stop}`,
  };
}

/** A share that would not even hold the weights is advice that cannot work. */
function lowerHint({ fit, host, input }: Scene, bytes: number): string {
  const share = shareDown(bytes / host.totalBytes);
  const needed = input.flags.kvBytes === null ? fit.requiredBytes / host.totalBytes : 0;
  return share < needed || share <= 0 ? '' : `, or lower --gpu-memory-utilization to ${two(share)}`;
}

function thrash({ fit, input, host }: Scene): FitReason | null {
  const { same } = input.history;
  const lowest = same?.measures.lowestAvailableBytes ?? null;
  const taken = Math.max(input.flags.kvBytes === null ? fit.reservedBytes : 0, fit.requiredBytes) + input.flags.offloadBytes;
  const expected = lowest === null || same === null ? fit.availableBytes - taken : lowest + fit.availableBytes - same.availableBytes;
  // That it went well once with as little is worth more than a margin.
  const hasWorked = same?.outcome === 'loaded' && lowest !== null && expected >= lowest - SAME_FREE_BYTES && lowest >= SYSTEM_LEAST_BYTES;
  if (fit.availableBytes < taken && lowest === null) return null; // it would not even start: said already
  if (hasWorked || expected >= HOST_MARGIN_BYTES) return null;
  const share = Math.max(fit.lowestUtilization ?? 0, fit.highestUtilization);
  const canLower =
    input.flags.kvBytes === null && fit.highestUtilization >= (fit.lowestUtilization ?? 0) && share < fit.utilization && share > 0;
  return {
    code: 'host_thrash',
    status: 'warn',
    basis: lowest === null ? 'estimated' : 'measured',
    message: `About ${gib(Math.max(0, expected))} would be left for ${host.name} itself; below ${gib(HOST_MARGIN_BYTES)} a Spark was seen to hang.`,
    hint: canLower
      ? `Lower --gpu-memory-utilization to ${two(share)}.`
      : `Stop what else uses the memory of ${host.name}, or let the model span more hosts (nodes).`,
  };
}

function copies({ fit, input, host }: Scene): FitReason | null {
  const bytes = fit.demand.weights?.bytes ?? 0;
  if (input.flags.loadFormat !== 'fastsafetensors' || bytes <= COPYING_LOADER_SHARE * host.totalBytes) return null;
  return {
    code: 'loader_copies',
    status: 'warn',
    basis: fit.demand.weights?.basis ?? 'estimated',
    message: `fastsafetensors holds parts of the weights twice while it loads, and they take ${gib(bytes)} of ${gib(host.totalBytes)}: such loads were seen to stall.`,
    hint: 'Leave --load-format at its default for this model.',
  };
}

function before({ input, host }: Scene): FitReason | null {
  const { same } = input.history;
  if (same?.outcome !== 'out_of_memory' && same?.outcome !== 'starved') return null;
  const lowest = same.measures.lowestAvailableBytes;
  return {
    code: 'failed_before',
    status: 'warn',
    basis: 'measured',
    message:
      same.outcome === 'out_of_memory'
        ? 'With just these flags its last start ran out of memory.'
        : `With just these flags its last start failed while ${host.name} had only ${lowest === null ? 'little' : gib(lowest)} left.`,
    hint: 'Lower --gpu-memory-utilization, --max-num-seqs or --max-model-len.',
  };
}

const shareWords = (fit: FitFigures): string => `--gpu-memory-utilization ${fit.utilization} (${gib(fit.reservedBytes)})`;
const gib = (bytes: number): string => `${(bytes / GIB).toFixed(1)} GiB`;
const two = (share: number): string => share.toFixed(2);
const grouped = (count: number): string => String(count).replace(/\B(?=(?:\d{3})+$)/g, ',');
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
