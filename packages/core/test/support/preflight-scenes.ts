import {
  buildPlan,
  type CheckName,
  type Cluster,
  type HostFacts,
  type HostObservation,
  type HostReport,
  hostKey,
  type Model,
  modelKey,
  type ObservedContainer,
  type PreflightCheck,
  type PreflightInput,
  type PreflightReport,
  preflightReport,
  swapId,
} from '../../src/index.ts';
import { aCluster, aModel } from './builders.ts';

export const GIB = 2 ** 30;

/** A Spark with nothing loaded: 120 GiB, 110 of them free. */
export const someFacts = (over: Partial<HostFacts> = {}): HostFacts => ({
  memTotalBytes: 120 * GIB,
  memAvailableBytes: 110 * GIB,
  cachedBytes: 1 * GIB,
  swapFreeBytes: 0,
  uptimeSeconds: 1_000,
  diskFreeBytes: 500 * GIB,
  dockerVersion: '27.5.1',
  imageId: 'sha256:abc',
  weights: { path: '/home/spark/.cache/huggingface/hub/models--acme--qwen', bytes: 60 * GIB, complete: true },
  portOwner: null,
  launcher: { path: '/home/spark/vllm/launch-cluster.sh', generation: 'modern' },
  gpu: null,
  ...over,
});

export const aContainer = (over: Partial<ObservedContainer> = {}): ObservedContainer => ({
  host: hostKey('spark1'),
  id: 'c1',
  name: 'vllm_node',
  image: 'vllm-node',
  state: 'running',
  identity: { model: modelKey('gemma'), swap: swapId('swp_0'), fence: 3, controller: 'ctl-1', digest: 'd' },
  parked: false,
  restorable: true,
  startedAt: null,
  exitCode: null,
  ...over,
});

export type Scene = Readonly<{
  model?: Model;
  cluster?: Cluster;
  /** By host; `null`: not reachable. */
  facts?: readonly (HostFacts | null)[];
  containers?: readonly (readonly ObservedContainer[])[];
  input?: Partial<PreflightInput>;
}>;

/** A two-host cluster where all is well, but for what the scene changes. */
export function judge(scene: Scene = {}): PreflightReport {
  const cluster = scene.cluster ?? aCluster({ launcher: 'launch_cluster', launcherDirectory: '~/vllm' });
  const model = scene.model ?? aModel('qwen', { flags: { 'gpu-memory-utilization': 0.8 } });
  const reports = cluster.hosts.map((host, index): HostReport => {
    const facts = scene.facts?.[index];
    if (facts === null) return { host: host.key, reachable: false, code: 'HOST_UNREACHABLE', reason: 'no route to host' };
    return { host: host.key, reachable: true, facts: facts ?? someFacts() };
  });
  const observation = cluster.hosts.map((host, index): HostObservation => {
    if (scene.facts?.[index] === null) return { host: host.key, reachable: false, code: 'HOST_UNREACHABLE', reason: 'no route to host' };
    const containers = (scene.containers?.[index] ?? []).map((container) => ({ ...container, host: host.key }));
    return { host: host.key, reachable: true, containers, portOwner: null, memAvailableBytes: 0 };
  });
  const estimate = { p50Seconds: 100, p90Seconds: 120, samples: 3 };
  const plan = scene.input?.plan === null ? null : buildPlan(model, cluster);
  return preflightReport({ model, cluster, plan, error: null, reports, observation, estimate, replaceUnmanaged: false, ...scene.input });
}

export const checksOf = (report: PreflightReport, name: CheckName): readonly PreflightCheck[] =>
  report.checks.filter((one) => one.name === name);

/** The only check of that name, or that of one host. */
export function checkOf(report: PreflightReport, name: CheckName, host?: string): PreflightCheck {
  const found = checksOf(report, name).filter((one) => host === undefined || one.host === host);
  const [first] = found;
  if (first === undefined || found.length > 1) throw new Error(`${found.length} checks ${name} on ${host ?? 'any host'}`);
  return first;
}
