import { resolve } from 'node:path';
import { type Cluster, DEFAULT_HF_CACHE, type Host, hostKey, type Issue, isImageReference, isKey } from '@spark-control/core';
import type { FileClusterEntry, FileHostEntry, FileSpark } from '@spark-control/schema';
import { ADDRESS_WANTED, type ClusterDefaults, clusterOf, imageFor, isAddress } from './cluster-settings.ts';
import { issueAt, type YamlFile } from './yaml-file.ts';

type Context = Readonly<{
  file: YamlFile;
  spark: FileSpark;
  defaults: ClusterDefaults;
  /** Login user where the file names none. */
  user: string;
  /** `~` and relative paths of key files to absolute ones. */
  keyFile: (path: string) => string;
  /** Hosts of the environment, for a file that names none. */
  given: readonly Host[];
  issues: Issue[];
  warnings: string[];
}>;

/** Clusters of a spark.yaml of the right shape. Faults in its meaning go to `issues`, oddities to `warnings`. */
export function clustersOfFile(context: Context): readonly Cluster[] {
  const { spark, file, issues } = context;
  const hosts = new Map<string, Host>(context.given.map((host) => [host.key, host]));
  for (const [key, entry] of Object.entries(spark.hosts ?? {})) hosts.set(key, hostOf(key, entry, context));
  if (hosts.size === 0)
    issues.push(issueAt(file, '/hosts', 'no_host', 'The file names no host. Add one, or remove the file for a simulation.'));
  if (spark.clusters === undefined)
    return [clusterOf('default', [...hosts.values()], context.defaults)].filter((c) => checkLauncher(c, '/hosts', context));
  const entries = Object.entries(spark.clusters);
  if (entries.length === 0)
    issues.push(issueAt(file, '/clusters', 'no_cluster', 'The file names no cluster. Add one, or leave `clusters` out.'));
  const clusters = entries.map(([key, entry]) => clusterFrom(key, entry, hosts, context));
  reportSharedHosts(clusters, context);
  reportUnusedHosts(clusters, hosts, context);
  return clusters;
}

function hostOf(key: string, entry: FileHostEntry, { file, spark, user, keyFile, issues }: Context): Host {
  const at = `/hosts/${key}`;
  if (!isKey(key)) issues.push(issueAt(file, at, 'bad_key', `${key} is reserved; choose another key.`));
  for (const field of ['address', 'fabric_address'] as const) {
    const address = entry[field];
    if (typeof address === 'string' && !isAddress(address)) {
      issues.push(issueAt(file, `${at}/${field}`, 'bad_address', `${field} has to be ${ADDRESS_WANTED}.`));
    }
  }
  const path = entry.key_file ?? spark.ssh?.key_file ?? null;
  return {
    key: hostKey(key),
    name: entry.name ?? key,
    address: entry.address,
    sshPort: entry.port ?? spark.ssh?.port ?? 22,
    user: entry.user ?? spark.ssh?.user ?? user,
    identityFile: path === null ? null : keyFile(path),
    fingerprint: entry.fingerprint ?? null,
    fabricAddress: entry.fabric_address ?? null,
  };
}

function clusterFrom(key: string, entry: FileClusterEntry, hosts: ReadonlyMap<string, Host>, context: Context): Cluster {
  const { defaults, file, issues } = context;
  const at = `/clusters/${key}`;
  if (!isKey(key)) issues.push(issueAt(file, at, 'bad_key', `${key} is reserved; choose another key.`));
  const members = entry.hosts.flatMap((name, index) => {
    const host = hosts.get(name);
    if (host !== undefined) return [host];
    const known = [...hosts.keys()].join(', ');
    issues.push(issueAt(file, `${at}/hosts/${index}`, 'unknown_host', `There is no host ${JSON.stringify(name)}. The hosts are ${known}.`));
    return [];
  });
  const launcher = entry.launcher ?? defaults.launcher;
  const image = entry.image ?? imageFor(launcher, defaults.image);
  if (!isImageReference(image)) issues.push(issueAt(file, `${at}/image`, 'bad_image', 'image has to be a Docker image such as vllm-node.'));
  const cluster: Cluster = {
    ...clusterOf(key, members, { ...defaults, launcher }),
    name: entry.name ?? key,
    image,
    port: entry.port ?? defaults.port,
    container: entry.container ?? defaults.container,
    launcherDirectory: launcher === 'launch_cluster' ? (entry.launcher_directory ?? defaults.launcherDirectory) : null,
    hfCache: entry.hf_cache ?? DEFAULT_HF_CACHE,
    modelRoots: entry.model_roots ?? defaults.modelRoots,
  };
  checkLauncher(cluster, `${at}/hosts`, context);
  checkPaths(entry, at, context);
  return cluster;
}

/** A line break in a path is a slip of a paste, and a NUL fits in no path: better said here than at each look at the host. */
function checkPaths({ launcher_directory, hf_cache, model_roots }: FileClusterEntry, at: string, { file, issues }: Context): void {
  const roots = (model_roots ?? []).map((path, index): [string, string] => [`model_roots/${index}`, path]);
  for (const [field, path] of [['launcher_directory', launcher_directory], ['hf_cache', hf_cache], ...roots] as const) {
    if (path == null || !/[\p{Cc}\p{Surrogate}]/u.test(path)) continue;
    issues.push(issueAt(file, `${at}/${field}`, 'bad_path', `${field.split('/')[0]} must not have control characters in it.`));
  }
}

function checkLauncher({ key, launcher, hosts }: Cluster, pointer: string, { file, issues }: Context): boolean {
  if (launcher !== 'docker_run' || hosts.length <= 1) return true;
  const message = `Cluster ${key} has ${hosts.length} hosts, and docker_run takes one. Make a cluster for each host, or use launch_cluster.`;
  issues.push(issueAt(file, pointer, 'too_many_hosts', message));
  return false;
}

/** Two clusters on one GPU would stop each other's models. */
function reportSharedHosts(clusters: readonly Cluster[], { file, issues }: Context): void {
  const owners = new Map<string, string>();
  for (const { key, hosts } of clusters) {
    for (const [index, host] of hosts.entries()) {
      const owner = owners.get(host.key);
      const where = owner === key ? 'twice in this cluster' : `in cluster ${owner} already`;
      if (owner !== undefined)
        issues.push(issueAt(file, `/clusters/${key}/hosts/${index}`, 'shared_host', `Host ${host.key} is ${where}.`));
      owners.set(host.key, key);
    }
  }
}

function reportUnusedHosts(clusters: readonly Cluster[], hosts: ReadonlyMap<string, Host>, { warnings, file }: Context): void {
  const used = new Set(clusters.flatMap((cluster) => cluster.hosts.map((host) => String(host.key))));
  const unused = [...hosts.keys()].filter((key) => !used.has(key));
  if (unused.length > 0) warnings.push(`${file.path}: no cluster uses ${unused.join(', ')}.`);
}

/** Makes a function that turns a key file of a configuration into an absolute path. */
export const keyFileResolver =
  (home: string, base: string) =>
  (path: string): string =>
    path === '~' || path.startsWith('~/') ? home + path.slice(1) : resolve(base, path);
