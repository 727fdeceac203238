import {
  type Clock,
  type Cluster,
  type HostFence,
  type HostProbe,
  type ImageStore,
  type Logger,
  type ModelRuntime,
  type SecretSource,
  SparkError,
  silentLogger,
  type WeightStore,
} from '@spark-control/core';
import { ClusterHosts } from './cluster-hosts.ts';
import { DockerRunRuntime } from './docker-run-runtime.ts';
import { SshHostFence } from './host-fence.ts';
import { LaunchClusterRuntime } from './launch-cluster-runtime.ts';
import { ShellPool } from './shell-pool.ts';
import { SshHostProbe } from './ssh-host-probe.ts';
import { SshImageStore } from './ssh-image-store.ts';
import { SshWeightStore } from './ssh-weight-store.ts';

export type SshClusterOptions = Readonly<{
  cluster: Cluster;
  /** Id of this control plane's data folder: a word of letters, digits, dots, dashes and underscores. */
  controllerId: string;
  secrets: SecretSource;
  clock: Clock;
  logger?: Logger;
  /** 0..1, for jitter. Default: none. */
  random?: () => number;
  /** Shared by all clusters, so that a host has one connection. Default: a pool of its own, closed with the cluster. */
  pool?: ShellPool;
  /** Value of SSH_AUTH_SOCK, for a pool of its own. */
  agentSocket?: string | null;
}>;

export type SshCluster = Readonly<{
  runtime: ModelRuntime;
  fence: HostFence;
  probe: HostProbe;
  weights: WeightStore;
  images: ImageStore;
  close: () => Promise<void>;
}>;

/** The adapters of one cluster of real hosts. A shared pool stays open at `close`. */
export function createSshCluster(options: SshClusterOptions): SshCluster {
  const { cluster, controllerId, secrets, clock, logger = silentLogger, random = () => 0, agentSocket = null } = options;
  const pool = options.pool ?? new ShellPool({ clock, logger, random, agentSocket });
  const hosts = new ClusterHosts(cluster, (host) => pool.shell(host));
  return {
    runtime: runtimeOf(hosts, secrets, clock),
    fence: new SshHostFence({
      cluster: cluster.key,
      controllerId,
      shells: hosts.all.map(({ shell }) => shell),
      pause: (signal) => clock.sleep(20 + random() * 200, signal),
    }),
    probe: new SshHostProbe(hosts),
    weights: new SshWeightStore(hosts, clock),
    images: new SshImageStore(hosts, clock),
    close: async () => {
      if (options.pool === undefined) await pool.close();
    },
  };
}

function runtimeOf(hosts: ClusterHosts, secrets: SecretSource, clock: Clock): ModelRuntime {
  const { launcher, key } = hosts.cluster;
  switch (launcher) {
    case 'launch_cluster':
      return new LaunchClusterRuntime(hosts, secrets, clock);
    case 'docker_run':
      return new DockerRunRuntime(hosts, secrets, clock);
    case 'simulated':
      throw new SparkError('INVALID_SETTINGS', `Cluster ${key} is simulated; it has no hosts to log in to.`);
    default:
      return launcher satisfies never;
  }
}
