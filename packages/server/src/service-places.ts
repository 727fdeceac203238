import {
  baseUrlOf,
  type Cluster,
  type HostKey,
  type Service,
  type ServiceControl,
  type ServiceRegistry,
  type SideService,
  type SparkCore,
  servicePlace,
} from '@spark-control/core';

/** Ids under which models are served now. */
export const runningIds = (core: SparkCore): readonly string[] =>
  core.views().flatMap(({ serving, servedModelName }) => (serving.kind === 'model' ? [servedModelName ?? serving.model] : []));

/** Where a vector store answers. `simulated`: address of the one that stands for those on simulated hosts. */
export function baseUrlFor(clusters: readonly Cluster[], simulated: string | null): (service: Service) => string | null {
  return (service) => (service.url === null && simulated !== null ? simulated : baseUrlOf(service, clusters));
}

/** How the services with a container on a host are. */
export function sideServicesOf(
  clusters: readonly Cluster[],
  registry: ServiceRegistry,
  control: ServiceControl,
): (host: HostKey, signal: AbortSignal) => Promise<readonly SideService[]> {
  return async (host, signal) => {
    const there = registry
      .all()
      .filter((service) => service.container !== null && !service.isDisabled && servicePlace(service, clusters)?.host.key === host);
    if (there.length === 0) return [];
    const health = await control.health(signal);
    return health.filter(({ service }) => there.some(({ key }) => key === service));
  };
}
