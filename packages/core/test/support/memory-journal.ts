import {
  type ClusterKey,
  type EventLog,
  type FenceCounter,
  isSettled,
  type JournalEntry,
  type Lease,
  type LeaseStore,
  type ModelKey,
  type NumberedEvent,
  SparkError,
  type Swap,
  type SwapId,
  type SwapJournal,
  type SwapQuery,
} from '../../src/index.ts';
import { MemoryAudit } from './memory-audit.ts';

type TransitionRow = NonNullable<JournalEntry['transition']>;
type LoadTimeRow = NonNullable<JournalEntry['loadTime']>;

/** Values pass through JSON as they do in a real store, so that a test never shares an object with the journal. */
const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

const newestFirst = (a: Swap, b: Swap): number => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1);

const LEASES_KEPT_MS = 7 * 24 * 3_600_000;

/** The journal in memory: same contract as the real store, except that nothing survives the object. */
export class MemoryJournal implements SwapJournal, EventLog, FenceCounter, LeaseStore {
  /** While true, `commit` rejects STORE_UNAVAILABLE and changes nothing, as on a full disk. */
  isUnavailable = false;
  /** Every accepted entry in order, for assertions on what was journalled before an effect. */
  readonly entries: JournalEntry[] = [];
  readonly transitions: TransitionRow[] = [];
  /** Where the audit entries of commits go. */
  readonly audit = new MemoryAudit();
  readonly #swaps = new Map<SwapId, Swap>();
  readonly #loads: LoadTimeRow[] = [];
  readonly #leases = new Map<string, Lease>();
  readonly #fences = new Map<ClusterKey, number>();
  readonly #eventCap: number;
  #events: NumberedEvent[] = [];
  #lastEvent = 0;
  #floor = 0;

  constructor(options: Readonly<{ eventCap?: number }> = {}) {
    this.#eventCap = options.eventCap ?? 10_000;
  }

  async commit(entry: JournalEntry): Promise<readonly NumberedEvent[]> {
    if (this.isUnavailable) throw new SparkError('STORE_UNAVAILABLE', 'The journal takes no writes: this is a test of a full disk.');
    const kept = copy(entry);
    this.entries.push(kept);
    if (kept.swap) this.#swaps.set(kept.swap.id, kept.swap);
    if (kept.transition) this.transitions.push(kept.transition);
    if (kept.loadTime) this.#loads.push(kept.loadTime);
    if (kept.lease) this.#putLease(kept.lease);
    this.audit.append(kept.audit ?? []);
    if (kept.fence) this.#fences.set(kept.fence.cluster, Math.max(kept.fence.value, this.#fences.get(kept.fence.cluster) ?? 0));
    const numbered = (kept.events ?? []).map((event) => ({ ...event, id: ++this.#lastEvent }));
    this.#events.push(...numbered);
    this.#prune();
    return copy(numbered);
  }

  async leases(cluster: ClusterKey, since: number): Promise<readonly Lease[]> {
    return copy(
      [...this.#leases.values()].filter((lease) => lease.cluster === cluster && (lease.ended === null || lease.ended.at >= since)),
    );
  }

  async get(id: SwapId): Promise<Swap | null> {
    return copy(this.#swaps.get(id) ?? null);
  }

  async list(query: SwapQuery): Promise<readonly Swap[]> {
    const { cluster, model, outcome, before, limit, settled } = query;
    const sorted = [...this.#swaps.values()].sort(newestFirst);
    const from = before === undefined ? 0 : sorted.findIndex(({ id }) => id === before) + 1 || sorted.length;
    return copy(
      sorted
        .slice(from)
        .filter((swap) => cluster === undefined || swap.cluster === cluster)
        .filter((swap) => model === undefined || swap.target === model)
        .filter((swap) => outcome === undefined || swap.phase === outcome)
        .filter((swap) => settled !== true || isSettled(swap))
        .filter((swap) => settled === undefined || isSettled(swap) === settled)
        .slice(0, limit),
    );
  }

  async unsettled(): Promise<readonly Swap[]> {
    return copy([...this.#swaps.values()].filter((swap) => !isSettled(swap)).sort((a, b) => newestFirst(b, a)));
  }

  async loadTimes(cluster: ClusterKey, model: ModelKey, simulated: boolean): Promise<readonly number[]> {
    return this.#loads
      .filter((load) => load.succeeded && load.cluster === cluster && load.model === model && load.simulated === simulated)
      .reverse()
      .sort((a, b) => b.at - a.at)
      .slice(0, 50)
      .map(({ seconds }) => seconds);
  }

  async replay(after: number, limit: number, swap?: SwapId): Promise<readonly NumberedEvent[]> {
    return copy(this.#events.filter(({ id, swapId }) => id > after && (swap === undefined || swapId === swap)).slice(0, limit));
  }

  async range(): Promise<Readonly<{ oldest: number; newest: number }>> {
    const oldest = this.#events.find(({ id }) => id > this.#floor)?.id ?? 0;
    return { oldest, newest: this.#lastEvent };
  }

  async current(cluster: ClusterKey): Promise<number> {
    return this.#fences.get(cluster) ?? 0;
  }

  #putLease(lease: Lease): void {
    const key = `${lease.cluster} ${lease.fence}`;
    const isNew = !this.#leases.has(key);
    this.#leases.set(key, lease);
    if (!isNew) return;
    for (const [old, { ended }] of this.#leases) {
      if (ended !== null && ended.at < lease.acquiredAt - LEASES_KEPT_MS) this.#leases.delete(old);
    }
  }

  /** Progress goes first, ends of swaps last, as in the real store. */
  #prune(): void {
    while (this.#events.length > this.#eventCap) {
      const victim = this.#events.toSorted((a, b) => worth(a) - worth(b) || a.id - b.id)[0];
      if (victim === undefined) return;
      if (worth(victim) > 0) this.#floor = Math.max(this.#floor, victim.id);
      this.#events = this.#events.filter(({ id }) => id !== victim.id);
    }
  }
}

function worth(event: NumberedEvent): number {
  if (event.kind === 'progress') return 0;
  return event.kind === 'swap' && isSettled(event.swap) ? 2 : 1;
}
