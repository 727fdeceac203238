import {
  type Clock,
  type Cluster,
  clusterKey,
  endpointOf,
  type Host,
  type HostAccess,
  type HostFence,
  type HostMaintenance,
  type HostProbe,
  hostKey,
  type ImageStore,
  type Logger,
  type ModelRuntime,
  type TrustStore,
  type WeightStore,
} from '@spark-control/core';
import type { FakeVllmProfile } from '../fake-vllm/profile.ts';
import { choosePort } from './free-port.ts';
import { ForgetfulTrust, SimulatedAccess } from './simulated-access.ts';
import { SimulatedFence } from './simulated-fence.ts';
import { SimulatedHost } from './simulated-host.ts';
import { SimulatedImages } from './simulated-images.ts';
import { SimulatedMaintenance } from './simulated-maintenance.ts';
import { SimulatedProbe } from './simulated-probe.ts';
import { SimulatedRuntime } from './simulated-runtime.ts';
import { SimulatedWeights } from './simulated-weights.ts';
import { SimulationControl } from './simulation-control.ts';
import { readState, restoreHost, writeState } from './state-file.ts';
import { World } from './world.ts';

const LOOPBACK = '127.0.0.1';

const simulatedHost = (name: string): Host => ({
  key: hostKey(name),
  name,
  address: LOOPBACK,
  sshPort: 22,
  user: 'simulated',
  identityFile: null,
  fingerprint: null,
  fabricAddress: null,
});

/** Two Sparks for those who have none. */
export const SIMULATED_SPARKS: Cluster = {
  key: clusterKey('sparks'),
  name: 'Two simulated Sparks',
  hosts: [simulatedHost('spark-1'), simulatedHost('spark-2')],
  launcher: 'simulated',
  image: 'vllm-node',
  container: 'vllm_node',
  port: 8000,
  launcherDirectory: null,
  hfCache: '~/.cache/huggingface',
  modelRoots: ['/models'],
};

export type SimulatedClusterOptions = Readonly<{
  cluster: Cluster;
  clock: Clock;
  logger: Logger;
  /** Id of this control plane's data folder, for its claims. */
  controllerId: string;
  /** Simulated seconds in one second. Default 1. */
  speed?: number;
  /** Where the state of the hosts outlives this process; without it, it does not. */
  stateFile?: string;
  /** How models behave, by key, repo, path or served name. What is left out follows from the size of the weights. */
  profiles?: Readonly<Record<string, Partial<FakeVllmProfile>>>;
  /** Bytes of the weights of a repo or path, where the catalog knows them. Default: nobody knows. */
  sizeOf?: (name: string) => number | null;
  /** Pins of host keys. Default: they are forgotten with the cluster. */
  trust?: TrustStore;
  /** From 0 to below 1. Default: `Math.random`. */
  random?: () => number;
}>;

export type SimulatedCluster = Readonly<{
  /** The cluster to use: as asked, with the address and the port where its model server really listens. */
  cluster: Cluster;
  runtime: ModelRuntime;
  fence: HostFence;
  probe: HostProbe;
  weights: WeightStore;
  images: ImageStore;
  access: HostAccess;
  maintenance: HostMaintenance;
  control: SimulationControl;
  /** The fence as another control plane would claim it. */
  fenceOf(controllerId: string): HostFence;
  endpointBaseUrl(): string;
  /** Ends every model server and leaves no handle. With a state file they come back at the next start. */
  close(): Promise<void>;
}>;

/** Builds simulated Sparks inside this process. */
export async function createSimulatedCluster(options: SimulatedClusterOptions): Promise<SimulatedCluster> {
  const { clock, logger, controllerId, stateFile, speed = 1, random = Math.random, trust = new ForgetfulTrust() } = options;
  const saved = stateFile === undefined ? null : readState(stateFile, logger);
  const port = await choosePort(saved?.port ?? null, LOOPBACK, random);
  const hosts = options.cluster.hosts.map((host): Host => ({ ...host, address: LOOPBACK }));
  const cluster: Cluster = { ...options.cluster, hosts, launcher: 'simulated', port };
  const world = new World({ clock, speed, random, address: LOOPBACK });
  const simulated = hosts.map((host) => new SimulatedHost(host, world, (name) => control.weightsOf(name)));
  const control: SimulationControl = new SimulationControl(cluster, simulated, options.profiles ?? {}, options.sizeOf);
  const closed = new AbortController();
  const save = (): void => {
    if (stateFile !== undefined && !closed.signal.aborted) writeState(stateFile, port, simulated, logger);
  };
  for (const host of simulated) {
    const before = saved?.hosts[host.host.key];
    if (saved != null && before !== undefined) await restoreHost(host, before, saved.port, port);
  }
  world.onSave(save);
  const fenceOf = (controller: string): HostFence =>
    new SimulatedFence({ cluster: cluster.key, controllerId: controller, hosts: simulated });
  return {
    cluster,
    runtime: new SimulatedRuntime({
      cluster,
      hosts: simulated,
      world,
      profileFor: (plan) => control.profileFor(plan),
      closed: closed.signal,
    }),
    fence: fenceOf(controllerId),
    probe: new SimulatedProbe({ hosts: simulated, port }),
    weights: new SimulatedWeights({
      cluster,
      hosts: simulated,
      weightsOf: (name) => control.weightsOf(name),
      knownNames: () => control.knownNames(),
      refusalOf: (repo) => control.refusalOf(repo),
    }),
    images: new SimulatedImages({ hosts: simulated, refusalOf: (image) => control.refusalOf(image) }),
    access: new SimulatedAccess({ cluster, hosts: simulated, trust, clock }),
    maintenance: new SimulatedMaintenance(simulated),
    control,
    fenceOf,
    endpointBaseUrl: () => endpointOf(cluster),
    close: async () => {
      if (closed.signal.aborted) return;
      save();
      closed.abort();
      await control.occupyPort(null);
      const containers = simulated.flatMap((host) => [...host.containers.values()]);
      await Promise.all(containers.map((container) => container.freeze()));
    },
  };
}
