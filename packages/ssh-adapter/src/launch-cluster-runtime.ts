import type { Clock, SecretSource } from '@spark-control/core';
import type { ClusterHosts } from './cluster-hosts.ts';
import { findLauncher, launcherJob } from './launcher-script.ts';
import { SshRuntime } from './ssh-runtime.ts';

/** Model servers started by eugr's `launch-cluster.sh`, of either generation: which one is on the head is asked before each launch. */
export class LaunchClusterRuntime extends SshRuntime {
  constructor(hosts: ClusterHosts, secrets: SecretSource, clock: Clock) {
    super(hosts, clock, (plan, claim, signal) => ({
      failure: 'LAUNCHER_FAILED',
      what: 'launch-cluster.sh',
      prepare: async () => {
        const [launcher, home] = [await findLauncher(hosts, signal), await hosts.home(signal)];
        return launcherJob({ plan, claim, cluster: hosts.cluster, launcher, home, secrets: (name) => secrets.read(name) });
      },
    }));
  }
}
