import type {
  CancelDecision,
  CatalogSnapshot,
  Cluster,
  ClusterView,
  CoreEvent,
  NumberedEvent,
  NumberedLogLine,
  PreflightReport,
  ReadinessCheck,
  SparkCore,
  Swap,
  SwapDecision,
  SwapId,
} from '@spark-control/core';
import { aCluster, aModel } from '../../../core/test/support/builders.ts';
import { ScriptedLocks } from './scripted-locks.ts';

const unexpected = (name: string) => (): never => {
  throw new Error(`unexpected call: ${name}`);
};

export const aView = (over: Partial<ClusterView> = {}): ClusterView => ({
  cluster: aCluster().key,
  serving: { kind: 'nothing' },
  runtime: 'absent',
  isHealthy: false,
  since: null,
  servedModelName: null,
  maxModelLen: null,
  container: null,
  activeSwap: null,
  queued: [],
  drift: null,
  observedAt: 1_700_000_000_000,
  unreachable: [],
  ...over,
});

/** A core whose commands do what a test says, and fail loudly when it says nothing. Events and their journal are real. */
export class ScriptedCore implements SparkCore {
  clusters: readonly Cluster[] = [aCluster()];
  isSimulated = false;
  readonly locks = new ScriptedLocks();
  journal: NumberedEvent[] = [];
  readonly #lines = new Map<SwapId, NumberedLogLine[]>();
  readonly #listeners = new Set<(event: CoreEvent) => void>();

  catalog: SparkCore['catalog'] = (): CatalogSnapshot => ({ revision: 7, models: [aModel('qwen'), aModel('gemma')], fault: null });
  requestSwap: SparkCore['requestSwap'] = unexpected('requestSwap') as () => Promise<SwapDecision>;
  cancelSwap: SparkCore['cancelSwap'] = unexpected('cancelSwap') as () => Promise<CancelDecision>;
  preflight: SparkCore['preflight'] = unexpected('preflight') as () => Promise<PreflightReport>;
  swap: SparkCore['swap'] = unexpected('swap') as () => Promise<Swap | null>;
  swaps: SparkCore['swaps'] = unexpected('swaps') as () => Promise<readonly Swap[]>;
  readiness: SparkCore['readiness'] = unexpected('readiness') as () => Promise<readonly ReadinessCheck[]>;
  start: SparkCore['start'] = unexpected('start') as () => Promise<void>;
  close: SparkCore['close'] = unexpected('close') as () => Promise<void>;
  views: SparkCore['views'] = () => [aView()];
  hostReports: SparkCore['hostReports'] = () => [];
  estimate: SparkCore['estimate'] = async () => ({ p50Seconds: null, p90Seconds: null, samples: 0 });
  fits: SparkCore['fits'] = async () => null;
  logTail: SparkCore['logTail'] = (id) => this.#lines.get(id) ?? [];

  subscribe: SparkCore['subscribe'] = (listener) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  replay: SparkCore['replay'] = async (after, limit, swap) =>
    this.journal.filter((event) => event.id > after && (swap === undefined || event.swapId === swap)).slice(0, limit);

  eventRange: SparkCore['eventRange'] = async () => ({ oldest: this.journal[0]?.id ?? 0, newest: this.journal.at(-1)?.id ?? 0 });

  get listeners(): number {
    return this.#listeners.size;
  }

  /** Hands out an event; one with a number is journalled first, as the real core does. */
  emit(event: CoreEvent): void {
    if (event.id !== undefined) this.journal.push(event);
    this.publish(event);
  }

  publish(event: CoreEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** A transition or progress of a swap with the next number. */
  emitSwap(swap: Swap, kind: 'swap' | 'progress' = 'swap', at = swap.createdAt): NumberedEvent {
    const event: NumberedEvent = { id: (this.journal.at(-1)?.id ?? 0) + 1, kind, cluster: swap.cluster, swapId: swap.id, at, swap };
    this.emit(event);
    return event;
  }

  emitLog(swapId: SwapId, seq: number, line: string): void {
    const logLine = { host: this.clusters[0]!.hosts[0]!.key, at: 1_700_000_000_000, line };
    this.#lines.set(swapId, [...(this.#lines.get(swapId) ?? []), { ...logLine, seq }]);
    this.emit({ kind: 'log', cluster: this.clusters[0]!.key, swapId, seq, line: logLine });
  }
}
