import { type Cluster, clusterKey, type Host, hostKey } from '@spark-control/core';
import { IMAGES } from './image.ts';
import { type LinkProxy, startProxy } from './proxy.ts';
import { LAUNCHER_DIRECTORIES, type Rig } from './rig.ts';
import type { SparkHost } from './spark-host.ts';

/** How a test reaches one host: an address of this machine, behind which SSH and the model server's port can be disturbed apart. */
export type HostLink = Readonly<{ address: string; ssh: LinkProxy; http: LinkProxy; stop(): Promise<void> }>;

/** One address of 127.77.0.0/16 for each host, so that the model server keeps its port. */
export async function startHostLink(host: SparkHost, port = 8000): Promise<HostLink> {
  const address = host.address.replace(/^10/, '127');
  const ssh = await startProxy({ host: host.address, port: host.sshPort }, { host: address, port: 0 });
  const http = await startProxy({ host: host.address, port }, { host: address, port });
  return {
    address,
    ssh,
    http,
    async stop() {
      await Promise.all([ssh.stop(), http.stop()]);
    },
  };
}

/** The ways to run a model that every runtime test goes through. */
export type Installation = 'docker_run' | 'modern' | 'legacy';

export type ClusterOptions = Readonly<{
  installation: Installation;
  /** In the order of the rig's hosts; without them the hosts are reached directly. */
  links?: readonly HostLink[];
  /** Default: one for `docker_run`, otherwise all. */
  hosts?: number;
  key?: string;
}>;

/** The rig's hosts as a cluster of the core, ready to be given to an adapter. */
export function rigCluster(rig: Rig, options: ClusterOptions): Cluster {
  const { installation, links } = options;
  const isDockerRun = installation === 'docker_run';
  const taking = rig.hosts.slice(0, options.hosts ?? (isDockerRun ? 1 : rig.hosts.length));
  return {
    key: clusterKey(options.key ?? 'rig'),
    name: 'Rig',
    hosts: taking.map((host, index) => coreHost(rig, host, links?.[index])),
    launcher: isDockerRun ? 'docker_run' : 'launch_cluster',
    image: isDockerRun ? IMAGES.openai : installation === 'legacy' ? IMAGES.ray : IMAGES.node,
    container: isDockerRun ? 'vllm-gemma4' : 'vllm_node',
    port: 8000,
    launcherDirectory: isDockerRun ? null : LAUNCHER_DIRECTORIES[installation],
    hfCache: '~/.cache/huggingface',
    modelRoots: ['/home/spark/models'],
  };
}

function coreHost(rig: Rig, host: SparkHost, link: HostLink | undefined): Host {
  return {
    key: hostKey(host.name),
    name: host.name,
    address: link?.address ?? host.address,
    sshPort: link?.ssh.port ?? host.sshPort,
    user: host.user,
    identityFile: rig.clientKey,
    fingerprint: host.fingerprint,
    fabricAddress: host.address,
  };
}
