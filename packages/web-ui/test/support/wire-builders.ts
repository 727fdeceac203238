import type {
  WireCluster,
  WireHost,
  WireModel,
  WireOperation,
  WirePreflightCheck,
  WirePreflightReport,
  WireStatus,
  WireSwap,
  WireSwapStep,
} from '@spark-control/schema';
import { aLock } from './coordination-builders.ts';
import { GIB, iso, NOON } from './instants.ts';

export { GIB, iso, NOON };

export const aModel = (key: string, change: Partial<WireModel> = {}): WireModel => ({
  key,
  name: key,
  description: null,
  source: 'catalog',
  badge: null,
  state: 'unloaded',
  nodes: 2,
  weights_bytes: 58 * GIB,
  clusters: ['default'],
  load_seconds: { p50: 220, p90: 260, samples: 7 },
  repo: `some-lab/${key}`,
  revision: null,
  local_path: null,
  launcher: null,
  image: null,
  served_model_name: key,
  flags: { 'max-model-len': 32_768, 'gpu-memory-utilization': 0.85 },
  extra_args: [],
  env: {},
  fits: null,
  disk: [],
  ...change,
});

export const aCluster = (change: Partial<WireCluster> = {}): WireCluster => ({
  key: 'default',
  name: 'Spark pair',
  launcher: 'simulated',
  hosts: ['spark-1', 'spark-2'],
  image: 'vllm:latest',
  endpoint: 'http://127.0.0.1:8888',
  serving: 'qwen3-32b',
  state: 'running',
  healthy: true,
  since: iso(NOON - 8_040_000),
  served_model_name: 'qwen3-32b',
  max_model_len: 32_768,
  container: 'vllm_node on spark-1',
  active_swap: null,
  queued: [],
  drift: null,
  observed_at: iso(NOON - 1_000),
  unreachable: [],
  ...change,
});

export const aHost = (key: string, change: Partial<WireHost> = {}): WireHost => ({
  key,
  name: key,
  cluster: 'default',
  role: key === 'spark-1' ? 'head' : 'worker',
  address: `10.0.0.${key.at(-1)}`,
  ssh_port: 22,
  user: 'spark',
  fingerprint: null,
  reachable: true,
  code: null,
  reason: null,
  at: iso(NOON - 1_000),
  memory: { total_bytes: 128 * GIB, available_bytes: 26 * GIB, cached_bytes: 4 * GIB, swap_free_bytes: null, pressure_some_avg10: 0 },
  disk_free_bytes: 812 * GIB,
  disks: [],
  os: null,
  kernel: null,
  load: null,
  uptime_seconds: 86_400,
  docker_version: '28.3.0',
  launcher: null,
  port_owner: null,
  gpu: {
    name: 'NVIDIA GB10',
    driver: '580.142',
    utilization_percent: 83,
    temperature_c: 61,
    power_w: 74,
    sm_clock_mhz: null,
    processes: [],
  },
  ...change,
});

const PHASES = ['queued', 'validating', 'draining', 'stopping', 'launching', 'loading', 'warming'] as const;

/** Steps up to `phase`, which runs; one minute each. */
export function stepsUpTo(phase: string, startedAt: number): WireSwapStep[] {
  const current = PHASES.indexOf(phase as (typeof PHASES)[number]);
  return PHASES.map((name, at) => {
    const isDone = current === -1 || at < current;
    const begun = isDone || at === current;
    return {
      phase: name,
      status: isDone ? 'done' : at === current ? 'running' : 'pending',
      started_at: begun ? iso(startedAt + at * 60_000) : null,
      ended_at: isDone ? iso(startedAt + (at + 1) * 60_000) : null,
      duration_ms: isDone ? 60_000 : null,
      note: name === 'stopping' && isDone ? '91 GiB freed' : null,
    };
  });
}

