import { findModel, type Model } from '../catalog/model.ts';
import { nearMatches } from '../catalog/near-matches.ts';
import { isSparkError } from '../errors.ts';
import type { ClusterKey, ModelKey, SwapId } from '../ids.ts';
import { buildPlan } from '../launch/build-plan.ts';
import type { LaunchPlan } from '../launch/launch-plan.ts';
import { estimateLoad } from '../swap/estimate.ts';
import type { LoadEstimate } from '../swap/preflight-report.ts';
import type { Standings } from '../swap/preflight-standing.ts';
import type { Swap } from '../swap/swap.ts';
import { advance } from '../swap/swap-machine.ts';
import { Arbiter } from './arbiter.ts';
import type { ReadinessCheck, SparkCore, SwapRequest } from './core-api.ts';
import type { CoreDeps } from './core-deps.ts';
import { Feed } from './feed.ts';
import { entryOf } from './journal-entry.ts';
import { createLockDesk } from './lock-desk.ts';
import { MemoryBook } from './memory-book.ts';
import { notFound } from './not-found.ts';
import { Preflight } from './preflight.ts';
import { findPrevious } from './previous.ts';

/** Builds the application over its ports. It does nothing until `start()`. */
export function createCore(deps: CoreDeps): SparkCore {
  const feed = new Feed(deps.logger);
  const arbiters = new Map<ClusterKey, Arbiter>();
  const preflights = new Map<ClusterKey, Preflight>();
  for (const { cluster, ports } of deps.clusters) {
    const book = new MemoryBook(cluster.key, deps);
    const preflight = new Preflight(cluster, ports, deps, book, (lockId) => standingsOf(cluster.key, lockId));
    const seams = {
      previousOf: findPrevious.bind(null, cluster, deps),
      preflight: preflight.forSwap,
      neededBytes: preflight.neededBytes,
      learn: book.learn,
    };
    preflights.set(cluster.key, preflight);
    arbiters.set(cluster.key, new Arbiter(cluster, ports, seams, deps, feed));
  }
  let isStarted = false;

  async function standingsOf(key: ClusterKey, lockId: string | null): Promise<Standings> {
    const planned = await deps.planned?.(key).catch(() => []); // a calendar that cannot be read refuses no swap
    const lock = arbiters.get(key)?.lock;
    const isOurs = lockId !== null && lock?.isHeldBy(lockId);
    return { lock: isOurs ? null : (lock?.view ?? null), planned: planned ?? [] };
  }

  const arbiterOf = (key: ClusterKey): Arbiter => {
    const arbiter = arbiters.get(key);
    if (arbiter === undefined) throw notFound('CLUSTER_NOT_FOUND', key, nearMatches(key, [...arbiters.keys()]));
    return arbiter;
  };
  const modelOf = (key: ModelKey): Model => {
    const catalog = deps.catalog.current();
    const model = findModel(catalog, key);
    if (model !== null) return model;
    throw notFound(
      'MODEL_NOT_FOUND',
      key,
      nearMatches(
        key,
        catalog.models.map((entry) => entry.key),
      ),
    );
  };
  const plannerOf = (request: SwapRequest, arbiter: Arbiter): (() => LaunchPlan | null) => {
    const model = request.model === null ? null : modelOf(request.model);
    return () => (model === null ? null : buildPlan(model, arbiter.cluster));
  };

  return {
    clusters: deps.clusters.map(({ cluster }) => cluster),
    isSimulated: deps.isSimulated,
    locks: createLockDesk(new Map([...arbiters].map(([key, arbiter]) => [key, arbiter.lock])), deps.tokens),
    catalog: () => deps.catalog.current(),

    async requestSwap(request) {
      const arbiter = arbiterOf(request.cluster);
      try {
        return await arbiter.request(request, plannerOf(request, arbiter));
      } catch (error) {
        if (!isSparkError(error) || error.code !== 'PREFLIGHT_FAILED') throw error;
        return { kind: 'preflight_failed', issues: error.details.issues ?? [{ path: '', code: 'flags', message: error.message }] };
      }
    },

    async cancelSwap(id) {
      const known = await findSwap(id);
      if (known === null) throw notFound('SWAP_NOT_FOUND', id);
      const decision = await arbiters.get(known.cluster)?.cancel(id);
      return decision ?? { kind: 'settled', swap: (await deps.journal.get(id)) ?? known };
    },

    async preflight(model, cluster, flags, lockId = null) {
      arbiterOf(cluster);
      const preflight = preflights.get(cluster);
      if (preflight === undefined) throw notFound('CLUSTER_NOT_FOUND', cluster);
      return preflight.report(modelOf(model), flags, lockId);
    },

    swap: findSwap,
    async swaps(query) {
      const stored = await deps.journal.list(query);
      return stored.map((swap) => arbiters.get(swap.cluster)?.find(swap.id) ?? swap);
    },
    logTail: (id) => [...arbiters.values()].map((arbiter) => arbiter.logTail(id)).find((lines) => lines.length > 0) ?? [],
    views: () => [...arbiters.values()].map((arbiter) => arbiter.watch.view),
    hostReports: () => [...arbiters.values()].flatMap((arbiter) => arbiter.watch.reports),
    estimate,
    fits: fitsSomewhere,

    subscribe: (listener) => feed.subscribe(listener),
    replay: (after, limit, swap) => deps.events.replay(after, limit, swap),
    eventRange: () => deps.events.range(),

    async readiness() {
      const store = await deps.storeHealth();
      const catalog = deps.catalog.current();
      const models = catalog.fault ?? `${catalog.models.length} models, revision ${catalog.revision}`;
      const checks: ReadinessCheck[] = [
        { name: 'store', ...store },
        { name: 'catalog', ok: catalog.models.length > 0, detail: models },
        { name: 'arbiters', ok: isStarted, detail: isStarted ? `${arbiters.size} running` : 'still reading the journal' },
      ];
      return checks;
    },

    async start() {
      const unsettled = await deps.journal.unsettled();
      const isOurs = (swap: Swap) => arbiters.has(swap.cluster) && swap.simulated === deps.isSimulated;
      for (const swap of unsettled) if (!isOurs(swap)) await abandon(swap, deps);
      const ours = unsettled.filter(isOurs);
      await Promise.all([...arbiters].map(([key, arbiter]) => arbiter.start(ours.filter((swap) => swap.cluster === key))));
      isStarted = true;
    },

    async close() {
      await Promise.all([...arbiters.values()].map((arbiter) => arbiter.close()));
    },
  };

  async function findSwap(id: SwapId): Promise<Swap | null> {
    for (const arbiter of arbiters.values()) {
      const swap = arbiter.find(id);
      if (swap !== null) return swap;
    }
    return deps.journal.get(id);
  }

  async function fitsSomewhere(key: ModelKey): Promise<boolean | null> {
    const model = findModel(deps.catalog.current(), key);
    if (model === null) return null;
    const answers = await Promise.all(
      [...arbiters.values()]
        .filter(({ cluster }) => model.clusters.length === 0 || model.clusters.includes(cluster.key))
        .map(({ cluster, watch }) => preflights.get(cluster.key)?.fits(model, watch.reports, watch.view.serving.kind === 'model') ?? null),
    );
    if (answers.includes(true)) return true;
    return answers.includes(null) ? null : false;
  }

  async function estimate(cluster: ClusterKey, model: ModelKey): Promise<LoadEstimate> {
    return estimateLoad(await deps.journal.loadTimes(cluster, model, deps.isSimulated));
  }
}

/** Settles a swap that waits for a cluster which the configuration no longer names, or that began in the other of simulation and reality. */
async function abandon(swap: Swap, deps: CoreDeps): Promise<void> {
  const known = deps.clusters.some(({ cluster }) => cluster.key === swap.cluster);
  const message = known
    ? `It began on ${swap.simulated ? 'simulated' : 'real'} hosts, and the cluster ${swap.cluster} has ${swap.simulated ? 'real' : 'simulated'} ones now.`
    : `The cluster ${swap.cluster} is no longer configured; what serves there is not known.`;
  const event = { type: 'abandoned', cause: { code: 'CLUSTER_NOT_FOUND', message, hint: null, logTail: [] } } as const;
  const { swap: settled } = advance(swap, event, { now: deps.clock.now(), serving: { kind: 'unknown' } });
  await deps.journal.commit(entryOf(swap, settled, null));
}
