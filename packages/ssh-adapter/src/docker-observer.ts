import { type Cluster, type HostKey, type HostObservation, isSparkError, type ObservedContainer, shellQuote } from '@spark-control/core';
import { type ModelProcess, PROCESS_SECTION, parseModelProcesses } from './model-processes.ts';
import { parkedMark, parseParkedName } from './parked-name.ts';
import { INSPECT_FORMAT, type InspectedContainer, identityOf, parseInspected } from './parse-containers.ts';
import { parseMeminfo } from './parse-meminfo.ts';
import { describePortOwner, type PortState, parsePortSection, portSection } from './port-section.ts';
import { knownOutcome, type RemoteShell } from './remote-shell.ts';
import { section, sectionsOf } from './script-text.ts';

/** A container that matters, with what only this package needs to know of it. */
export type SeenContainer = ObservedContainer &
  Readonly<{ processes: readonly ModelProcess[]; isAutoRemoved: boolean; parkedAs: string | null }>;

export type SeenHost = Readonly<
  | { host: HostKey; reachable: true; containers: readonly SeenContainer[]; portOwner: string | null; memAvailableBytes: number }
  | { host: HostKey; reachable: false; code: string; reason: string; error: unknown }
>;

/** A host that is busy loading may take its time. */
const LIMIT_MS = 20_000;

/** Looks at one host of a cluster: its containers, their model processes, the port and the memory, in one round trip. */
export class DockerObserver {
  readonly #cluster: Cluster;
  readonly #script: string;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#script = observeScript(cluster);
  }

  /** Never rejects for an unreachable host; rejects with `signal.reason` on abort. */
  async look(host: HostKey, shell: RemoteShell, signal: AbortSignal, limitMs = LIMIT_MS): Promise<SeenHost> {
    try {
      const result = knownOutcome(shell, await shell.run(this.#script, { timeoutMs: limitMs, signal }), 'looking at its containers');
      return this.#parse(host, result.stdout);
    } catch (error) {
      signal.throwIfAborted();
      if (!isSparkError(error)) throw error;
      return { host, reachable: false, code: error.code, reason: error.message, error };
    }
  }

  #parse(host: HostKey, stdout: string): SeenHost {
    const sections = sectionsOf(stdout);
    const inspect = sections.get('containers');
    const memory = parseMeminfo(sections.get('memory') ?? '').get('MemAvailable');
    if (inspect === undefined || memory === undefined || !sections.has('end')) {
      const reason = sections.has('no_docker')
        ? 'Docker does not answer to the login user on this host'
        : 'the host gave no complete answer';
      return { host, reachable: false, code: 'RUNTIME_REJECTED', reason: `${reason}.`, error: null };
    }
    const all = parseInspected(inspect);
    const processes = parseModelProcesses(sections.get('processes') ?? '');
    const port = parsePortSection(sections.get('port') ?? 'ss failed');
    const containers = all.flatMap((container) => this.#relevant(host, container, processes, port));
    const serving = containers.filter(({ state, parked }) => state === 'running' && !parked).map(({ name }) => name);
    const publishing = all.filter(({ publishedPorts }) => publishedPorts.includes(this.#cluster.port)).map(({ name }) => name);
    return {
      host,
      reachable: true,
      containers,
      portOwner: describePortOwner(port, all, [...publishing, ...serving]),
      memAvailableBytes: memory,
    };
  }

  #relevant(
    host: HostKey,
    container: InspectedContainer,
    allProcesses: readonly ModelProcess[],
    port: PortState,
  ): readonly SeenContainer[] {
    const processes = allProcesses.filter(({ containerId }) => containerId === container.id);
    const identity = identityOf(container.labels, this.#cluster.key);
    const parkedAs = parseParkedName(container.name, this.#cluster.key)?.original ?? null;
    const isHead = host === this.#cluster.hosts[0]?.key;
    const isNamed = container.name === this.#cluster.container;
    if (identity === null && parkedAs === null && !isNamed && !this.#isInTheWay(container, processes, port, isHead)) return [];
    const state = stateOf(container.status, processes, isHead);
    const endsWithServer = processes.some(({ kind, innerPid }) => kind === 'server' && innerPid === 1);
    const isRay = processes.some(({ kind }) => kind === 'ray');
    return [
      {
        ...{ host, id: container.id, name: container.name, image: container.image, state, identity, parked: parkedAs !== null },
        // A Ray cluster cannot be put together again from the outside.
        restorable: !isRay && !(container.isAutoRemoved && endsWithServer),
        startedAt: container.startedAt,
        exitCode: container.exitCode,
        ...{ processes, isAutoRemoved: container.isAutoRemoved, parkedAs },
      },
    ];
  }

  /**
   * Another model server on our port of the head, or about to open it: vLLM listens only after it has loaded. On the other
   * hosts only the ranks of one that spans hosts: what serves there by itself is none of this cluster's business.
   */
  #isInTheWay(container: InspectedContainer, processes: readonly ModelProcess[], port: PortState, isHead: boolean): boolean {
    if (!isHead) return processes.some((process) => process.kind === 'server' && process.port === null);
    if (port.holders.some(({ containerId }) => containerId === container.id)) return true;
    const servers = processes.filter(({ kind }) => kind === 'server');
    if (servers.length === 0) return false;
    if (container.publishedPorts.length > 0) return container.publishedPorts.includes(this.#cluster.port);
    return servers.some((server) => server.port === null || server.port === this.#cluster.port);
  }
}

function stateOf(status: string, processes: readonly ModelProcess[], isHead: boolean): ObservedContainer['state'] {
  switch (status) {
    case 'created':
      return 'starting';
    case 'running':
      return processes.some(({ kind }) => kind !== 'ray' || !isHead) ? 'running' : 'unhealthy';
    case 'removing':
      return 'stopping';
    case 'exited':
    case 'dead':
      return 'absent';
    default:
      return 'unhealthy';
  }
}

/** Docker is asked twice: which containers there are, and all about those that run or bear our name, label or mark. */
function observeScript(cluster: Cluster): string {
  const name = shellQuote(cluster.container);
  return `${section('memory')}
cat /proc/meminfo
spark_list=$(timeout 10 docker ps -a --no-trunc --format '{{.ID}}|{{.State}}|{{.Label "spark-control.cluster"}}|{{.Names}}' 2>/dev/null </dev/null) || { ${section('no_docker')}; exit 0; }
spark_ids=
while IFS='|' read -r spark_id spark_state spark_label spark_names; do
  spark_pick=
  case $spark_state in running|paused|restarting|removing) spark_pick=1 ;; esac
  [ "$spark_label" != ${cluster.key} ] || spark_pick=1
  case ",$spark_names," in *,${name},*|*${shellQuote(parkedMark(cluster.key))}*) spark_pick=1 ;; esac
  [ -z "$spark_pick" ] || spark_ids="$spark_ids $spark_id"
done <<SPARK_END
$spark_list
SPARK_END
${section('containers')}
[ -z "$spark_ids" ] || timeout 10 docker inspect --format '${INSPECT_FORMAT}' $spark_ids 2>/dev/null
${section('processes')}
${PROCESS_SECTION}
${section('port')}
${portSection(cluster.port)}
${section('end')}`;
}

/** Reduces what this package knows to what the port promises. */
export function asObservation(seen: SeenHost): HostObservation {
  if (!seen.reachable) return { host: seen.host, reachable: false, code: seen.code, reason: seen.reason };
  const containers = seen.containers.map(({ processes: _p, isAutoRemoved: _a, parkedAs: _k, ...container }) => container);
  return { ...seen, containers };
}
