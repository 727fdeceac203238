import type {
  WireHostTest,
  WireModelDiskView,
  WireModelRevision,
  WirePatchPlan,
  WireService,
  WireServiceDetail,
  WireSettings,
  WireUpdatePlan,
  WireVllmFlag,
} from '@spark-control/schema';
import { GIB, iso, NOON } from './instants.ts';

export const FINGERPRINT = `SHA256:${'A'.repeat(43)}`;

/** A way to a host that ends at a key that nobody has trusted yet. */
export const aHostTest = (change: Partial<WireHostTest> = {}): WireHostTest => ({
  host: 'spark-1',
  ok: false,
  steps: [
    { name: 'resolve', status: 'pass', detail: 'It is an address.', hint: null, measured: '192.168.1.50', duration_ms: 0.2 },
    { name: 'host_key', status: 'fail', detail: 'No key is trusted yet.', hint: 'Compare it.', measured: FINGERPRINT, duration_ms: 31 },
    { name: 'login', status: 'skip', detail: 'Not tried.', hint: null, measured: null, duration_ms: 0 },
  ],
  fingerprint: FINGERPRINT,
  trusted: false,
  ...change,
});

export const anUpdatePlan = (change: Partial<WireUpdatePlan> = {}): WireUpdatePlan => ({
  id: 'plan-1',
  host: 'spark-1',
  at: iso(NOON - 10_000),
  os: 'DGX OS 7.5.0',
  kernel: '6.17.0-1032-nvidia',
  driver: '580.173.02',
  docker: '28.1.1',
  lists_at: iso(NOON - 3_600_000),
  packages: [
    { name: 'curl', action: 'upgrade', from: '8.5.0', to: '8.5.1', section: 'other', risk: 'none', note: null },
    {
      name: 'linux-image-nvidia',
      action: 'upgrade',
      from: '6.17.0-1032',
      to: '7.0.0-1019',
      section: 'kernel',
      risk: 'danger',
      note: 'Known for errors of NCCL.',
    },
  ],
  firmware: [],
  held: [],
  download_bytes: 180 * 2 ** 20,
  free: [{ path: '/', bytes: 900 * GIB }],
  reboot: { required_now: false, expected: true, causes: ['linux-image-nvidia'] },
  risk: 'danger',
  blockers: [],
  warnings: ['The package lists are 1 h old.'],
  commands: ['apt-get update', 'apt-get -y dist-upgrade'],
  ...change,
});

export const aService = (change: Partial<WireService> = {}): WireService => ({
  key: 'parakeet-asr',
  name: 'Parakeet',
  kind: 'asr',
  host: 'spark-1',
  lock: 'default',
  base_url: 'http://192.168.1.50:5092',
  public_url: null,
  model: 'parakeet',
  container: 'parakeet-asr',
  state: 'up',
  detail: 'It answers.',
  latency_ms: 12,
  checked_at: iso(NOON - 4_000),
  link: null,
  source: 'file',
  actions: ['restart', 'logs', 'memory', 'patches'],
  ...change,
});

export const aServiceDetail = (change: Partial<WireServiceDetail> = {}): WireServiceDetail => ({
  ...aService(),
  facts: {
    id: 'c0ffee',
    name: 'parakeet-asr',
    image: 'parakeet:1',
    image_id: 'sha256:1',
    status: 'running',
    started_at: iso(NOON - 7_200_000),
    restarts: 1,
    health: null,
    memory_limit_bytes: 8 * GIB,
    memory_used_bytes: 5 * GIB,
    restart_policy: 'unless-stopped',
  },
  facts_problem: null,
  memory_limit_wanted_bytes: 6 * GIB,
  deep: null,
  models: null,
  ...change,
});

export const aPatchPlan = (change: Partial<WirePatchPlan> = {}): WirePatchPlan => ({
  id: 'patch-plan-1',
  service: 'parakeet-asr',
  container: 'parakeet-asr',
  at: iso(NOON),
  action: 'apply',
  files: [
    { name: 'diarize', target: '/app/diarize.py', wanted_sha256: 'a'.repeat(64), current_sha256: 'b'.repeat(64), change: 'replace' },
    { name: 'limits', target: '/app/limits.py', wanted_sha256: 'c'.repeat(64), current_sha256: 'c'.repeat(64), change: 'none' },
  ],
  restart: true,
  blockers: [],
  ...change,
});

export const aFlag = (name: string, change: Partial<WireVllmFlag> = {}): WireVllmFlag => ({
  name,
  type: 'text',
  minimum: null,
  maximum: null,
  exclusive_minimum: false,
  values: null,
  open: false,
  default: null,
  since: null,
  group: 'Memory',
  description: '',
  danger: null,
  managed: null,
  ...change,
});

export const aDisk = (change: Partial<WireModelDiskView> = {}): WireModelDiskView => ({
  model: 'gemma-27b',
  deletable: true,
  reason: null,
  items: [
    {
      host: 'spark-1',
      cluster: 'default',
      kind: 'cache',
      present: true,
      path: '/home/nvidia/.cache/huggingface/hub/models--some-lab--gemma-27b',
      bytes: 58 * GIB,
      complete: true,
      downloading: false,
      free_bytes: 900 * GIB,
      problem: null,
    },
  ],
  ...change,
});

export const aRevision = (revision: number, change: Partial<WireModelRevision> = {}): WireModelRevision => ({
  revision,
  at: iso(NOON - 60_000),
  actor: 'anonymous@10.0.0.9',
  action: 'changed',
  diff: [{ path: '/flags/max-model-len', before: 32_768, after: 65_536 }],
  ...change,
});

export const someSettings = (change: Partial<WireSettings> = {}): WireSettings => ({
  items: [
    {
      path: '/clusters/default/port',
      value: 8888,
      source: 'default',
      variable: null,
      secret: false,
      writable: true,
      description: 'Port of the OpenAI API on the head.',
    },
    {
      path: '/server/port',
      value: 9999,
      source: 'environment',
      variable: 'PORT',
      secret: false,
      writable: false,
      description: 'Port to listen on.',
    },
  ],
  files: [{ name: 'spark.yaml', path: '/etc/spark-control/spark.yaml', exists: true, writable: false, problem: 'It is read-only.' }],
  warnings: ['VLLM_PORT is not a port ("x"): 8888 is used.'],
  restart_required: false,
  ...change,
});
