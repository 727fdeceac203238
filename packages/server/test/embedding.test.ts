import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { clusterKey, type ModelRuntime, modelKey, type Swap, silentLogger } from '@spark-control/core';
import { createSimulatedCluster, SIMULATED_SPARKS, type SimulatedCluster } from '@spark-control/simulator';
import { expect } from 'chai';
import { createSparkControl, type SparkControl, SystemClock } from '../src/index.ts';
import { requestSwap, settled, swapUntil } from './support/client.ts';
import { Folders } from './support/folders.ts';
import { run } from './support/running.ts';

const INSTANCES = process.env['SPARK_PROVE'] === '1' ? 20 : 5;
const MEBI = 2 ** 20;

type Measured = Readonly<{ heap: number; files: number }>;
type Said = Readonly<{ phase: string; before: readonly string[]; after: readonly string[]; early: Measured; late: Measured }>;

function swapOf(control: SparkControl, model: string, cluster = 'default'): Promise<Swap> {
  return new Promise((resolve, reject) => {
    control.core.subscribe((event) => {
      if (event.kind === 'swap' && event.swap.settledAt !== null) resolve(event.swap);
    });
    const options = { drainSeconds: 0, rollback: true, forceRestart: false, replaceUnmanaged: false, queueSeconds: 0 };
    const request = { requestedBy: model, reason: null, options, onBusy: 'reject', lockId: null } as const;
    control.core.requestSwap({ ...request, cluster: clusterKey(cluster), model: modelKey(model) }).catch(reject);
  });
}

/** The same runtime, with a note of what it launches. */
const recorded = (runtime: ModelRuntime, launched: string[]): ModelRuntime => ({
  observe: (signal) => runtime.observe(signal),
  launch: (plan, ...rest) => {
    launched.push(plan.model);
    return runtime.launch(plan, ...rest);
  },
  stop: (...args) => runtime.stop(...args),
  unpark: (...args) => runtime.unpark(...args),
  followLogs: (...args) => runtime.followLogs(...args),
});

