import { join } from 'node:path';
import type { Clock, Cluster, ClusterPorts, Logger, ServiceHost, ServiceProbe } from '@spark-control/core';
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
  services: JoinedServices;
  close(): Promise<void>;
}>;

/** The services beside the model servers. */
export type JoinedServices = Readonly<{
  /** `null`: there is no login to where they run. */
  host: ServiceHost | null;
  /** Who asks them. `real` asks over HTTP; `running` are the ids of the models that serve now. */
  probe(real: ServiceProbe, running: () => readonly string[]): ServiceProbe;
}>;

type Tools = Readonly<{ clock: Clock; logger: Logger }>;

const REAL_PROBE: JoinedServices['probe'] = (real) => real;

/** Gives every cluster its ports: the embedder's own, simulated ones, or real hosts over SSH. */
export async function joinClusters(
  configuration: Configuration,
  controllerId: string,
  options: SparkControlOptions,
  tools: Tools,
): Promise<JoinedClusters> {
  if (options.clusters !== undefined) {
    const clusters = typeof options.clusters === 'function' ? await options.clusters(controllerId) : options.clusters;
    const services = { host: null, probe: REAL_PROBE };
    return { clusters, isSimulated: false, simulations: [], services, close: async () => undefined };
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
  const { createSimulatedCluster, SimulatedServiceHost, SimulatedServiceProbe } = await import('@spark-control/simulator');
  const simulations: SimulatedCluster[] = [];
  for (const cluster of configuration.clusters) {
    const stateFile = join(options.dataFolder, `simulated-${cluster.key}.json`);
    simulations.push(await createSimulatedCluster({ cluster, controllerId, stateFile, ...tools, ...options.simulation }));
  }
  const { speed = 1 } = options.simulation ?? {};
  const host = new SimulatedServiceHost({ clusters: simulations.map(({ cluster }) => cluster), clock: tools.clock, speed });
  return {
    clusters: simulations.map((simulated) => ({ cluster: simulated.cluster, ports: simulated })),
    isSimulated: true,
    simulations,
    services: { host, probe: (elsewhere, running) => new SimulatedServiceProbe({ host, elsewhere, clock: tools.clock, running }) },
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
  const { createSshCluster, ShellPool, SshServiceHost } = await import('@spark-control/ssh-adapter');
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
    services: { host: new SshServiceHost({ clusters: configuration.clusters, pool }), probe: REAL_PROBE },
    async close() {
      await Promise.all(joined.map(({ ssh }) => ssh.close()));
      await pool.close();
    },
  };
}
