import Type, { type Static } from 'typebox';
import { listOf, NullableBytes, NullableInteger, NullableNumber, NullableString, NullableTimestamp, Serving } from './common.ts';
import { LauncherKind } from './model.ts';

/** A cluster and what it does, as last observed at `observed_at`. */
export const Cluster = Type.Object({
  key: Type.String(),
  name: Type.String(),
  launcher: LauncherKind,
  /** Host keys, head first. */
  hosts: Type.Array(Type.String()),
  image: Type.String(),
  endpoint: Type.String({ description: 'Base URL of the OpenAI API, without /v1' }),
  serving: Serving,
  /** Of the model server process. It serves when `running` and `healthy`. */
  state: Type.Enum(['absent', 'starting', 'running', 'stopping', 'unhealthy', 'unknown']),
  healthy: Type.Boolean(),
  since: NullableTimestamp,
  served_model_name: NullableString,
  max_model_len: NullableInteger,
  container: NullableString,
  active_swap: NullableString,
  queued: Type.Array(Type.String()),
  drift: NullableString,
  observed_at: NullableTimestamp,
  unreachable: Type.Array(Type.Object({ host: Type.String(), reason: Type.String() })),
});

export const ClusterList = listOf(Cluster);

export const HostGpu = Type.Object({
  name: NullableString,
  driver: NullableString,
  utilization_percent: NullableNumber,
  temperature_c: NullableNumber,
  power_w: NullableNumber,
  sm_clock_mhz: NullableNumber,
  processes: Type.Array(Type.Object({ pid: Type.Integer(), name: Type.String(), used_bytes: NullableBytes })),
});

/** A host and its latest telemetry. `null` is "not reported", never zero. */
export const Host = Type.Object({
  key: Type.String(),
  name: Type.String(),
  cluster: Type.String(),
  role: Type.Enum(['head', 'worker']),
  address: Type.String(),
  ssh_port: Type.Integer(),
  user: Type.String(),
  fingerprint: NullableString,
  /** `null`: not asked yet. */
  reachable: Type.Unsafe<boolean | null>({ type: ['boolean', 'null'] }),
  /** Why it is not reachable. */
  code: NullableString,
  reason: NullableString,
  at: NullableTimestamp,
  memory: Type.Union([
    Type.Object({
      total_bytes: Type.Integer({ minimum: 0 }),
      available_bytes: Type.Integer({ minimum: 0 }),
      cached_bytes: Type.Integer({ minimum: 0 }),
      swap_free_bytes: NullableBytes,
      pressure_some_avg10: Type.Unsafe<number | null>({
        type: ['number', 'null'],
        description: 'Percent of the last ten seconds in which some process waited for memory',
      }),
    }),
    Type.Null(),
  ]),
  disk_free_bytes: NullableBytes,
  /** File systems by what they are for; several roles may be of one mount. */
  disks: Type.Array(
    Type.Object({
      role: Type.Enum(['root', 'boot', 'cache', 'docker']),
      mount: Type.String(),
      total_bytes: Type.Integer({ minimum: 0 }),
      free_bytes: Type.Integer({ minimum: 0 }),
    }),
  ),
  os: NullableString,
  kernel: NullableString,
  load: Type.Union([Type.Object({ average_1m: NullableNumber, cpus: NullableInteger }), Type.Null()]),
  uptime_seconds: NullableNumber,
  docker_version: NullableString,
  launcher: Type.Union([
    Type.Object({ path: Type.String(), generation: Type.Enum(['legacy', 'modern']), commit: NullableString }),
    Type.Null(),
  ]),
  port_owner: NullableString,
  gpu: Type.Union([HostGpu, Type.Null()]),
});

export const HostList = listOf(Host);

export type WireCluster = Static<typeof Cluster>;
export type WireClusterList = Static<typeof ClusterList>;
export type WireHost = Static<typeof Host>;
export type WireHostGpu = Static<typeof HostGpu>;
export type WireHostList = Static<typeof HostList>;
