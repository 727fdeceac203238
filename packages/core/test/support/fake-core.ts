import { Arbiter } from '../../src/application/arbiter.ts';
import type { CoreDeps } from '../../src/application/core-deps.ts';
import { Feed } from '../../src/application/feed.ts';
import { findPrevious } from '../../src/application/previous.ts';
import {
  type AcquireDecision,
  type AcquireRequest,
  type Cluster,
  type CoreEvent,
  type Grant,
  type LaunchPlan,
  modelKey,
  type Swap,
  type SwapDecision,
  type SwapId,
  type SwapRequest,
  silentLogger,
} from '../../src/index.ts';
import { DEFAULT_DEADLINES } from '../../src/swap/deadlines.ts';
import { aCluster, aModel, aPlan, someOptions } from './builders.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeCluster } from './fake-cluster.ts';
import { FakeTokens } from './fake-tokens.ts';
import { MemoryJournal } from './memory-journal.ts';

/** A process that has died: whatever it still calls never answers, so nothing it would do after its death happens. */
export type Life = { isDead: boolean };

export function whileAlive<T extends object>(port: T, life: Life): T {
  return new Proxy(port, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]): unknown => (life.isDead ? new Promise(() => undefined) : Reflect.apply(member, target, args));
    },
  });
}

/** One arbiter over a fake cluster. `restart()` makes a new one over the same journal and hosts, as after a crash. */
export class Bench {
  readonly clock = new FakeClock();
  readonly cluster: Cluster = aCluster();
  readonly hosts = new FakeCluster(this.cluster, this.clock);
  journal = new MemoryJournal();
  readonly events: CoreEvent[] = [];
  failpoint: ((name: string) => void) | null = null;
  arbiter: Arbiter;
  #ids = 0;
  readonly #tokens = new FakeTokens();
  #listener: (event: CoreEvent) => void = () => undefined;
  #life: Life = { isDead: false };

  constructor() {
    this.arbiter = this.#make();
  }

  async start(): Promise<this> {
    const starting = this.arbiter.start(await this.journal.unsettled());
    await this.clock.advance(0);
    await starting;
    return this;
  }

  /** Kills the process there and then: call it from a failpoint. */
  kill(): void {
    this.#life.isDead = true;
  }

  get isKilled(): boolean {
    return this.#life.isDead;
  }

  /** Starts another arbiter on the same journal and hosts. */
  async restart(): Promise<void> {
    this.kill();
    this.arbiter = this.#make();
    await this.start();
  }

  /** The machine comes back with the store of the time before everything that was done here. */
  async restoreBackup(): Promise<void> {
    this.journal = new MemoryJournal();
    await this.restart();
  }

  async close(): Promise<void> {
    await this.#end();
  }

  request(model: string | null, over: Partial<SwapRequest> = {}): Promise<SwapDecision> {
    const request: SwapRequest = {
      cluster: this.cluster.key,
      model: model === null ? null : modelKey(model),
      requestedBy: 'tester',
      reason: null,
      options: someOptions(),
      onBusy: 'reject',
      lockId: null,
      ...over,
    };
    return this.clock.drive(this.arbiter.request(request, () => (model === null ? null : this.plan(model))));
  }

  plan(model: string): LaunchPlan {
    return aPlan(model);
  }

  /** Requests, and waits for the end. */
  async swap(model: string | null, over: Partial<SwapRequest> = {}): Promise<Swap> {
    const decision = await this.request(model, over);
    if (decision.kind !== 'started' && decision.kind !== 'queued') throw new Error(`not started: ${decision.kind}`);
    return this.settled(decision.swap.id);
  }

  async settled(id: SwapId): Promise<Swap> {
    await this.clock.until(async () => (await this.journal.get(id))?.settledAt != null);
    return (await this.journal.get(id)) as Swap;
  }

  async inPhase(id: SwapId, phase: Swap['phase']): Promise<void> {
    await this.clock.until(() => this.arbiter.find(id)?.phase === phase);
  }

  acquire(holder: string, over: Partial<AcquireRequest> = {}, signal = new AbortController().signal): Promise<AcquireDecision> {
    const request: AcquireRequest = {
      cluster: this.cluster.key,
      holder,
      reason: null,
      ttlMs: 60_000,
      waitMs: 0,
      ticket: null,
      actor: { name: holder, address: '10.0.0.9', requestId: 'req_1' },
      ...over,
    };
    return this.arbiter.lock.acquire(request, signal);
  }

  /** Hears every event in the moment in which it is published. */
  listen(listener: (event: CoreEvent) => void): void {
    this.#listener = listener;
  }

  /** Acquires, and expects to get it. */
  async grant(holder: string, over: Partial<AcquireRequest> = {}): Promise<Grant> {
    const decision = await this.clock.drive(this.acquire(holder, over));
    if (decision.kind !== 'granted') throw new Error(`${holder} was not granted: ${decision.inTheWay.holder} is in the way`);
    return decision.grant;
  }

  cancel(id: SwapId): ReturnType<Arbiter['cancel']> {
    return this.clock.drive(this.arbiter.cancel(id));
  }

  /** Phases of a swap in the order of its history rows. */
  history(id: SwapId): string[] {
    return this.journal.transitions.filter((row) => row.swap === id).map((row) => row.to);
  }

  async #end(): Promise<void> {
    const closing = this.arbiter.close();
    await this.clock.advance(60_000);
    await closing;
  }

  #make(): Arbiter {
    const { clock, cluster } = this;
    const life: Life = { isDead: false };
    this.#life = life;
    const hosts = whileAlive(this.hosts, life);
    const journal = whileAlive(this.journal, life);
    const deps: CoreDeps = {
      clusters: [],
      catalog: { current: () => ({ revision: 1, models: ['gemma', 'qwen', 'phi'].map((key) => aModel(key)), fault: null }) },
      journal,
      events: journal,
      fences: journal,
      leases: journal,
      tokens: this.#tokens,
      endpoint: hosts,
      secrets: { read: () => null },
      clock,
      ids: { next: (prefix) => `${prefix}_${String(++this.#ids).padStart(4, '0')}` },
      logger: silentLogger,
      controllerId: 'ctl_1',
      isSimulated: false,
      deadlines: DEFAULT_DEADLINES,
      storeHealth: async () => ({ ok: true, detail: '' }),
      failpoint: (name) => {
        if (!life.isDead) this.failpoint?.(name);
      },
    };
    const feed = new Feed(silentLogger);
    feed.subscribe((event) => {
      this.events.push(event);
      this.#listener(event);
    });
    const seams = {
      previousOf: findPrevious.bind(null, cluster, deps),
      preflight: async () => null,
      neededBytes: () => 90 * 2 ** 30,
      learn: async () => undefined,
    };
    return new Arbiter(cluster, { runtime: hosts, fence: hosts, probe: hosts }, seams, deps, feed);
  }
}
