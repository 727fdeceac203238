import { isSparkError } from '../errors.ts';
import type { SwapId } from '../ids.ts';
import type { LaunchPlan } from '../launch/launch-plan.ts';
import type { HostFence } from '../ports/host-fence.ts';
import { isSettled, type Progress, type Swap } from '../swap/swap.ts';
import { advance, type SwapEffect, type SwapEvent } from '../swap/swap-machine.ts';
import type { Cluster } from '../topology/cluster.ts';

import { swapEndpoint } from '../webhook/served-endpoint.ts';
import { Arrivals } from './arrivals.ts';
import { ClusterLock } from './cluster-lock.ts';
import { ClusterWatch } from './cluster-watch.ts';
import type { CancelDecision, NumberedLogLine, SwapDecision, SwapRequest } from './core-api.ts';
import type { CoreDeps } from './core-deps.ts';
import type { Feed } from './feed.ts';
import { entryOf } from './journal-entry.ts';
import { LockKeeper } from './lock-keeper.ts';
import { lockGone, queueTimeout, SwapQueue } from './queue.ts';
import { raiseAfterRestore } from './restored-store.ts';
import { Serial } from './serial.ts';
import type { DriverOutcome } from './step-driver.ts';
import type { ClusterPorts, StepContext } from './step-ports.ts';
import { SwapDrivers } from './swap-drivers.ts';
import { SwapIntake } from './swap-intake.ts';

const STORE_RETRY_MS = 1_000;
const QUEUE_TICK_MS = 250;
/** Progress is journalled, so that streams can resume; twice a second is enough for people. */
const PROGRESS_EVERY_MS = 500;
const KEPT_SWAPS = 20;

export type StepSeams = Pick<StepContext, 'previousOf' | 'preflight' | 'neededBytes' | 'learn'>;

/**
 * The single writer of one cluster. It takes requests, cancels and step outcomes in order, applies the pure machine,
 * journals the new state, and only then lets effects happen. A read that gates a change is made in here, or just before and
 * again in here when a swap has settled since.
 */
export class Arbiter {
  readonly cluster: Cluster;
  readonly watch: ClusterWatch;
  readonly lock: ClusterLock;
  readonly #deps: CoreDeps;
  readonly #queue: SwapQueue;
  readonly #keeper: LockKeeper;
  readonly #fence: HostFence;
  readonly #feed: Feed;
  readonly #serial = new Serial();
  readonly #drivers: SwapDrivers;
  readonly #intake: SwapIntake;
  readonly #closing = new AbortController();
  #ticking: Promise<void> = Promise.resolve();
  #progressAt = Number.NEGATIVE_INFINITY;

