import { clusterKey, type HostFacts, hostKey, modelKey, swapId } from '@spark-control/core';
import { expect } from 'chai';
import { aCluster, aHost, aModel, aSwap } from '../../core/test/support/builders.ts';
import { timestamp } from '../src/wire-time.ts';
import { expectDocumented, routeOf } from './support/documented.ts';
import { aView } from './support/scripted-core.ts';
import { ask, bodyOf, startServer, type TestServer } from './support/test-server.ts';

const T0 = 1_700_000_000_000;
const FACTS: HostFacts = {
  memTotalBytes: 128,
  memAvailableBytes: 100,
  cachedBytes: 5,
  swapFreeBytes: null,
  uptimeSeconds: 60,
  diskFreeBytes: 7,
  dockerVersion: '29.1',
  portOwner: 'vllm',
  launcher: { path: '/home/spark/launch-cluster.sh', generation: 'modern' },
  gpu: {
    name: 'GB10',
    driver: '580',
    utilizationPercent: 83,
    temperatureC: null,
    powerW: 60.5,
    smClockMHz: 2_400,
    processes: [{ pid: 17, name: 'VLLM::EngineCore', usedBytes: null }],
  },
  disks: [{ role: 'cache', mount: '/data', totalBytes: 9, freeBytes: 7 }],
  system: {
    ...{ os: 'DGX OS 7.2.3', kernel: '6.14.0', memoryPressurePercent: 2.5, loadAverage: 0.5, cpus: 20, launcherCommit: '0123456789ab' },
  },
};

type List = { items: Record<string, unknown>[] };

