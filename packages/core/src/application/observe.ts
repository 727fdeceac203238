import type { EndpointHealth, ServedModel } from '../ports/model-endpoint.ts';
import type { HostObservation, ObservedContainer, RuntimeState } from '../ports/model-runtime.ts';
import type { Serving } from '../swap/swap.ts';
import type { Cluster } from '../topology/cluster.ts';
import { headOf } from '../topology/cluster.ts';

/** What one look at a cluster showed: the hosts, and the HTTP endpoint where something might answer. */
export type Sighting = Readonly<{
  at: number;
  hosts: readonly HostObservation[];
  health: EndpointHealth | null;
  models: readonly ServedModel[] | null;
}>;

/** The meaning of a {@link Sighting}. */
export type Reading = Readonly<{
  serving: Serving;
  runtime: RuntimeState;
  isHealthy: boolean;
  /** The container behind `serving`, on the head. */
  container: ObservedContainer | null;
  /** Words for people about what is in the way, when it is not ours. */
  unmanaged: string | null;
}>;

/**
 * Reads what a cluster does from what its hosts and its endpoint say. Pure. An unreachable head is `unknown`, never
 * `absent`; a container without its model server process serves nothing.
 */
export function readSighting(cluster: Cluster, sighting: Pick<Sighting, 'hosts' | 'health'>): Reading {
  const headKey = headOf(cluster).key;
  const head = sighting.hosts.find((host) => host.host === headKey);
  const isHealthy = sighting.health?.kind === 'healthy';
  if (head === undefined || !head.reachable) {
    return { serving: { kind: 'unknown' }, runtime: 'unknown', isHealthy, container: null, unmanaged: null };
  }
  const present = head.containers.filter((container) => !container.parked && container.state !== 'absent');
  const managed = present.find((container) => container.identity !== null);
  const foreign = present.find((container) => container.identity === null);
  if (managed?.identity != null && managed.state !== 'unhealthy') {
    return {
      serving: { kind: 'model', model: managed.identity.model },
      runtime: managed.state,
      isHealthy,
      container: managed,
      unmanaged: null,
    };
  }
  if (foreign !== undefined) {
    const unmanaged = `container ${foreign.name} (image ${foreign.image}) on ${foreign.host}`;
    return { serving: { kind: 'unmanaged' }, runtime: foreign.state, isHealthy, container: foreign, unmanaged };
  }
  if (head.portOwner !== null && managed === undefined) {
    const unmanaged = `${head.portOwner} on port ${cluster.port} of ${head.host}`;
    return { serving: { kind: 'unmanaged' }, runtime: 'running', isHealthy, container: null, unmanaged };
  }
  return {
    serving: { kind: 'nothing' },
    runtime: managed === undefined ? 'absent' : 'unhealthy',
    isHealthy: false,
    container: managed ?? null,
    unmanaged: null,
  };
}

export const sameServing = (a: Serving, b: Serving): boolean =>
  a.kind === b.kind && (a.kind !== 'model' || b.kind !== 'model' || a.model === b.model);

/**
 * One sentence about what changed behind our back, or `null`. `expected` is what the last swap left.
 * Not being able to look is not drift.
 */
export function describeDrift(expected: Serving, reading: Reading): string | null {
  const { serving } = reading;
  if (serving.kind === 'unknown' || expected.kind === 'unknown' || sameServing(expected, serving)) return null;
  const was =
    expected.kind === 'model'
      ? `${expected.model} was serving`
      : expected.kind === 'unmanaged'
        ? 'something unmanaged was serving'
        : 'nothing was loaded';
  switch (serving.kind) {
    case 'nothing': {
      const exit = reading.container?.exitCode;
      const how = reading.runtime === 'unhealthy' ? 'its process is gone, the container is still there' : 'it is gone now';
      return `${was}; ${how}${exit == null ? '' : ` (exit code ${exit})`}. Spark Control did not stop it.`;
    }
    case 'model':
      return `${was}; ${serving.model} serves now. This Spark Control did not start it.`;
    case 'unmanaged':
      return `${was}; ${reading.unmanaged ?? 'something else'} serves now. Spark Control did not start it.`;
  }
}
