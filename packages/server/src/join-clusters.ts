import { join } from 'node:path';
import type { Clock, Cluster, ClusterPorts, Logger, ServiceControl } from '@spark-control/core';
import type { FakeVllmProfile, SimulatedCluster } from '@spark-control/simulator';
import type { Configuration } from '@spark-control/store-adapter';
import type { SparkControlOptions } from './create-spark-control.ts';

export type SimulationOptions = Readonly<{
  /** Simulated seconds in one second. Default 1. */
  speed?: number;
  /** How models behave, by key or served name. What is left out follows from the size of the weights. */
  profiles?: Readonly<Record<string, Partial<FakeVllmProfile>>>;
}>;

export type JoinedClusters = Readonly<{
  clusters: readonly Readonly<{ cluster: Cluster; ports: ClusterPorts }>[];
  isSimulated: boolean;
  simulations: readonly SimulatedCluster[];
  /** `null`: the services beside the model servers cannot be reached from here. */
  services: ServiceControl | null;
  close(): Promise<void>;
}>;

type Tools = Readonly<{ clock: Clock; logger: Logger }>;

/** Gives every cluster its ports: the embedder's own, simulated ones, or real hosts over SSH. */
export async function joinClusters(
  configuration: Configuration,
  controllerId: string,
  options: SparkControlOptions,
  tools: Tools,
): Promise<JoinedClusters> {
  if (options.clusters !== undefined) {
    const clusters = typeof options.clusters === 'function' ? await options.clusters(controllerId) : options.clusters;
    return { clusters, isSimulated: false, simulations: [], services: null, close: async () => undefined };
  }
  return configuration.simulated
    ? simulate(configuration, controllerId, options, tools)
    : connect(configuration, controllerId, options, tools);
}

async function simulate(
  configuration: Configuration,
  controllerId: string,
  options: SparkControlOptions,
  tools: Tools,
): Promise<JoinedClusters> {
  const { createSimulatedCluster } = await import('@spark-control/simulator');
  const simulations: SimulatedCluster[] = [];
  for (const cluster of configuration.clusters) {
    const stateFile = join(options.dataFolder, `simulated-${cluster.key}.json`);
    simulations.push(await createSimulatedCluster({ cluster, controllerId, stateFile, ...tools, ...options.simulation }));
  }
  return {
    clusters: simulations.map((simulated) => ({ cluster: simulated.cluster, ports: simulated })),
    isSimulated: true,
    simulations,
    services: null,
    close: async () => void (await Promise.all(simulations.map((simulated) => simulated.close()))),
  };
}

async function connect(
  configuration: Configuration,
  controllerId: string,
  options: SparkControlOptions,
  tools: Tools,
): Promise<JoinedClusters> {
  // Loaded only where real hosts are: SSH is a good part of the start and of the memory of a server that simulates.
  const { createSshCluster, ShellPool, SshServices } = await import('@spark-control/ssh-adapter');
  const env = options.env ?? {};
  const pool = new ShellPool({ ...tools, agentSocket: env['SSH_AUTH_SOCK'] ?? null });
  const secrets = { read: (name: string) => env[name] ?? null };
  const joined = configuration.clusters.map((cluster) => ({
    cluster,
    ssh: createSshCluster({ cluster, controllerId, secrets, pool, ...tools }),
  }));
  return {
    clusters: joined.map(({ cluster, ssh }) => ({ cluster, ports: ssh })),
    isSimulated: false,
    simulations: [],
    services: new SshServices({ services: configuration.services, clusters: configuration.clusters, pool }),
    async close() {
      await Promise.all(joined.map(({ ssh }) => ssh.close()));
      await pool.close();
    },
  };
}
