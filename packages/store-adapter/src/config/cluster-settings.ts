import { type Cluster, clusterKey, DEFAULT_HF_CACHE, type Host, hostKey, isImageReference, type LauncherKind } from '@spark-control/core';
import type { EnvReader } from './env-reader.ts';

/** What a cluster gets where the files say nothing, from the environment. */
export type ClusterDefaults = Readonly<{
  launcher: Exclude<LauncherKind, 'simulated'>;
  port: number;
  container: string;
  /** `null`: the launcher's own default. */
  image: string | null;
  launcherDirectory: string;
  modelRoots: readonly string[];
}>;

const DEFAULT_IMAGES = { launch_cluster: 'vllm-node', docker_run: 'vllm/vllm-openai:latest' } as const;
export const DEFAULT_MODEL_ROOTS: readonly string[] = ['/models', '/srv/models'];

/** Fields of a cluster for which a variable stands where the file does not say them. */
export const CLUSTER_VARIABLES: Readonly<Record<string, string>> = {
  launcher: 'LAUNCHER',
  port: 'VLLM_PORT',
  container: 'VLLM_CONTAINER',
  image: 'VLLM_IMAGE',
  launcher_directory: 'LAUNCHER_DIR',
  model_roots: 'MODEL_ROOTS',
};

const CONTAINER = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;
const PATH_ON_HOST = /^(?:\/|~\/|~$)/;
const LABEL = '[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?';
const HOST_NAME = new RegExp(`^${LABEL}(?:\\.${LABEL})*\\.?$`);
const IPV6 = /^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:%[A-Za-z0-9_.-]+)?$/;

/** A DNS name or an IP address; no user, scheme, port or brackets. */
export const isAddress = (text: string): boolean => text.length <= 253 && (HOST_NAME.test(text) || IPV6.test(text));
export const ADDRESS_WANTED = 'a DNS name or an IP address, without user, port or http://';

export function clusterDefaults(env: EnvReader): ClusterDefaults {
  const image = env.text('VLLM_IMAGE');
  if (image !== null && !isImageReference(image)) env.fault('VLLM_IMAGE', 'VLLM_IMAGE has to be a Docker image such as vllm-node.');
  return {
    launcher: env.choice('LAUNCHER', ['launch_cluster', 'docker_run'], 'launch_cluster'),
    port: env.lenientPort('VLLM_PORT', 8888),
    container: env.matching('VLLM_CONTAINER', CONTAINER, 'a container name such as vllm_node') ?? 'vllm_node',
    image,
    launcherDirectory: env.matching('LAUNCHER_DIR', PATH_ON_HOST, 'a path that begins with / or ~/') ?? '~/spark-vllm-docker',
    modelRoots: rootsOf(env),
  };
}

function rootsOf(env: EnvReader): readonly string[] {
  const roots = env.list('MODEL_ROOTS');
  if (roots.some((root) => !root.startsWith('/'))) env.fault('MODEL_ROOTS', 'MODEL_ROOTS has to be absolute paths, separated by commas.');
  return roots.length === 0 ? DEFAULT_MODEL_ROOTS : roots;
}

export const imageFor = (launcher: ClusterDefaults['launcher'], image: string | null): string => image ?? DEFAULT_IMAGES[launcher];

export function clusterOf(key: string, hosts: readonly Host[], defaults: ClusterDefaults): Cluster {
  const { launcher, image, launcherDirectory, ...rest } = defaults;
  return {
    key: clusterKey(key),
    name: key,
    hosts,
    launcher,
    image: imageFor(launcher, image),
    launcherDirectory: launcher === 'launch_cluster' ? launcherDirectory : null,
    hfCache: DEFAULT_HF_CACHE,
    ...rest,
  };
}

/** The pair that stands in where no host is configured. */
export function simulatedCluster(defaults: ClusterDefaults): Cluster {
  const host = (key: string): Host => ({
    key: hostKey(key),
    name: `${key} (simulated)`,
    address: '127.0.0.1',
    sshPort: 22,
    user: 'simulated',
    identityFile: null,
    fingerprint: null,
    fabricAddress: null,
  });
  const cluster = clusterOf('default', [host('spark1'), host('spark2')], defaults);
  return { ...cluster, name: 'Simulated Sparks', launcher: 'simulated', launcherDirectory: null };
}
