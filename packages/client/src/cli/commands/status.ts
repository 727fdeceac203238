import type { WireCluster, WireHost, WireStatus } from '@spark-control/schema';
import { defineCommand } from '../command.ts';
import { lockLine } from '../describe.ts';
import { EXIT } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import type { Painter } from '../output.ts';
import { gib, table, time } from '../text.ts';

export const status = defineCommand({
  name: 'status',
  summary: 'Show what serves, who holds the lock, which swap runs and how the hosts are',
  arguments: [],
  options: {},
  examples: [
    ['status', 'everything at a glance'],
    ['status --cluster default --json', 'one cluster, for a script'],
  ],
  async run({ out, signal, connect }) {
    const { client, settings } = connect();
    const all = await client.status({ signal });
    out.result(settings.cluster === null ? all : narrowed(all, settings.cluster), overviewOf);
    return EXIT.ok;
  },
});

function narrowed(all: WireStatus, cluster: string): WireStatus {
  const clusters = all.clusters.filter(({ key }) => key === cluster);
  if (clusters.length === 0) {
    throw new Failure(
      EXIT.notFound,
      'CLUSTER_NOT_FOUND',
      `there is no cluster "${cluster}"; there are: ${all.clusters.map(({ key }) => key).join(', ')}`,
    );
  }
  return {
    ...all,
    clusters,
    hosts: all.hosts.filter((host) => host.cluster === cluster),
    locks: all.locks.filter((lock) => lock.cluster === cluster),
    swaps: all.swaps.filter((swap) => swap.cluster === cluster),
  };
}

function overviewOf({ clusters, hosts, locks, swaps, simulated, version, catalog }: WireStatus, paint: Painter): string {
  const running = swaps.filter(({ settled }) => !settled);
  return [
    `Spark Control ${version}${simulated ? paint('yellow', ' on SIMULATED Sparks') : ''}`,
    ...(catalog.fault === null ? [] : [paint('red', `catalog: ${catalog.fault}`)]),
    table([['CLUSTER', 'SERVES', 'STATE', 'SINCE', 'ENDPOINT'], ...clusters.map(clusterRow)]),
    ...locks.map((lock) => `lock of ${lockLine(lock)}`),
    ...running.map(
      ({ id, cluster, model, phase, progress, requested_by }) =>
        `swap ${id} on ${cluster} to ${model ?? 'nothing'}: ${phase} ${Math.floor(progress.fraction * 100)}% (${requested_by})`,
    ),
    table([['HOST', 'REACHABLE', 'MEMORY FREE', 'GPU', 'WHY'], ...hosts.map((host) => hostRow(host))]),
  ].join('\n');
}

const clusterRow = ({ key, serving, state, healthy, since, endpoint }: WireCluster): readonly string[] => [
  key,
  serving ?? 'nothing',
  state === 'running' ? (healthy ? 'healthy' : 'not healthy') : state,
  time(since),
  endpoint,
];

const hostRow = ({ key, reachable, memory, gpu, reason }: WireHost): readonly string[] => [
  key,
  reachable === null ? 'not asked yet' : reachable ? 'yes' : 'no',
  gib(memory?.available_bytes ?? null),
  gpu?.utilization_percent == null ? '-' : `${gpu.utilization_percent}%`,
  reason ?? '',
];
