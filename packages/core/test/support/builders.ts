import {
  type Cause,
  type Cluster,
  clusterKey,
  type Host,
  hostKey,
  type LaunchPlan,
  type Model,
  modelKey,
  type Swap,
  type SwapOptions,
  swapId,
} from '../../src/index.ts';
import { createSwap } from '../../src/swap/create-swap.ts';

export const aHost = (name: string, address: string): Host => ({
  key: hostKey(name),
  name,
  address,
  sshPort: 22,
  user: 'spark',
  identityFile: null,
  fingerprint: null,
  fabricAddress: null,
});

export const aCluster = (over: Partial<Cluster> = {}): Cluster => ({
  key: clusterKey('default'),
  name: 'Pair',
  hosts: [aHost('spark1', '10.0.0.1'), aHost('spark2', '10.0.0.2')],
  launcher: 'simulated',
  image: 'vllm-node',
  container: 'vllm_node',
  port: 8000,
  launcherDirectory: null,
  hfCache: '~/.cache/huggingface',
  modelRoots: ['/models'],
  ...over,
});

export const aModel = (key: string, over: Partial<Model> = {}): Model => ({
  key: modelKey(key),
  name: key,
  description: null,
  source: { kind: 'repo', repo: `acme/${key}`, revision: null },
  servedModelName: key,
  image: null,
  nodes: 2,
  weightsBytes: 10 * 2 ** 30,
  flags: {},
  extraArgs: [],
  env: {},
  clusters: [],
  origin: 'catalog',
  ...over,
});

export const aPlan = (key: string, over: Partial<LaunchPlan> = {}): LaunchPlan => ({
  model: modelKey(key),
  servedModelName: key,
  image: 'vllm-node',
  args: [`acme/${key}`],
  env: {},
  mounts: [],
  nodes: [hostKey('spark1'), hostKey('spark2')],
  port: 8000,
  container: 'vllm_node',
  weightsBytes: null,
  digest: `digest-${key}`,
  ...over,
});

export const someOptions = (over: Partial<SwapOptions> = {}): SwapOptions => ({
  drainSeconds: 30,
  rollback: true,
  forceRestart: false,
  replaceUnmanaged: false,
  queueSeconds: 600,
  ...over,
});

export const aSwap = (over: Partial<Swap> = {}): Swap => ({
  ...createSwap({
    id: swapId('swp_1'),
    cluster: clusterKey('default'),
    target: modelKey('qwen'),
    plan: aPlan('qwen'),
    requestedBy: 'test',
    reason: null,
    options: someOptions(),
    lease: null,
    simulated: false,
    now: 1_000,
  }),
  ...over,
});

export const aCause = (over: Partial<Cause> = {}): Cause => ({
  code: 'MODEL_CRASHED',
  message: 'it died',
  hint: null,
  logTail: [],
  ...over,
});
