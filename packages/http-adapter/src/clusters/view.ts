import { type Cluster, type ClusterView, endpointOf, type SparkCore } from '@spark-control/core';
import type { WireCluster } from '@spark-control/schema';
import { servingView } from '../swaps/view.ts';
import { nullableTimestamp } from '../wire-time.ts';

/** All clusters with what they do, in the order of the configuration. */
export function clusterViews(core: SparkCore): readonly WireCluster[] {
  const views = core.views();
  return core.clusters.flatMap((cluster) => views.filter((view) => view.cluster === cluster.key).map((view) => clusterView(cluster, view)));
}

/** The one of an event; empty when the cluster is no longer configured, as an old event may have it. */
export function clusterViewOf({ clusters }: SparkCore, view: ClusterView): readonly WireCluster[] {
  return clusters.filter(({ key }) => key === view.cluster).map((cluster) => clusterView(cluster, view));
}

function clusterView(cluster: Cluster, view: ClusterView): WireCluster {
  return {
    key: cluster.key,
    name: cluster.name,
    launcher: cluster.launcher,
    hosts: cluster.hosts.map(({ key }) => key),
    image: cluster.image,
    endpoint: endpointOf(cluster),
    serving: servingView(view.serving),
    state: view.runtime,
    healthy: view.isHealthy,
    since: nullableTimestamp(view.since),
    served_model_name: view.servedModelName,
    max_model_len: view.maxModelLen,
    container: view.container,
    active_swap: view.activeSwap,
    queued: [...view.queued],
    drift: view.drift,
    observed_at: nullableTimestamp(view.observedAt),
    unreachable: view.unreachable.map(({ host, reason }) => ({ host, reason })),
  };
}
