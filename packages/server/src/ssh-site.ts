import type { Clock, Logger, TrustStore } from '@spark-control/core';
import type { Configuration } from '@spark-control/store-adapter';
import type { SparkControlOptions } from './create-spark-control.ts';
import type { Site } from './site.ts';

type Parts = Readonly<{ controllerId: string; trust: TrustStore; clock: Clock; logger: Logger }>;

/** The hosts of the configuration, over SSH. */
export async function sshSite(
  { clusters }: Configuration,
  options: SparkControlOptions,
  { controllerId, trust, ...tools }: Parts,
): Promise<Site> {
  // Loaded only where real hosts are: SSH is a good part of the start and of the memory of a server that simulates.
  const { createSshCluster, ShellPool, SshHostAccess, SshHostMaintenance, SshNimHost, SshServiceHost } = await import(
    '@spark-control/ssh-adapter'
  );
  const env = options.env ?? {};
  const pool = new ShellPool({ ...tools, agentSocket: env['SSH_AUTH_SOCK'] ?? null, pins: trust });
  const secrets = { read: (name: string) => env[name] ?? null };
  const joined = clusters.map((cluster) => ({ cluster, ssh: createSshCluster({ cluster, controllerId, secrets, pool, ...tools }) }));
  return {
    clusters: joined.map(({ cluster, ssh }) => ({ cluster, ports: ssh, weights: ssh.weights, images: ssh.images })),
    access: new SshHostAccess({ clusters, pool, trust, clock: tools.clock }),
    maintenance: new SshHostMaintenance({ clusters, pool, clock: tools.clock }),
    nim: new SshNimHost({ clusters, pool, clock: tools.clock }),
    services: { host: new SshServiceHost({ clusters, pool }), probe: (real) => real, vectorUrl: null },
    isSimulated: false,
    simulations: [],
    async close() {
      await Promise.all(joined.map(({ ssh }) => ssh.close()));
      await pool.close();
    },
  };
}
