import {
  type AcquireDecision,
  type AcquireRequest,
  type ClusterView,
  type CoreEvent,
  type HostReport,
  hostKey,
  type LockDesk,
  type LockFacts,
  type LockView,
  lockId,
  modelKey,
  type Serving,
  type SparkCore,
  type Swap,
  type SwapDecision,
  type SwapId,
  type SwapRequest,
  swapId,
} from '../../src/index.ts';
import { aCause, aCluster, aModel, aSwap } from './builders.ts';
import type { FakeClock } from './fake-clock.ts';
import { leaseOf } from './lock-samples.ts';
import { someFacts } from './preflight-scenes.ts';

const unexpected = (name: string) => (): never => {
  throw new Error(`unexpected call: ${name}`);
};

/** A core whose swaps begin at once and end when a test says so. What it shows of the cluster and its lock is set by hand. */
export class PlannedCore implements SparkCore {
  clusters = [aCluster()];
  isSimulated = false;
  models = ['qwen', 'gemma'];
  readonly requests: SwapRequest[] = [];
  readonly acquired: AcquireRequest[] = [];
  readonly released: string[] = [];
  serving: Serving = { kind: 'model', model: modelKey('gemma') };
  isHealthy = true;
  unreachable: ClusterView['unreachable'] = [];
  lock: LockFacts | null = null;
  lockState: LockView['state'] = 'free';
  waiting: LockView['queue'] = [];
  /** By host, seconds. */
  uptimes: Record<string, number | null> = { spark1: 1_000, spark2: 1_000 };
  decide: (request: SwapRequest) => SwapDecision = (request) => ({ kind: 'started', swap: this.#begin(request) });
  grant: (request: AcquireRequest) => AcquireDecision = (request) => ({
    kind: 'granted',
    grant: { lease: leaseOf(1, { holder: request.holder }), lockId: lockId('lck_1'), renewAfterMs: 1 },
  });
  readonly known = new Map<SwapId, Swap>();
  readonly #clock: FakeClock;
  readonly #listeners = new Set<(event: CoreEvent) => void>();
  #count = 0;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  catalog: SparkCore['catalog'] = () => ({ revision: 1, models: this.models.map((key) => aModel(key)), fault: null });
  cancelSwap: SparkCore['cancelSwap'] = unexpected('cancelSwap');
  preflight: SparkCore['preflight'] = unexpected('preflight');
  logTail: SparkCore['logTail'] = unexpected('logTail');
  estimate: SparkCore['estimate'] = unexpected('estimate');
  fits: SparkCore['fits'] = unexpected('fits');
  replay: SparkCore['replay'] = unexpected('replay');
  eventRange: SparkCore['eventRange'] = unexpected('eventRange');
  readiness: SparkCore['readiness'] = unexpected('readiness');
  start: SparkCore['start'] = unexpected('start');
  close: SparkCore['close'] = unexpected('close');

  async requestSwap(request: SwapRequest): Promise<SwapDecision> {
    this.requests.push(request);
    return this.decide(request);
  }

  async swap(id: SwapId): Promise<Swap | null> {
    return this.known.get(id) ?? null;
  }

  async swaps({ limit, settled }: Parameters<SparkCore['swaps']>[0]): Promise<readonly Swap[]> {
    return [...this.known.values()]
      .reverse()
      .filter(({ settledAt }) => settled !== true || settledAt !== null)
      .slice(0, limit);
  }

  views(): readonly ClusterView[] {
    const active = [...this.known.values()].find(({ settledAt }) => settledAt === null);
    const { serving, isHealthy, unreachable } = this;
    const name = serving.kind === 'model' ? serving.model : null;
    return [
      {
        ...{ cluster: aCluster().key, serving, runtime: 'running', isHealthy, since: null, servedModelName: name, maxModelLen: null },
        ...{ container: null, activeSwap: active?.id ?? null, queued: [], drift: null, observedAt: this.#clock.now(), unreachable },
      },
    ];
  }

  hostReports: SparkCore['hostReports'] = () =>
    Object.entries(this.uptimes).map(([host, uptimeSeconds]) => {
      const key = hostKey(host);
      const report: HostReport =
        uptimeSeconds === null
          ? { host: key, reachable: false, code: 'HOST_UNREACHABLE', reason: 'no route to host' }
          : { host: key, reachable: true, facts: someFacts({ uptimeSeconds }) };
      return { ...report, cluster: aCluster().key, at: this.#clock.now() };
    });

  subscribe(listener: (event: CoreEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  readonly locks: LockDesk = {
    acquire: async (request) => {
      this.acquired.push(request);
      return this.grant(request);
    },
    release: async (id) => {
      this.released.push(id);
      return { kind: 'released', lease: leaseOf(1) };
    },
    renew: unexpected('renew'),
    leave: unexpected('leave'),
    break: unexpected('break'),
    view: () => ({ cluster: aCluster().key, state: this.lockState, lock: this.lock, lastFence: 0, queue: this.waiting }),
    views: () => [this.locks.view(aCluster().key)],
  };

  /** Somebody takes the lock, or (`null`) whoever had it gives it back. */
  setLock(holder: string | null, fence = 1, implicit = false): void {
    const times = { acquiredAt: this.#clock.now(), expiresAt: null, remainingMs: null };
    this.lock = holder === null ? null : { holder, reason: null, fence, implicit, ...times };
    this.lockState = holder === null ? 'free' : 'held';
    this.#publish({
      kind: 'lock',
      cluster: aCluster().key,
      swapId: null,
      at: this.#clock.now(),
      lock: this.locks.view(aCluster().key),
      id: 1,
    });
  }

  /** Another swap begins, asked for by a person. */
  beginSwap(requestedBy: string): Swap {
    return this.#begin({ ...REQUEST, requestedBy });
  }

  /** A swap that was queued has its turn. */
  proceed(id: SwapId): void {
    const swap = this.known.get(id);
    if (swap !== undefined) this.#emit({ ...swap, phase: 'validating' });
  }

  settle(id: SwapId, phase: 'ready' | 'failed' | 'rolled_back' | 'cancelled' = 'ready'): void {
    const swap = this.known.get(id);
    if (swap === undefined) throw new Error(`no swap ${id}`);
    const target: Serving = swap.target === null ? { kind: 'nothing' } : { kind: 'model', model: swap.target };
    if (phase === 'ready') this.serving = target;
    const cause = phase === 'ready' ? null : aCause({ message: 'The model server died.' });
    const settled: Swap = { ...swap, phase, step: null, settledAt: this.#clock.now(), serving: this.serving, cause };
    this.known.set(id, settled);
    this.#emit(settled);
  }

  /** The newest swap. */
  get last(): Swap {
    const swap = [...this.known.values()].at(-1);
    if (swap === undefined) throw new Error('no swap has begun');
    return swap;
  }

  #begin({ requestedBy, reason, model, cluster }: SwapRequest): Swap {
    this.#count += 1;
    const id = swapId(`swp_${this.#count}`);
    const swap = aSwap({ id, requestedBy, reason, target: model, cluster, createdAt: this.#clock.now() });
    this.known.set(id, swap);
    this.#emit(swap);
    return swap;
  }

  #emit(swap: Swap): void {
    this.#publish({ kind: 'swap', cluster: swap.cluster, swapId: swap.id, at: this.#clock.now(), swap, id: 1 });
  }

  #publish(event: CoreEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

const REQUEST: SwapRequest = {
  cluster: aCluster().key,
  model: modelKey('gemma'),
  requestedBy: 'somebody',
  reason: null,
  options: aSwap().options,
  onBusy: 'reject',
  lockId: null,
};
