import { type ClusterOptions, type HostLink, type Installation, rigCluster } from './cluster.ts';
import { ControlPlane, type ModelEntry } from './control-plane.ts';
import { containersOn, type SeenContainer } from './hosts.ts';
import type { Rig } from './rig.ts';

/** How the fake vllm behaves in the swap suites: a load takes a second and a half, and `broken` runs out of memory. */
export const SCENE = {
  speed: 10,
  default: { loadSeconds: 15, stopSeconds: 3 },
  models: { 'org/broken': { loadSeconds: 10, fault: 'out_of_memory' } },
} as const;

/** The catalog of the swap suites; `nodes` as many as the cluster has hosts. */
export function sceneModels(nodes: number): Readonly<Record<string, ModelEntry>> {
  const flags = { 'gpu-memory-utilization': 0.5 };
  return {
    alpha: { name: 'Alpha', repo: 'org/alpha', nodes, weights_gib: 8, flags },
    beta: { name: 'Beta', repo: 'org/beta', nodes, weights_gib: 8, flags },
    broken: { name: 'Broken', repo: 'org/broken', nodes, weights_gib: 8, flags },
    imageless: { name: 'Without image', repo: 'org/alpha', nodes, image: 'nobody/has-this:1', flags },
    local: { name: 'From a folder', local_path: '/home/spark/models/mine', nodes, flags },
  };
}

export const INSTALLATIONS: Readonly<Record<Installation, string>> = {
  docker_run: 'docker run',
  modern: 'the launcher',
  legacy: 'the launcher of January 2026',
};

export function sceneControl(rig: Rig, installation: Installation, links?: readonly HostLink[]): ControlPlane {
  const options: ClusterOptions = links === undefined ? { installation } : { installation, links };
  const cluster = rigCluster(rig, options);
  return new ControlPlane(rig, [cluster], sceneModels(cluster.hosts.length));
}

/** Containers that run, over all hosts. */
export async function running(rig: Rig): Promise<readonly SeenContainer[]> {
  const all = await Promise.all(rig.hosts.map((host) => containersOn(host)));
  return all.flat().filter((container) => container.status === 'running');
}