  constructor(cluster: Cluster, ports: ClusterPorts, seams: StepSeams, deps: CoreDeps, feed: Feed) {
    this.cluster = cluster;
    this.#deps = deps;
    this.#feed = feed;
    this.#fence = ports.fence;
    const arrivals = new Arrivals();
    this.#queue = new SwapQueue(deps.clock, arrivals);
    this.#keeper = new LockKeeper(cluster.key, deps, feed, arrivals, () => this.#queue.work);
    this.lock = new ClusterLock({
      keeper: this.#keeper,
      serial: this.#serial,
      clock: deps.clock,
      moveOn: () => this.#moveOn(),
      closing: this.#closing.signal,
    });
    this.watch = new ClusterWatch(cluster, ports, deps, feed, () => ({
      activeSwap: this.#queue.active?.id ?? null,
      queued: this.#queue.waiting.map((swap) => swap.id),
    }));
    this.#intake = new SwapIntake({
      cluster,
      deps,
      queue: this.#queue,
      keeper: this.#keeper,
      watch: this.watch,
      begin: (swap) => this.#commit(null, swap),
      drop: (swap, cause) => this.#advance(swap, { type: 'dropped', cause }),
      moveOn: () => this.#moveOn(),
    });
    const { controllerId, endpoint, clock, logger, fences } = deps;
    this.#drivers = new SwapDrivers({
      deps,
      base: { ...ports, ...seams, cluster, controllerId, endpoint, clock, logger, lastFence: () => fences.current(cluster.key) },
      feed,
      listener: {
        outcome: (swap, outcome) => void this.#heard(swap, outcome),
        progressed: (swap, attempt, progress) => this.#progressed(swap.id, attempt, progress),
      },
      isUnsettled: (id) => this.#queue.find(id) !== null,
    });
  }

  /** Takes up what the journal left unfinished, and begins to observe. Does not wait for the hosts: they may take their time. */
  async start(unsettled: readonly Swap[]): Promise<void> {
    const recent = await this.#deps.journal.list({ cluster: this.cluster.key, limit: KEPT_SWAPS, settled: true });
    // The last to end, not the youngest: that one may have been dropped while it waited for the other.
    const [last] = recent.toSorted((a, b) => (b.settledAt ?? 0) - (a.settledAt ?? 0));
    this.watch.expect(last?.serving ?? { kind: 'nothing' });
    // Before the lock is restored: one whose time is over while its swap still runs is not free.
    for (const swap of unsettled) this.#queue.put(swap);
    await this.#keeper.restore();
    this.watch.start();
    const raise = (fence: number): Promise<void> => this.#serial.run(() => this.#raiseFence(fence));
    const comparing = raiseAfterRestore(this.cluster.key, this.#fence, raise, this.#deps, this.#closing.signal);
    this.#ticking = Promise.all([this.#recover().then(() => this.#tick()), comparing]).then(() => undefined);
  }

  /** Looks first: never act on memory alone. What cannot be looked at is waited for inside the step. */
  async #recover(): Promise<void> {
    const active = this.#queue.active;
    try {
      if (active !== null) {
        await this.watch.refresh();
        await this.#apply(active.id, { type: 'recovered' });
      }
      await this.#serial.run(() => this.#moveOn());
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#deps.logger.error('recovery failed', { cluster: this.cluster.key, error });
    }
  }

  async #raiseFence(fence: number): Promise<void> {
    await this.#deps.journal.commit({ fence: { cluster: this.cluster.key, value: fence } });
    this.#keeper.sawFence(fence);
  }

  async close(): Promise<void> {
    const reason = new Error('the control plane stops');
    this.#closing.abort(reason);
    await Promise.all([this.watch.close(), this.#ticking]); // a recovery may wait for a look that hangs
    await this.#drivers.close(reason);
    await this.#serial.idle();
  }

  /** `plan` is asked only when the swap is taken on: what stands against it comes after no-op, lock and busy. */
  async request(request: SwapRequest, plan: () => LaunchPlan | null): Promise<SwapDecision> {
    const hasLooked = await this.#intake.look();
    return this.#serial.run(() => this.#intake.take(request, hasLooked, plan));
  }

  async cancel(id: SwapId): Promise<CancelDecision | null> {
    return this.#serial.run(async () => {
      const swap = this.#queue.find(id);
      if (swap === null) return null;
      if (swap.phase === 'rolling_back') return { kind: 'rolling_back', swap };
      const cancelled = await this.#advance(swap, { type: 'cancel_requested' });
      return { kind: 'accepted', swap: cancelled };
    });
  }

  /** A swap that this process knows with its latest progress; the journal has the rest. */
  find(id: SwapId): Swap | null {
    return this.#queue.find(id) ?? this.#intake.noop(id);
  }

  logTail(id: SwapId): readonly NumberedLogLine[] {
    return this.#drivers.logTail(id);
  }

  /** Lets whoever is next have the GPU when it is free: a swap, which is returned, or a holder of the lock. */
  async #moveOn(): Promise<Swap | null> {
    if (this.#closing.signal.aborted) return null;
    await this.#keeper.sweep();
    for (const id of this.#keeper.orphans()) {
      const swap = this.#queue.find(id);
      if (swap !== null) await this.#advance(swap, { type: 'dropped', cause: lockGone(swap) });
    }
    const next = this.#keeper.nextSwap();
    const swap = next === null ? null : this.#queue.find(next);
    if (swap !== null) return this.#advance(swap, { type: 'granted' });
    await this.#keeper.serve();
    return null;
  }

  /** The end of a swap is on disk: that the next cannot begin yet is not the trouble of who ended it. */
  async #makeWay(): Promise<void> {
    try {
      await this.#moveOn();
    } catch (error) {
      this.#deps.logger.error('the next in line could not be let in yet', { cluster: this.cluster.key, error });
    }
  }

  /** Brings an event to a swap, repeating while the store cannot be written: an outcome must not get lost. */
  async #apply(id: SwapId, event: SwapEvent): Promise<void> {
    for (;;) {
      try {
        await this.#serial.run(async () => {
          const swap = this.#queue.find(id);
          if (swap !== null) await this.#advance(swap, event);
        });
        return;
      } catch (error) {
        if (!isSparkError(error) || error.code !== 'STORE_UNAVAILABLE' || this.#closing.signal.aborted) throw error;
        this.#deps.logger.error('the journal cannot be written; the swap waits', { swap: id, detail: error.message });
        await this.#deps.clock.sleep(STORE_RETRY_MS, this.#closing.signal);
      }
    }
  }

  /** Decide, journal, act: the only way in which a swap changes its phase. Runs inside the serial section. */
  async #advance(swap: Swap, event: SwapEvent): Promise<Swap> {
    const next = advance(swap, event, { now: this.#deps.clock.now(), serving: this.watch.view.serving });
    if (!next.taken) return swap;
    await this.#commit(swap, next.swap);
    this.#queue.put(next.swap);
    if (isSettled(next.swap)) this.watch.expect(next.swap.serving ?? { kind: 'unknown' });
    this.#perform(next.effects, next.swap);
    await this.watch.publishChange();
    await this.#keeper.publishChange().catch(() => undefined); // the tick says it again
    if (isSettled(next.swap) && swap.phase !== 'queued') await this.#makeWay();
    return next.swap;
  }

  async #commit(before: Swap | null, after: Swap): Promise<void> {
    this.#deps.failpoint?.(`before_commit_${after.step ?? after.phase}`);
    const entry = entryOf(before, after, swapEndpoint(this.cluster, after, this.watch.view));
    const events = await this.#deps.journal.commit(entry);
    if (entry.fence !== undefined) this.#keeper.sawFence(entry.fence.value);
    this.#deps.failpoint?.(`after_commit_${after.step ?? after.phase}`);
    for (const event of events) this.#feed.publish(event);
  }

  #perform(effects: readonly SwapEffect[], swap: Swap): void {
    if (this.#closing.signal.aborted) return; // the next start does it, by the journal
    for (const effect of effects) this.#drivers.perform(effect, swap);
    if (isSettled(swap)) this.watch.refresh().catch(() => undefined);
  }

  async #heard(swap: Swap, outcome: DriverOutcome): Promise<void> {
    try {
      // A failure may settle the swap, which then says what serves: as it is now, not as it was before the last steps.
      if (outcome.type === 'step_failed') await this.watch.lookAgain();
      await this.#apply(swap.id, outcome);
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#deps.logger.error('a step outcome could not be applied', { swap: swap.id, error });
    }
  }

  /** In turn with everything else: taken in while a new state is being journalled, it would be seen and then be gone again. */
  #progressed(id: SwapId, attempt: number, progress: Progress | null): void {
    this.#serial.run(() => this.#takeProgress(id, attempt, progress)).catch(() => undefined); // a bar that cannot be stored is no harm
  }

  async #takeProgress(id: SwapId, attempt: number, progress: Progress | null): Promise<void> {
    const active = this.#queue.active;
    if (active?.id !== id) return;
    const next = advance(
      active,
      { type: 'progressed', attempt, progress },
      { now: this.#deps.clock.now(), serving: this.watch.view.serving },
    );
    if (!next.taken) return;
    this.#queue.put(next.swap);
    const now = this.#deps.clock.monotonic();
    if (progress === null || now - this.#progressAt < PROGRESS_EVERY_MS) return;
    this.#progressAt = now;
    const { swap } = next;
    const at = this.#deps.clock.now();
    const events = await this.#deps.journal.commit({ events: [{ kind: 'progress', cluster: swap.cluster, swapId: id, at, swap }] });
    for (const event of events) this.#feed.publish(event);
  }

  /** Drops swaps that waited too long, and lets the next begin where that could not be stored before. */
  async #tick(): Promise<void> {
    const { clock } = this.#deps;
    for (;;) {
      try {
        await clock.sleep(QUEUE_TICK_MS, this.#closing.signal);
      } catch {
        return;
      }
      for (const swap of this.#queue.expired()) {
        await this.#apply(swap.id, { type: 'dropped', cause: queueTimeout(swap) }).catch(() => undefined);
      }
      await this.#serial
        .run(async () => {
          await this.#moveOn();
          await this.#keeper.publishChange();
        })
        .catch(() => undefined); // a store that takes no writes says so in /readyz, and the next tick tries again
    }
  }
}
