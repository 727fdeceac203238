import { type Cluster, type Issue, type Service, servicePlace } from '@spark-control/core';

/** Two things that want one port of one host: the second would never start, or the first be asked in its place. */
export function clashIssues(services: readonly Service[], around: Readonly<{ clusters: readonly Cluster[] }>): readonly Issue[] {
  const taken = new Map<string, string>();
  for (const { key, hosts, port } of around.clusters) {
    const head = hosts[0];
    if (head !== undefined) taken.set(`${head.key} ${port}`, `cluster ${key}`);
  }
  return services.flatMap((service) => {
    const { key, kind, port, isDisabled } = service;
    if (port === null || isDisabled) return [];
    const host = servicePlace(service, around.clusters)?.host;
    const place = `${host?.key ?? service.host ?? ''} ${port}`;
    const other = taken.get(place);
    // What it watches may be just that cluster.
    if (other === undefined || (kind === 'vllm' && other.startsWith('cluster '))) {
      taken.set(place, `service ${key}`);
      return [];
    }
    const where = host === undefined ? '' : ` of ${host.key}`;
    const hint = other.startsWith('service ') ? ' If one server does both, give the second its url in place of the port.' : '';
    return [{ path: `#/services/${key}/port`, code: 'port_clash', message: `Port ${port}${where} belongs to ${other} already.${hint}` }];
  });
}