export const aSwap = (change: Partial<WireSwap> = {}): WireSwap => ({
  id: 'swp_01',
  cluster: 'default',
  model: 'gemma-27b',
  previous_model: 'qwen3-32b',
  requested_by: 'anonymous@127.0.0.1',
  reason: null,
  phase: 'loading',
  settled: false,
  outcome: null,
  noop: false,
  simulated: false,
  serving: null,
  fence: 412,
  cancel_requested_at: null,
  cause: null,
  progress: { fraction: 0.61, label: 'weights 9/14', elapsed_seconds: 162, expected_seconds: 240, eta_seconds: 78 },
  steps: stepsUpTo(change.phase ?? 'loading', NOON - 162_000),
  created_at: iso(NOON - 162_000),
  settled_at: null,
  ...change,
});

export const aSettledSwap = (outcome: NonNullable<WireSwap['outcome']>, change: Partial<WireSwap> = {}): WireSwap =>
  aSwap({ phase: outcome, settled: true, outcome, settled_at: iso(NOON), serving: 'gemma-27b', ...change });

export const aCheck = (change: Partial<WirePreflightCheck> = {}): WirePreflightCheck => ({
  name: 'image',
  host: 'spark-1',
  status: 'pass',
  detail: 'the image is there',
  hint: null,
  measured: null,
  ...change,
});

export const someMemory = (change: Partial<WirePreflightReport['memory']> = {}): WirePreflightReport['memory'] => ({
  ...{ needed_bytes: null, available_bytes: null, basis: 'estimated', lowest_utilization: null, highest_utilization: null },
  ...{ longest_context: null, concurrency: null, parts: [], reasons: [] },
  ...change,
});

export const aPreflight = (change: Partial<WirePreflightReport> = {}): WirePreflightReport => ({
  model: 'gemma-27b',
  cluster: 'default',
  ok: true,
  checks: [
    aCheck({ name: 'catalog', host: null, detail: 'the entry is valid' }),
    aCheck({ name: 'host', detail: 'answers', measured: '12 ms' }),
    aCheck(),
    aCheck({ name: 'weights', detail: 'complete in the cache', measured: '58 GiB' }),
    aCheck({
      name: 'memory',
      status: 'warn',
      detail: 'little is left beside it',
      hint: 'Lower --gpu-memory-utilization.',
      measured: '91.2 GiB',
    }),
  ],
  command: { launcher: 'launch_cluster', preview: './launch-cluster.sh -d exec vllm serve some-lab/gemma-27b -tp 2' },
  memory: someMemory({ needed_bytes: 70 * GIB, available_bytes: 117 * GIB }),
  estimate: { p50_seconds: 220, p90_seconds: 260, samples: 7 },
  ...change,
});

export const aStatus = (change: Partial<WireStatus> = {}): WireStatus => ({
  version: '0.1.0',
  simulated: false,
  started_at: iso(NOON - 86_400_000),
  now: iso(NOON),
  clusters: [aCluster()],
  hosts: [aHost('spark-1'), aHost('spark-2')],
  locks: [aLock()],
  models: [],
  swaps: [],
  operations: [],
  services: [],
  catalog: { revision: 1, fault: null },
  last_event_id: 100,
  ...change,
});

/** A download that runs. */
export const anOperation = (change: Partial<WireOperation> = {}): WireOperation => ({
  id: 'op_1',
  kind: 'model_download',
  subject: 'gemma-27b',
  cluster: 'default',
  requested_by: 'alice',
  reason: null,
  state: 'running',
  settled: false,
  progress: {
    fraction: 0.4,
    label: 'spark1: downloading',
    done_bytes: 12 * GIB,
    total_bytes: 31 * GIB,
    bytes_per_second: 110 * 2 ** 20,
    elapsed_seconds: 110,
    eta_seconds: 180,
  },
  parts: [
    {
      key: 'spark1',
      host: 'spark1',
      label: 'spark1',
      status: 'running',
      done_bytes: 12 * GIB,
      total_bytes: 31 * GIB,
      fraction: 0.4,
      note: null,
    },
  ],
  cancellable: true,
  cancel_requested_at: null,
  cause: null,
  result: null,
  simulated: false,
  created_at: iso(NOON - 110_000),
  settled_at: null,
  ...change,
});
