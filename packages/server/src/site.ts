import type {
  Cluster,
  ClusterKey,
  ClusterPorts,
  HostAccess,
  HostMaintenance,
  ImageStore,
  NimHost,
  ServiceHost,
  ServiceProbe,
  WeightStore,
} from '@spark-control/core';
import type { SimulatedCluster } from '@spark-control/simulator';

/** A cluster and all that acts on its hosts. Weights and images are left out where an embedder brings ports of its own. */
export type SiteCluster = Readonly<{ cluster: Cluster; ports: ClusterPorts; weights?: WeightStore; images?: ImageStore }>;

/** The services beside the model servers. */
export type SiteServices = Readonly<{
  /** `null`: there is no login to where they run. */
  host: ServiceHost | null;
  /** Who asks them. `real` asks over HTTP; `running` are the ids of the models that serve now. */
  probe(real: ServiceProbe, running: () => readonly string[]): ServiceProbe;
  /** Address of the vector store in place of the configured one; `null`: as configured. */
  vectorUrl: string | null;
}>;

/** Everything there is to act on: real hosts, simulated ones, or an embedder's own. `null`: not from here. */
export type Site = Readonly<{
  clusters: readonly SiteCluster[];
  access: HostAccess | null;
  maintenance: HostMaintenance | null;
  nim: NimHost | null;
  services: SiteServices;
  isSimulated: boolean;
  /** The simulated Sparks, for faults on demand. */
  simulations: readonly SimulatedCluster[];
  close(): Promise<void>;
}>;

/** What the clusters of a site have of one kind, by cluster. */
export function byCluster<T>(site: Site, pick: (cluster: SiteCluster) => T | undefined): ReadonlyMap<ClusterKey, T> {
  return new Map(
    site.clusters.flatMap((one) => {
      const found = pick(one);
      return found === undefined ? [] : [[one.cluster.key, found] as const];
    }),
  );
}