describe('createSparkControl', function () {
  this.timeout(60_000);
  const made: Folders[] = [];
  const folders = (files?: Readonly<Record<string, string>>): Folders => {
    const one = new Folders(files);
    made.push(one);
    return one;
  };
  after(() => made.map((one) => one.remove()));

  it(`runs ${INSTANCES} times in one process, and none sees another's swap, models or state`, async () => {
    const keys = Array.from({ length: INSTANCES }, (_, index) => `own-${index}`);
    const all = await Promise.all(
      keys.map((key) => run(folders({ 'models.yaml': `models:\n  ${key}: { name: Own, repo: acme/${key}, weights_gib: 4 }\n` }))),
    );
    const swaps = await Promise.all(
      all.map(async ({ url }, index) => swapUntil(url, (await requestSwap(url, keys[index] ?? '')).id, settled)),
    );
    expect(swaps.map(({ phase, model }) => ({ phase, model }))).to.deep.equal(keys.map((model) => ({ phase: 'ready', model })));
    expect(new Set(swaps.map(({ id }) => id)).size).to.equal(INSTANCES);
    for (const [index, { control }] of all.entries()) {
      expect(control.core.catalog().models.map(({ key }) => key)).to.deep.equal([keys[index]]);
      expect((await control.core.swaps({ limit: 10 })).map(({ id }) => id)).to.deep.equal([swaps[index]?.id]);
    }
    await all[0]?.stop();
    const others = await Promise.all(all.slice(1).map(async ({ url }) => (await fetch(`${url}/readyz`)).status));
    expect(others).to.deep.equal(others.map(() => 200));
    await Promise.all(all.slice(1).map((one) => one.stop()));
  });

  it('drives the clusters and ports that the embedder gives, under its own clock', async () => {
    const own = folders();
    const clock = new SystemClock();
    const launched: string[] = [];
    const simulations: SimulatedCluster[] = [];
    const control = await createSparkControl({
      dataFolder: own.data,
      configFolder: own.config,
      webRoot: null,
      clock,
      clusters: async (controllerId) => {
        const simulated = await createSimulatedCluster({ cluster: SIMULATED_SPARKS, clock, logger: silentLogger, controllerId, speed: 20 });
        simulations.push(simulated);
        const { fence, probe } = simulated;
        const runtime = recorded(simulated.runtime, launched);
        return [{ cluster: simulated.cluster, ports: { runtime, fence, probe } }];
      },
    });
    expect(control).to.include({ isSimulated: false });
    const swap = await swapOf(control, 'small', 'sparks');
    expect(swap.phase, swap.cause?.message).to.equal('ready');
    expect(launched).to.deep.equal(['small']);
    await control.close();
    await simulations[0]?.close();
  });

  it("reads nothing from the embedder's own environment unless it is given", async () => {
    const before = { ...process.env };
    Object.assign(process.env, { SPARK1_HOST: '203.0.113.9', PORT: '1', HOST: '203.0.113.9', ALLOWED_HOSTS: 'leak.lan', SPARK1_PORT: 'x' });
    try {
      const own = folders();
      const control = await createSparkControl({ dataFolder: own.data, configFolder: own.config, webRoot: null });
      expect(control.settings).to.include({ host: '127.0.0.1', port: 9999 });
      expect(control.settings.allowedHosts).to.deep.equal([]);
      expect(control.isSimulated).to.equal(true);
      await control.close();
    } finally {
      for (const name of ['SPARK1_HOST', 'PORT', 'HOST', 'ALLOWED_HOSTS', 'SPARK1_PORT']) delete process.env[name];
      Object.assign(process.env, before);
    }
  });

  it('brings models of its own when it is given no configuration', async () => {
    const own = folders();
    const control = await createSparkControl({ dataFolder: own.data, webRoot: null });
    expect(control.core.catalog().models.length).to.be.greaterThan(5);
    expect(control.isSimulated).to.equal(true);
    await control.close();
  });

  it('may be closed in the middle of a swap, and again, and takes the swap up when it is made anew', async () => {
    const own = folders();
    const options = { dataFolder: own.data, configFolder: own.config, webRoot: null, simulation: { speed: 5 } };
    const first = await createSparkControl(options);
    const launching = new Promise<void>((resolve) => {
      first.core.subscribe((event) => {
        if (event.kind === 'swap' && event.swap.phase === 'loading') resolve();
      });
    });
    void swapOf(first, 'large');
    await launching;
    await first.close();
    await first.close();
    const second = await createSparkControl(options);
    const [before] = await second.core.swaps({ limit: 2 });
    const after = await new Promise<Swap>((resolve) => {
      second.core.subscribe((event) => {
        if (event.kind === 'swap' && event.swap.settledAt !== null) resolve(event.swap);
      });
      if (before?.settledAt != null) resolve(before);
    });
    expect(after).to.include({ id: before?.id, phase: 'ready' });
    expect(await second.core.swaps({ limit: 9 })).to.have.length(1);
    await second.close();
  });

  it('leaves nothing behind: a program that has closed it ends by itself, and its memory and files do not grow', async () => {
    const script = fileURLToPath(new URL('support/embedder.ts', import.meta.url));
    const child = spawn(process.execPath, [
      '--conditions=source',
      '--import',
      'tsx',
      script,
      process.env['SPARK_PROVE'] === '1' ? '100' : '10',
    ]);
    const out: string[] = [];
    const err: string[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk.toString()));
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect(code, err.join('')).to.equal(0);
    const said = JSON.parse(out.join('')) as Said;
    expect(said.phase).to.equal('ready');
    expect(said.after).to.deep.equal(said.before);
    expect(said.late.files).to.be.at.most(said.early.files);
    expect((said.late.heap - said.early.heap) / MEBI, 'MiB of heap gained').to.be.below(1.5);
  });
});
