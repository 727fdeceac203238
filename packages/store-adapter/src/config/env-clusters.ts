import { type Cluster, type Host, hostKey } from '@spark-control/core';
import { ADDRESS_WANTED, type ClusterDefaults, clusterOf, isAddress } from './cluster-settings.ts';
import type { EnvReader } from './env-reader.ts';

const USER = /^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/;
const FINGERPRINT = /^SHA256:[A-Za-z0-9+/]{43}=?$/;

/** Hosts `spark1` and `spark2` of the environment, head first; empty when there is no SPARK1_HOST. */
export function hostsOfEnvironment(env: EnvReader, expandHome: (path: string) => string): readonly Host[] {
  const hosts: Host[] = [];
  for (const key of ['spark1', 'spark2']) {
    const prefix = key.toUpperCase();
    const address = env.text(`${prefix}_HOST`);
    if (address === null) {
      refuseOrphans(env, prefix);
      continue;
    }
    if (!isAddress(address)) env.fault(`${prefix}_HOST`, `${prefix}_HOST has to be ${ADDRESS_WANTED}.`);
    const own = (name: string): string => (env.text(`${prefix}_${name}`) === null ? `SPARK1_${name}` : `${prefix}_${name}`);
    const keyFile = env.text(own('KEY_FILE'));
    hosts.push({
      key: hostKey(key),
      name: key,
      address,
      sshPort: env.number(`${prefix}_PORT`, { isWhole: true, minimum: 1, maximum: 65_535 }, 22) ?? 22,
      user: env.matching(own('USER'), USER, 'a login name') ?? env.text('USER') ?? 'nvidia',
      identityFile: keyFile === null ? null : expandHome(keyFile),
      fingerprint: env.matching(`${prefix}_FINGERPRINT`, FINGERPRINT, 'SHA256: and 43 characters, as ssh-keygen -lf prints it'),
      fabricAddress: env.matching(`${prefix}_FABRIC_ADDRESS`, /^[0-9A-Za-z.:_-]+$/, ADDRESS_WANTED),
    });
  }
  if (hosts.length === 1 && hosts[0]?.key === 'spark2') env.fault('SPARK1_HOST', 'SPARK2_HOST is set but SPARK1_HOST is not.');
  return hosts;
}

const HOST_VARIABLES = ['USER', 'PORT', 'KEY_FILE', 'FINGERPRINT', 'FABRIC_ADDRESS'] as const;

/** A login without an address is a slip of the pen, and must not end in a simulation. */
function refuseOrphans(env: EnvReader, prefix: string): void {
  const orphan = HOST_VARIABLES.map((name) => `${prefix}_${name}`).find((name) => env.text(name) !== null);
  if (orphan !== undefined) env.fault(`${prefix}_HOST`, `${orphan} is set but ${prefix}_HOST is not.`);
  else if (env.isBlank(`${prefix}_HOST`)) env.warnings.push(`${prefix}_HOST is blank and counts as not set.`);
}

/** Clusters of the hosts that the environment names; empty without hosts. */
export function clustersOfEnvironment(hosts: readonly Host[], defaults: ClusterDefaults): readonly Cluster[] {
  if (hosts.length === 0) return [];
  if (defaults.launcher === 'launch_cluster') return [clusterOf('default', hosts, defaults)];
  // Plain docker run spans one host, so each has a model of its own.
  return hosts.map((host, index) => clusterOf(index === 0 ? 'default' : host.key, [host], defaults));
}
