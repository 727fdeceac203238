import { type Cluster, type LaunchPlan, modelKey, silentLogger } from '@spark-control/core';
import {
  createSimulatedCluster,
  SIMULATED_SPARKS,
  type SimulatedCluster,
  type SimulatedClusterOptions,
  systemClock,
} from '../../src/index.ts';

export const GIB = 1024 ** 3;
export const NEVER = new AbortController().signal;

export const startCluster = (over: Partial<SimulatedClusterOptions> = {}): Promise<SimulatedCluster> =>
  createSimulatedCluster({ cluster: SIMULATED_SPARKS, clock: systemClock, logger: silentLogger, controllerId: 'control-plane', ...over });

export const aPlan = (cluster: Cluster, name: string, over: Partial<LaunchPlan> = {}): LaunchPlan => ({
  model: modelKey(name),
  servedModelName: name,
  image: cluster.image,
  args: [`acme/${name}`, '--served-model-name', name, '--gpu-memory-utilization', '0.8'],
  env: {},
  mounts: [],
  nodes: cluster.hosts.map((host) => host.key),
  port: cluster.port,
  container: cluster.container,
  weightsBytes: 4 * GIB,
  digest: `digest-${name}`,
  ...over,
});
