import { findModel, type Model } from '../catalog/model.ts';
import { nearMatches } from '../catalog/near-matches.ts';
import { SparkError } from '../errors.ts';
import type { HostKey } from '../ids.ts';
import type { Cluster, Host } from '../topology/cluster.ts';
import type { SparkCore } from './core-api.ts';
import { notFound } from './not-found.ts';
import type { StorageDeskDeps, StorageRequest } from './storage-api.ts';

type TargetDeps = Pick<StorageDeskDeps, 'core'>;
type CatalogDeps = Readonly<{ core: Pick<SparkCore, 'catalog'> }>;
type ClusterDeps = Readonly<{ core: Pick<SparkCore, 'clusters'> }>;

/** @throws {SparkError} MODEL_NOT_FOUND */
export function modelOf({ core }: CatalogDeps, key: string): Model {
  const catalog = core.catalog();
  const model = findModel(catalog, key);
  if (model !== null) return model;
  throw notFound(
    'MODEL_NOT_FOUND',
    key,
    nearMatches(
      key,
      catalog.models.map((other) => other.key),
    ),
  );
}

/** Clusters that a model may run on and that have enough hosts for it. */
export function clustersOf({ core }: ClusterDeps, { clusters, nodes }: Pick<Model, 'clusters' | 'nodes'>): readonly Cluster[] {
  return core.clusters.filter(({ key, hosts }) => (clusters.length === 0 || clusters.includes(key)) && hosts.length >= nodes);
}

/** What a request is about. @throws {SparkError} MODEL_NOT_FOUND, CLUSTER_NOT_FOUND, HOST_NOT_FOUND, INVALID_REQUEST */
export function targetOf(
  deps: TargetDeps,
  request: StorageRequest,
): Readonly<{ model: Model; cluster: Cluster; hosts: readonly HostKey[] }> {
  const model = modelOf(deps, request.model);
  const cluster = clusterOf(deps, model, request.cluster);
  const hosts: readonly Host[] =
    request.hosts === null ? cluster.hosts.slice(0, model.nodes) : request.hosts.map((key) => hostOf(cluster, key));
  return { model, cluster, hosts: [...new Set(hosts.map(({ key }) => key))] };
}

function clusterOf(deps: TargetDeps, model: Model, key: string | null): Cluster {
  const suitable = clustersOf(deps, model);
  const found = key === null ? suitable[0] : deps.core.clusters.find((cluster) => cluster.key === key);
  if (found === undefined) {
    const keys = deps.core.clusters.map((cluster) => cluster.key);
    throw notFound('CLUSTER_NOT_FOUND', key ?? 'that this model may run on', key === null ? [] : nearMatches(key, keys));
  }
  if (suitable.includes(found)) return found;
  const message = `${model.key} may not run on cluster ${found.key}, by its clusters or its nodes.`;
  throw new SparkError('INVALID_REQUEST', message, { details: { issues: [{ path: '/cluster', code: 'cluster', message }] } });
}

function hostOf({ hosts }: Pick<Cluster, 'hosts'>, key: string): Host {
  const host = hosts.find((candidate) => candidate.key === key);
  if (host !== undefined) return host;
  const keys = hosts.map((candidate) => candidate.key);
  throw notFound('HOST_NOT_FOUND', key, nearMatches(key, keys));
}

/** Clusters of a model on which `host` is; `null`: all of them. @throws {SparkError} HOST_NOT_FOUND */
export function clustersWith(deps: TargetDeps, model: Model, host: string | null): readonly Cluster[] {
  if (host === null) return clustersOf(deps, model);
  const { key } = hostOf({ hosts: deps.core.clusters.flatMap(({ hosts }) => hosts) }, host);
  return clustersOf(deps, model).filter(({ hosts }) => hosts.some((candidate) => candidate.key === key));
}
