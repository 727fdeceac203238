import type { SparkCore, Swap } from '@spark-control/core';
import type { WireStatus } from '@spark-control/schema';
import type { ApiContext } from '../api-context.ts';
import { clusterViews } from '../clusters/view.ts';
import { pinsOf } from '../hosts/pins.ts';
import { hostViews } from '../hosts/view.ts';
import { lockView } from '../locks/view.ts';
import { modelSummaries } from '../models/view.ts';
import { operationView } from '../operations/view.ts';
import { serviceView } from '../services/view.ts';
import { timestamp } from '../wire-time.ts';

const RECENT_SWAPS = 10;

/** One snapshot of all that the overview shows. */
export async function statusView(
  { core, hosts, operations, services, clock, version, startedAt, swapViews }: ApiContext,
  lastEventId: number,
): Promise<WireStatus> {
  const [models, swaps] = await Promise.all([modelSummaries(core), currentSwaps(core).then((found) => swapViews.views(found))]);
  const { revision, fault } = core.catalog();
  return {
    version,
    simulated: core.isSimulated,
    started_at: timestamp(startedAt),
    now: timestamp(clock.now()),
    clusters: [...clusterViews(core)],
    hosts: [...hostViews(core, pinsOf(hosts))],
    locks: core.locks.views().map(lockView),
    models: [...models],
    swaps: [...swaps],
    operations: operations.recent().map((operation) => operationView(operation, clock.now())),
    services: services?.list().map(serviceView) ?? [],
    catalog: { revision, fault },
    last_event_id: lastEventId,
  };
}

/** Running, queued and the last settled swaps, newest first. */
async function currentSwaps(core: SparkCore): Promise<readonly Swap[]> {
  const open = core.views().flatMap(({ activeSwap, queued }) => (activeSwap === null ? queued : [activeSwap, ...queued]));
  const [recent, ...found] = await Promise.all([core.swaps({ limit: RECENT_SWAPS, settled: true }), ...open.map((id) => core.swap(id))]);
  const byId = new Map([...recent, ...found].flatMap((swap) => (swap === null ? [] : [[swap.id, swap] as const])));
  return [...byId.values()].toSorted((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1));
}
