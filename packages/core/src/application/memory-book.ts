import type { MemoryFit } from '../catalog/memory-fit.ts';
import { STARVED_BYTES } from '../catalog/memory-fit-reasons.ts';
import { memoryFlags } from '../catalog/memory-flags.ts';
import type { ClusterKey, ModelKey, SwapId } from '../ids.ts';
import type { LaunchPlan } from '../launch/launch-plan.ts';
import type { MemoryOutcome, MemoryRecord } from '../ports/memory-records.ts';
import type { LoadMeasures } from '../swap/load-measures.ts';
import type { Swap } from '../swap/swap.ts';
import type { CoreDeps } from './core-deps.ts';
import { KeptMap } from './kept-map.ts';

/** Swaps of a cluster run one after the other: what a swap started with is wanted until it has loaded. */
const KEPT_ROOMS = 8;

type Room = Readonly<{ totalBytes: number; freeBytes: number; availableBytes: number; imageId: string | null }>;

/** What loads on one cluster took, remembered and looked up. Memory that cannot be read or written refuses no swap. */
export class MemoryBook {
  readonly #cluster: ClusterKey;
  readonly #deps: CoreDeps;
  readonly #rooms = new KeptMap<SwapId, Room>(KEPT_ROOMS);
  readonly #known = new Map<ModelKey, readonly MemoryRecord[]>();

  constructor(cluster: ClusterKey, deps: CoreDeps) {
    this.#cluster = cluster;
    this.#deps = deps;
  }

  /** Newest first. Read once, then from memory: nobody else writes them. */
  async records(model: ModelKey): Promise<readonly MemoryRecord[]> {
    const known = this.#known.get(model);
    if (known !== undefined) return known;
    const { memoryRecords, isSimulated, logger } = this.#deps;
    if (memoryRecords === undefined) return [];
    try {
      const records = await memoryRecords.latest(this.#cluster, model, isSimulated);
      this.#known.set(model, records);
      return records;
    } catch (error) {
      logger.warn('what earlier loads took cannot be read', { cluster: this.#cluster, model, error });
      return [];
    }
  }

  /** What there was to start with, as the pre-flight of `swap` saw it. */
  sawRoom(swap: SwapId, fit: MemoryFit, totalBytes: number, imageId: string | null): void {
    this.#rooms.set(swap, { totalBytes, freeBytes: fit.freeBytes, availableBytes: fit.availableBytes, imageId });
  }

  /** Keeps what the load of `plan` took, or why it failed; a failure that has nothing to do with memory teaches nothing. */
  readonly learn = async (swap: Swap, plan: LaunchPlan, succeeded: boolean, load: LoadMeasures): Promise<void> => {
    const room = this.#rooms.get(swap.id);
    const outcome = outcomeOf(succeeded, load);
    const { memoryRecords, clock, isSimulated, logger } = this.#deps;
    if (memoryRecords === undefined || room === undefined || outcome === null || plan.digest !== swap.plan?.digest) return;
    const record: MemoryRecord = {
      swap: swap.id,
      cluster: this.#cluster,
      model: plan.model,
      at: clock.now(),
      simulated: isSimulated,
      digest: plan.digest,
      source: plan.args[0] ?? '',
      nodes: plan.nodes.length,
      flags: memoryFlags(plan.args),
      outcome,
      ...room,
      measures: load.measures,
    };
    try {
      await memoryRecords.save(record);
    } catch (error) {
      logger.warn('what the load took could not be kept', { swap: swap.id, error });
    }
    this.#known.delete(plan.model);
  };
}

function outcomeOf(succeeded: boolean, { refusal, measures }: LoadMeasures): MemoryOutcome | null {
  if (succeeded) return measures.weightsBytes === null && measures.kvBytes === null ? null : 'loaded';
  if (refusal !== null) return refusal;
  const lowest = measures.lowestAvailableBytes;
  return lowest !== null && lowest < STARVED_BYTES ? 'starved' : null;
}
