import type { ClusterKey, HostKey } from '../ids.ts';

/** A GPU box. How to log in is here too, because the connectivity test and the hosts page are about just that. */
export type Host = Readonly<{
  key: HostKey;
  /** What people read, for example `spark-1`. */
  name: string;
  /** DNS name or IP address: for SSH and for the model server's HTTP port. */
  address: string;
  sshPort: number;
  user: string;
  /** Key file on the control plane's machine; `null`: use the SSH agent. */
  identityFile: string | null;
  /** Pinned host key, `SHA256:...` as `ssh-keygen -lf` prints it; `null`: not trusted yet. */
  fingerprint: string | null;
  /** Address on the fast link between the hosts, for the launcher's node list; `null`: `address`. */
  fabricAddress: string | null;
}>;

export type LauncherKind = 'launch_cluster' | 'docker_run' | 'simulated';

/** One or more hosts that serve one model at a time. Each cluster has its own lock, queue and arbiter. */
export type Cluster = Readonly<{
  key: ClusterKey;
  name: string;
  /** Head first. A `docker_run` cluster has exactly one. */
  hosts: readonly Host[];
  launcher: LauncherKind;
  /** Image of models that name none. */
  image: string;
  /** Name of the container that serves, `vllm_node` or `vllm-gemma4` for example. */
  container: string;
  /** TCP port of the OpenAI API on the head. */
  port: number;
  /** Folder of `launch-cluster.sh` on the head; `null` for other launchers. */
  launcherDirectory: string | null;
  /** Hugging Face cache on the hosts; `~` is the login user's home. */
  hfCache: string;
  /** Roots below which a local-path model may lie. */
  modelRoots: readonly string[];
}>;

/** Base URL of the cluster's OpenAI API, without a trailing slash and without `/v1`. */
export function endpointOf(cluster: Cluster): string {
  const head = cluster.hosts[0];
  const address = head?.address ?? '127.0.0.1';
  return `http://${address.includes(':') ? `[${address}]` : address}:${cluster.port}`;
}

export function headOf(cluster: Cluster): Host {
  const head = cluster.hosts[0];
  if (head === undefined) throw new RangeError(`cluster ${cluster.key} has no host`);
  return head;
}