describe('what can be read', () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startServer();
    server.core.swaps = async () => [];
  });
  afterEach(() => server.close());

  const read = async (path: string, pattern = path) => {
    const answer = await ask(server.port, path);
    expectDocumented(routeOf('GET', pattern), answer);
    return answer;
  };

  it('models: what the catalog says, where they run, and how long they usually load', async () => {
    const local = aModel('gemma', {
      source: { kind: 'local_path', path: '/models/gemma' },
      clusters: [clusterKey('other')],
      origin: 'custom',
      image: 'own',
    });
    server.core.catalog = () => ({ revision: 42, models: [aModel('qwen'), local, aModel('phi', { origin: 'override' })], fault: 'line 3' });
    server.core.estimate = async () => ({ p50Seconds: 100.5, p90Seconds: 130, samples: 4 });
    server.core.views = () => [
      aView({ serving: { kind: 'model', model: modelKey('qwen') }, runtime: 'running', isHealthy: true, activeSwap: swapId('swp_1') }),
    ];
    server.core.swap = async () => aSwap({ target: modelKey('phi') });
    const answer = await read('/api/models');
    expect(answer.headers.etag).to.equal('"42"');
    const { items, ...rest } = bodyOf<List>(answer);
    expect(rest).to.deep.equal({ next_cursor: null, revision: 42, fault: 'line 3' });
    expect(items.map(({ key, state, badge }) => [key, state, badge])).to.deep.equal([
      ['qwen', 'loaded', null],
      ['gemma', 'unloaded', 'custom'],
      ['phi', 'loading', 'edited'],
    ]);
    expect(items[0]).to.deep.include({
      repo: 'acme/qwen',
      local_path: null,
      launcher: 'simulated',
      image: 'vllm-node',
      clusters: ['default'],
    });
    expect(items[0]?.['load_seconds']).to.deep.equal({ p50: 100.5, p90: 130, samples: 4 });
    expect(items[1]).to.deep.include({ repo: null, local_path: '/models/gemma', launcher: null, image: 'own', clusters: [], fits: null });
    expect(items[1]?.['load_seconds']).to.deep.equal({ p50: null, p90: null, samples: 0 });
  });

  it('models whose server is not healthy are not loaded', async () => {
    server.core.views = () => [aView({ serving: { kind: 'model', model: modelKey('qwen') }, runtime: 'running', isHealthy: false })];
    expect(bodyOf<List>(await read('/api/models')).items[0]).to.include({ state: 'unloaded' });
  });

  it('no secret of a model, wherever it was put', async () => {
    const canary = 'canary-51f0';
    const model = aModel('qwen', {
      env: {
        HF_TOKEN: { kind: 'literal', value: canary },
        OTHER: { kind: 'secret', name: canary },
        NCCL_DEBUG: { kind: 'literal', value: 'INFO' },
        PROXY: { kind: 'literal', value: `http://user:${canary}@proxy` },
      },
      flags: { 'api-key': canary, 'max-model-len': 4096, 'hf-token': canary },
      extraArgs: ['--api-key', canary, `--api-key=${canary}`, '--seed', '7', `Bearer ${canary}`],
    });
    server.core.catalog = () => ({ revision: 1, models: [model], fault: null });
    const answer = await read('/api/models');
    expect(answer.text).to.not.contain(canary);
    expect(bodyOf<List>(answer).items[0]).to.deep.include({
      env: { HF_TOKEN: '***', OTHER: '***', NCCL_DEBUG: 'INFO', PROXY: 'http://user:***@proxy' },
      flags: { 'api-key': '***', 'max-model-len': 4096, 'hf-token': '***' },
      extra_args: ['--api-key', '***', '--api-key=***', '--seed', '7', 'Bearer ***'],
    });
    server.core.views = () => [aView()];
    expect((await read('/api/status')).text).to.not.contain(canary);
  });

  it('clusters: what they do, and how old that is', async () => {
    server.core.views = () => [
      aView({
        serving: { kind: 'unmanaged' },
        runtime: 'running',
        isHealthy: true,
        since: T0,
        servedModelName: 'gemma-4',
        maxModelLen: 8192,
        container: 'vllm-gemma4 on spark1',
        queued: [swapId('swp_3')],
        drift: 'started by hand',
        observedAt: T0 + 1,
        unreachable: [{ host: 'spark2', reason: 'timed out' }],
      }),
    ];
    expect(bodyOf<List>(await read('/api/clusters')).items).to.deep.equal([
      {
        key: 'default',
        name: 'Pair',
        launcher: 'simulated',
        hosts: ['spark1', 'spark2'],
        image: 'vllm-node',
        endpoint: 'http://10.0.0.1:8000',
        serving: 'unmanaged',
        state: 'running',
        healthy: true,
        since: timestamp(T0),
        served_model_name: 'gemma-4',
        max_model_len: 8192,
        container: 'vllm-gemma4 on spark1',
        active_swap: null,
        queued: ['swp_3'],
        drift: 'started by hand',
        observed_at: timestamp(T0 + 1),
        unreachable: [{ host: 'spark2', reason: 'timed out' }],
      },
    ]);
  });

  it('hosts: those that answered, those that did not and those nobody asked yet', async () => {
    const keyFile = { ...aHost('spark3', '10.0.0.3'), identityFile: '/root/.ssh/id', fingerprint: 'SHA256:abc' };
    server.core.clusters = [aCluster({ hosts: [...aCluster().hosts, keyFile] })];
    server.core.hostReports = () => [
      { cluster: clusterKey('default'), at: T0, host: hostKey('spark1'), reachable: true, facts: FACTS },
      { cluster: clusterKey('default'), at: T0, host: hostKey('spark2'), reachable: false, code: 'HOST_UNREACHABLE', reason: 'timed out' },
    ];
    const answer = await read('/api/hosts');
    expect(answer.text).to.not.contain('/root/.ssh');
    const [one, two, three] = bodyOf<List>(answer).items;
    expect(one).to.deep.include({
      role: 'head',
      reachable: true,
      code: null,
      at: timestamp(T0),
      memory: { total_bytes: 128, available_bytes: 100, cached_bytes: 5, swap_free_bytes: null, pressure_some_avg10: 2.5 },
      launcher: { ...FACTS.launcher, commit: '0123456789ab' },
      disks: [{ role: 'cache', mount: '/data', total_bytes: 9, free_bytes: 7 }],
      os: 'DGX OS 7.2.3',
      kernel: '6.14.0',
      load: { average_1m: 0.5, cpus: 20 },
      port_owner: 'vllm',
    });
    expect(one?.['gpu']).to.deep.include({ utilization_percent: 83, temperature_c: null, sm_clock_mhz: 2_400 });
    expect(two).to.include({ role: 'worker', reachable: false, code: 'HOST_UNREACHABLE', reason: 'timed out', memory: null });
    expect(three).to.include({ reachable: null, at: null, fingerprint: 'SHA256:abc' });
    expect(bodyOf(await read('/api/hosts/spark2', '/api/hosts/{key}'))).to.deep.equal(two);
    expect(bodyOf(await read('/api/hosts/spark9', '/api/hosts/{key}'))).to.include({ code: 'HOST_NOT_FOUND' });
  });

  it('status: everything of the overview, swaps once each and newest first', async () => {
    const swaps = [1, 2, 3, 4].map((n) => aSwap({ id: swapId(`swp_${n}`), createdAt: T0 + n, phase: n < 3 ? 'ready' : 'loading' }));
    server.core.views = () => [aView({ activeSwap: swapId('swp_3'), queued: [swapId('swp_4'), swapId('swp_2')] })];
    server.core.swap = async (id) => swaps.find((swap) => swap.id === id) ?? null;
    const queries: unknown[] = [];
    server.core.swaps = async (query) => {
      queries.push(query);
      return swaps.slice(0, 2);
    };
    server.core.isSimulated = true;
    server.core.emitSwap(aSwap());
    await server.clock.advance(5_000);
    const status = bodyOf<{ swaps: { id: string }[] } & Record<string, unknown>>(await read('/api/status'));
    expect(status.swaps.map(({ id }) => id)).to.deep.equal(['swp_4', 'swp_3', 'swp_2', 'swp_1']);
    expect(queries).to.deep.equal([{ limit: 10, settled: true }]);
    expect(status).to.deep.include({
      version: '1.2.3',
      simulated: true,
      started_at: timestamp(T0),
      now: timestamp(T0 + 5_000),
      catalog: { revision: 7, fault: null },
      last_event_id: 1,
    });
  });

  it('version, health and the document of all routes', async () => {
    expect(bodyOf(await read('/api/version'))).to.deep.equal({ name: 'spark-control', version: '1.2.3', simulated: false });
    expect(bodyOf(await read('/healthz'))).to.deep.equal({ ok: true, version: '1.2.3' });
    expect(bodyOf(await read('/openapi.json'))).to.include({ openapi: '3.1.0' });
  });
});

describe('timestamp', () => {
  it('is RFC 3339 in UTC with milliseconds, for any number', () => {
    expect(timestamp(0)).to.equal('1970-01-01T00:00:00.000Z');
    expect(timestamp(1_700_000_000_123)).to.equal('2023-11-14T22:13:20.123Z');
    for (const odd of [-1, Number.MAX_SAFE_INTEGER, 253_402_300_800_000]) expect(timestamp(odd)).to.match(/^\d{4}-\d\d-\d\dT[\d:.]{12}Z$/);
  });
});
