import type { Cluster, HostFence, HostProbe, ModelRuntime } from '@spark-control/core';
import { createSshCluster, type SshCluster } from '@spark-control/ssh-adapter';
import { realClock } from './clock.ts';
import { type ClusterOptions, rigCluster } from './cluster.ts';
import type { Rig } from './rig.ts';

/** The SSH adapter's parts for one cluster of the rig, wired as the server wires them. */
export type RigRuntime = Readonly<{
  cluster: Cluster;
  runtime: ModelRuntime;
  fence: HostFence;
  probe: HostProbe;
  /** The fence of the same hosts for another control plane, over connections of its own. */
  fenceOf(controllerId: string): HostFence;
  close(): Promise<void>;
}>;

export type RuntimeOptions = ClusterOptions & Readonly<{ secrets?: Readonly<Record<string, string>> }>;

export function rigRuntime(rig: Rig, options: RuntimeOptions): RigRuntime {
  const cluster = rigCluster(rig, options);
  const opened: SshCluster[] = [];
  const open = (controllerId: string): SshCluster => {
    const secrets = { read: (name: string) => options.secrets?.[name] ?? null };
    const part = createSshCluster({ cluster, controllerId, secrets, clock: realClock, random: Math.random });
    opened.push(part);
    return part;
  };
  const { runtime, fence, probe } = open('ctl_rig');
  return {
    cluster,
    runtime,
    fence,
    probe,
    fenceOf: (controllerId) => open(controllerId).fence,
    async close() {
      await Promise.all(opened.map((each) => each.close()));
    },
  };
}
