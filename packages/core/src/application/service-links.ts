import type { Service } from '../service/service.ts';
import { baseUrlOf, servicePlace } from '../service/service-place.ts';
import { type Cluster, endpointOf } from '../topology/cluster.ts';
import type { ClusterView } from './cluster-view.ts';
import type { EndpointView } from './service-api.ts';

/** Where everything answers, clusters first. */
export function endpointViews(
  clusters: readonly Cluster[],
  views: readonly ClusterView[],
  services: readonly Service[],
): readonly EndpointView[] {
  const ofClusters = clusters.map((cluster): EndpointView => {
    const url = endpointOf(cluster);
    const model = runningId(views.find((view) => view.cluster === cluster.key));
    return {
      key: cluster.key,
      name: cluster.name,
      kind: 'vllm',
      url,
      healthUrl: `${url}/health`,
      model,
      cluster: cluster.key,
      disabled: false,
    };
  });
  const ofServices = services.map((service): EndpointView => {
    const { key, name, kind, model, healthPath, isDisabled } = service;
    const url = baseUrlOf(service, clusters);
    const cluster = servicePlace(service, clusters)?.cluster.key ?? null;
    return { key, name, kind, url, healthUrl: url === null ? null : url + healthPath, model, cluster, disabled: isDisabled };
  });
  return [...ofClusters, ...ofServices];
}

/**
 * Where an Open WebUI opens with the running model chosen. Only for an id that it knows: with an unknown one it would open with none, not
 * even with its own default.
 */
export function webUiLink(
  service: Service,
  clusters: readonly Cluster[],
  views: readonly ClusterView[],
  known: readonly string[],
): string | null {
  const base = service.publicUrl ?? baseUrlOf(service, clusters);
  if (service.kind !== 'open_webui' || base === null) return null;
  const own = servicePlace(service, clusters)?.cluster.key;
  const ownFirst = [...views].sort((a, b) => Number(b.cluster === own) - Number(a.cluster === own));
  const id = ownFirst.map(runningId).find((running) => running !== null && known.includes(running));
  return id == null ? null : `${base}/?models=${encodeURIComponent(id)}`;
}

function runningId(view: ClusterView | undefined): string | null {
  if (view === undefined || !view.isHealthy || view.serving.kind === 'nothing' || view.serving.kind === 'unknown') return null;
  return view.servedModelName ?? (view.serving.kind === 'model' ? view.serving.model : null);
}
