import { isImageReference } from '@spark-control/core';
import type { HostDiscovery } from '@spark-control/ssh-adapter';

/** A host as the wizard knows it. `discovery`: `null` when it was not looked at. */
export type InitHost = Readonly<{
  key: string;
  address: string;
  port: number;
  user: string;
  /** `null`: the SSH agent. */
  keyFile: string | null;
  fingerprint: string;
  discovery: HostDiscovery | null;
}>;

export type InitCluster = Readonly<{
  key: string;
  hosts: readonly string[];
  launcher: 'launch_cluster' | 'docker_run';
  launcherDirectory: string | null;
  image: string;
  container: string;
  port: number;
}>;

/** What was said on the command line; `null`: left to what is found. */
export type Wishes = Readonly<{
  launcher: 'launch_cluster' | 'docker_run' | null;
  launcherDirectory: string | null;
  port: number | null;
  container: string | null;
  image: string | null;
}>;

export type Proposal = Readonly<{ clusters: readonly InitCluster[]; reasons: readonly string[] }>;

const USUAL = {
  launch_cluster: { image: 'vllm-node', container: 'vllm_node', port: 8888 },
  docker_run: { image: 'vllm/vllm-openai:latest', container: 'vllm', port: 8000 },
} as const;
const USUAL_DIRECTORY = '~/spark-vllm-docker';
const MODEL_SERVER = /vllm/i;

/**
 * How the hosts belong together: under launch-cluster.sh they are one cluster (installation A), with plain `docker run` each is one
 * of its own (installation B). What runs there now decides names and ports.
 */
export function propose(hosts: readonly InitHost[], wishes: Wishes): Proposal {
  const head = hosts[0]?.discovery ?? null;
  const found = head?.launchers[0] ?? null;
  const hasLauncher = found !== null || wishes.launcherDirectory !== null;
  const launcher = wishes.launcher ?? (hasLauncher ? 'launch_cluster' : 'docker_run');
  const reasons = [launcherReason(launcher, found, wishes)];
  if (launcher === 'launch_cluster') {
    const directory = wishes.launcherDirectory ?? found ?? USUAL_DIRECTORY;
    return { clusters: [clusterOf('default', hosts, launcher, directory, wishes, reasons)], reasons };
  }
  const clusters = hosts.map((host, index) => clusterOf(index === 0 ? 'default' : host.key, [host], launcher, null, wishes, reasons));
  return { clusters, reasons };
}

function launcherReason(launcher: InitCluster['launcher'], found: string | null, wishes: Wishes): string {
  if (wishes.launcher !== null) return `${launcher}, as you said`;
  if (launcher === 'launch_cluster') return `launch_cluster, since launch-cluster.sh is in ${wishes.launcherDirectory ?? found}`;
  return 'docker_run, since no launch-cluster.sh was found on the first host: each host has a model of its own';
}

/** Docker shows an id where an image has lost its name to a newer one. */
function named(image: string | undefined): string | null {
  if (image === undefined || /^(?:sha256:)?[0-9a-f]{12,64}$/.test(image) || !isImageReference(image)) return null;
  return image;
}

function clusterOf(
  key: string,
  hosts: readonly InitHost[],
  launcher: InitCluster['launcher'],
  launcherDirectory: string | null,
  wishes: Wishes,
  reasons: string[],
): InitCluster {
  const usual = USUAL[launcher];
  const seen = hosts[0]?.discovery ?? null;
  const running = seen?.containers?.find(({ name, image }) => name === usual.container || MODEL_SERVER.test(image)) ?? null;
  const serving = seen?.serving.find(({ port }) => wishes.port === null || port === wishes.port) ?? null;
  if (running !== null) reasons.push(`${key}: the container ${running.name} (${running.image}) runs there now`);
  if (serving !== null) reasons.push(`${key}: ${serving.models.join(', ')} answers on port ${serving.port}`);
  return {
    key,
    hosts: hosts.map((host) => host.key),
    launcher,
    launcherDirectory,
    image: wishes.image ?? named(running?.image) ?? usual.image,
    container: wishes.container ?? running?.name ?? usual.container,
    port: wishes.port ?? serving?.port ?? running?.ports[0] ?? usual.port,
  };
}
