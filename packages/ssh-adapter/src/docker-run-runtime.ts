import { type Clock, dockerRunCommand, envAssignments, type SecretSource, shellJoin } from '@spark-control/core';
import type { ClusterHosts } from './cluster-hosts.ts';
import { SshRuntime } from './ssh-runtime.ts';

/** Model servers started by a plain `docker run` on one host. */
export class DockerRunRuntime extends SshRuntime {
  constructor(hosts: ClusterHosts, secrets: SecretSource, clock: Clock) {
    super(hosts, clock, (plan, claim, signal) => ({
      failure: 'RUNTIME_REJECTED',
      what: 'docker run',
      prepare: async () => {
        const home = await hosts.home(signal);
        const { argv } = dockerRunCommand(plan, claim, { hfCache: hosts.cluster.hfCache, home });
        // The environment goes from this script into `docker run -e NAME`: a value would stand in the process list otherwise.
        const script = `${envAssignments(plan, (name) => secrets.read(name))}exec ${shellJoin(argv)}\n`;
        return { script, files: {} };
      },
    }));
  }
}
