import type { ClusterKey } from '../ids.ts';
import type { Cluster, Host } from '../topology/cluster.ts';
import type { Service } from './service.ts';

/** The host that a service runs on, and the cluster that host is in. */
export type ServicePlace = Readonly<{ host: Host; cluster: Cluster }>;

const CONTAINER = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;

/** `null` for a service that runs elsewhere, or on a host of no cluster. */
export function servicePlace({ url, host: key }: Pick<Service, 'url' | 'host'>, clusters: readonly Cluster[]): ServicePlace | null {
  if (url !== null) return null;
  const places = clusters.flatMap((cluster) => cluster.hosts.map((host) => ({ host, cluster })));
  return (key === null ? places[0] : places.find(({ host }) => host.key === key)) ?? null;
}

/** Where it answers, without a trailing slash; `null` when its host is in no cluster. */
export function baseUrlOf(service: Pick<Service, 'url' | 'host' | 'port'>, clusters: readonly Cluster[]): string | null {
  if (service.url !== null) return service.url;
  const address = servicePlace(service, clusters)?.host.address;
  if (address === undefined || service.port === null) return null;
  return `http://${address.includes(':') ? `[${address}]` : address}:${service.port}`;
}

/** The cluster on whose GPU it works: whoever restarts it needs that lock. */
export function gpuClusterOf(service: Service, clusters: readonly Cluster[]): ClusterKey | null {
  return service.usesGpu ? (servicePlace(service, clusters)?.cluster.key ?? null) : null;
}

/** Why its container cannot be looked at, as a clause; `null`: it can. */
export function containerProblem(service: Service, clusters: readonly Cluster[]): string | null {
  if (service.isDisabled) return 'it is disabled by DISABLED_SERVICES';
  if (service.url !== null) return 'it is configured by its url, and Spark Control has no login where it runs';
  if (servicePlace(service, clusters) === null) return `its host ${service.host ?? ''} is in no cluster`;
  if (service.container === null) return 'its entry in services.yaml does not name its container';
  return CONTAINER.test(service.container) ? null : 'what services.yaml calls its container is no container name';
}

/** Why its container must not be changed, as a clause; `null`: it may. */
export function changeProblem(service: Service, clusters: readonly Cluster[]): string | null {
  const problem = containerProblem(service, clusters);
  if (problem !== null) return problem;
  if (service.kind === 'vllm') return 'a service of kind vllm is only watched';
  const place = servicePlace(service, clusters);
  if (place?.cluster.container !== service.container) return null;
  // A swap alone may touch the model server: it knows the lock and the fence.
  return `${service.container} is the model server of cluster ${place.cluster.key}; swap with force_restart instead`;
}
