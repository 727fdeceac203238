import type { FoundService } from './found-services.ts';
import type { InitCluster, InitHost } from './proposal.ts';

/** What looks the same with and without quotes to every YAML parser. */
const HARMLESS = /^(?!(?:true|false|yes|no|on|off|null|~)$)[A-Za-z~/][A-Za-z0-9_./~+-]*$/i;

/** JSON is YAML, so that a text in JSON's quotes is the same text here. */
const text = (value: string): string => (HARMLESS.test(value) ? value : JSON.stringify(value));

const INSTALLATION = {
  launch_cluster: 'Hosts under launch-cluster.sh: one model over all of them, or over the first.',
  docker_run: 'Plain "docker run": each host serves a model of its own.',
} as const;

/** A spark.yaml with its comments. */
export function sparkYaml(hosts: readonly InitHost[], clusters: readonly InitCluster[]): string {
  return `${[
    '# Hosts and clusters of Spark Control, written by "spark-control init". Change it as you like; it is read at the start.',
    '# All that may stand here, with what it means: config/spark.example.yaml and config/spark.schema.json of Spark Control.',
    '',
    'hosts:',
    ...hosts.flatMap(hostLines),
    '',
    `# ${INSTALLATION[clusters[0]?.launcher ?? 'launch_cluster']}`,
    'clusters:',
    ...clusters.flatMap(clusterLines),
    '',
    '# Where the dashboard and the API listen. The variables HOST and PORT go first.',
    'server:',
    '  host: 127.0.0.1 # 0.0.0.0 for the whole network',
    '  port: 9999',
    '  allowed_hosts: [] # further names under which you open the dashboard, for example [control.lan]',
  ].join('\n')}\n`;
}

function hostLines({ key, address, port, user, keyFile, fingerprint, discovery }: InitHost): readonly string[] {
  const fast = discovery?.fabric[0];
  return [
    `  ${key}:`,
    `    address: ${text(address)}`,
    ...(port === 22 ? [] : [`    port: ${port} # of SSH`]),
    `    user: ${text(user)}`,
    ...(keyFile === null ? ['    # key_file: left out, so that the SSH agent logs in'] : [`    key_file: ${text(keyFile)}`]),
    `    fingerprint: ${text(fingerprint)} # the host key; another one is never logged in to`,
    ...(fast === undefined ? [] : [`    fabric_address: ${text(fast.address)} # on ${fast.name}, ${fast.gigabits} Gbit/s`]),
  ];
}

function clusterLines(cluster: InitCluster): readonly string[] {
  const { key, hosts, launcher, launcherDirectory, image, container, port } = cluster;
  return [
    `  ${key}:`,
    `    hosts: [${hosts.join(', ')}]${hosts.length > 1 ? ' # head first' : ''}`,
    `    launcher: ${launcher}`,
    ...(launcherDirectory === null ? [] : [`    launcher_directory: ${text(launcherDirectory)} # on the head`]),
    `    image: ${text(image)}`,
    `    container: ${text(container)} # name of the container that serves`,
    `    port: ${port} # where the model answers, on the head`,
    '    # default_model: { model: KEY } # what the cluster goes back to by itself',
  ];
}

/** A services.yaml of what was found. */
export function servicesYaml(services: readonly FoundService[]): string {
  const entries = services.flatMap(({ key, kind, host, port, container }) => [
    `  ${key}:`,
    `    kind: ${kind}`,
    `    host: ${host}`,
    `    port: ${port}`,
    ...(container === null ? [] : [`    container: ${text(container)}`]),
  ]);
  return `${[
    '# Services beside the model servers, as "spark-control init" found them. Name one in DISABLED_SERVICES to hide it.',
    services.length === 0 ? 'services: {}' : 'services:',
    ...entries,
  ].join('\n')}\n`;
}
