import type { AccessStep, Clock, Cluster, Host, TrustStore } from '@spark-control/core';
import { ShellPool, SshHostAccess } from '@spark-control/ssh-adapter';
import { type Check, checkOf } from './check.ts';

/** Without the server its store is nobody's: only keys of the configuration count. */
const NO_PINS: TrustStore = { get: () => null, set: async () => undefined };

/** Tests the way to every host, directly and side by side. */
export async function hostChecks(
  clusters: readonly Cluster[],
  agentSocket: string | null,
  clock: Clock,
  signal: AbortSignal,
): Promise<readonly Check[]> {
  const pool = new ShellPool({ clock, agentSocket, pins: NO_PINS });
  const access = new SshHostAccess({ clusters, pool, trust: NO_PINS, clock });
  const hosts = new Map(clusters.flatMap((cluster) => cluster.hosts.map((host) => [host.key, host] as const)));
  try {
    const tested = [...hosts.values()].map(async (host) =>
      (await access.test(host.key, () => undefined, signal)).map((step) => ofStep(host, step)),
    );
    return (await Promise.all(tested)).flat();
  } finally {
    await pool.close();
  }
}

function ofStep({ key, fingerprint }: Host, { name, status, detail, hint }: AccessStep): Check {
  const say = checkOf(`host ${name}`, key);
  if (name !== 'host_key' || status !== 'fail' || fingerprint !== null) return say(status, detail, hint);
  // A key that was trusted from the dashboard is in the store, which a look from outside must not open.
  return say('warn', `${detail} If it was trusted from the dashboard, "sparkctl doctor" tests it through the running server.`, hint);
}
