import type { Cluster, DefaultModelRule, Host, Plain } from '@spark-control/core';
import { CLUSTER_VARIABLES } from './cluster-settings.ts';
import type { EnvReader } from './env-reader.ts';
import type { Topology } from './read-topology.ts';
import { descriptionOf, type ReadSetting } from './setting-reader.ts';
import type { YamlFile } from './yaml-file.ts';

export type TopologyFacts = Pick<Topology, 'clusters' | 'hostsOf'> &
  Readonly<{
    defaultModels: readonly DefaultModelRule[];
    /** `null`: there is none. */
    file: YamlFile | null;
    env: EnvReader;
  }>;

/** What hosts and clusters are, setting by setting. Simulated ones are nobody's setting. */
export function topologySettings({ clusters, hostsOf, defaultModels, file, env }: TopologyFacts): readonly ReadSetting[] {
  const hosts = new Map(clusters.flatMap((cluster) => cluster.hosts.map((host) => [host.key, host] as const)));
  const named = hostsOf === 'nowhere' ? [] : [...hosts.values()];
  return [
    ...named.flatMap((host) => (hostsOf === 'environment' || file === null ? hostOfEnvironment(host, env) : hostOfFile(host, file))),
    ...clusters.flatMap((cluster) => clusterSettings(cluster, file, env)),
    ...defaultModels.flatMap((rule) => defaultModelSettings(rule, file)),
  ];
}

const hostFields = (host: Host): Readonly<Record<string, Plain>> => ({
  name: host.name,
  address: host.address,
  port: host.sshPort,
  user: host.user,
  key_file: host.identityFile,
  fingerprint: host.fingerprint,
  fabric_address: host.fabricAddress,
});

function hostOfFile(host: Host, file: YamlFile): readonly ReadSetting[] {
  return Object.entries(hostFields(host)).map(([field, value]) => {
    const path = `/hosts/${host.key}/${field}`;
    const isGiven = file.has(path) || file.has(`/ssh/${field}`);
    return settingOf(path, value, isGiven ? 'file' : 'default', null);
  });
}

const HOST_VARIABLES: Readonly<Record<string, string>> = {
  address: 'HOST',
  port: 'PORT',
  user: 'USER',
  key_file: 'KEY_FILE',
  fingerprint: 'FINGERPRINT',
  fabric_address: 'FABRIC_ADDRESS',
};

/** Hosts of the environment are the environment's: with one of them in the file, none of the environment would count. */
function hostOfEnvironment(host: Host, env: EnvReader): readonly ReadSetting[] {
  return Object.entries(hostFields(host)).map(([field, value]) => {
    const own = `${host.key.toUpperCase()}_${HOST_VARIABLES[field] ?? 'HOST'}`;
    const lent = field === 'user' || field === 'key_file' ? own.replace(/^SPARK\d/, 'SPARK1') : own;
    const variable = env.text(own) === null ? lent : own;
    const isGiven = HOST_VARIABLES[field] !== undefined && env.text(variable) !== null;
    return { ...settingOf(`/hosts/${host.key}/${field}`, value, isGiven ? 'environment' : 'default', variable), isDecided: true };
  });
}

function clusterSettings(cluster: Cluster, file: YamlFile | null, env: EnvReader): readonly ReadSetting[] {
  const fields: Readonly<Record<string, Plain>> = {
    name: cluster.name,
    hosts: cluster.hosts.map(({ key }) => key),
    launcher: cluster.launcher,
    port: cluster.port,
    container: cluster.container,
    image: cluster.image,
    launcher_directory: cluster.launcherDirectory,
    hf_cache: cluster.hfCache,
    model_roots: cluster.modelRoots,
  };
  return Object.entries(fields).map(([field, value]) => {
    const path = `/clusters/${cluster.key}/${field}`;
    const variable = CLUSTER_VARIABLES[field] ?? null;
    if (file?.has(path)) return settingOf(path, value, 'file', variable);
    const isOfVariable = variable !== null && env.isUsed(variable);
    return settingOf(path, value, isOfVariable ? 'environment' : 'default', variable);
  });
}

function defaultModelSettings(rule: DefaultModelRule, file: YamlFile | null): readonly ReadSetting[] {
  const fields: Readonly<Record<string, Plain>> = {
    model: rule.model,
    after_lock_release: rule.afterLockRelease,
    after_idle_seconds: rule.afterIdleMs === null ? null : rule.afterIdleMs / 1_000,
    after_reboot: rule.afterReboot,
  };
  return Object.entries(fields).map(([field, value]) => {
    const path = `/clusters/${rule.cluster}/default_model/${field}`;
    return settingOf(path, value, file?.has(path) ? 'file' : 'default', null);
  });
}

const settingOf = (path: string, value: Plain, source: ReadSetting['source'], variable: string | null): ReadSetting => ({
  path,
  value,
  source,
  variable,
  secret: false,
  isDecided: false,
  description: descriptionOf(path),
});
