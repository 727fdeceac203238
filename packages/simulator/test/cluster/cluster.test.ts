import { once } from 'node:events';
import { createServer } from 'node:net';
import { type Claim, type HostObservation, hostKey, isSparkError, swapId } from '@spark-control/core';
import { expect } from 'chai';
import { LogListener } from '../../../core/test/contracts/log-listener.ts';
import { servedNamesAt, until } from '../../../core/test/contracts/runtime-subject.ts';
import { profileOf } from '../../src/cluster/load-time.ts';
import type { SimulatedCluster } from '../../src/index.ts';
import { aPlan, GIB, NEVER, startCluster } from '../support/clusters.ts';

const HEAD = hostKey('spark-1');
const WORKER = hostKey('spark-2');
const ignore = (): void => undefined;

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'fulfilled',
    (error: unknown) => (isSparkError(error) ? error.code : String(error)),
  );
}

describe('the simulated cluster', () => {
  let simulation: SimulatedCluster;
  beforeEach(async () => {
    simulation = await startCluster({ speed: 50 });
  });
  afterEach(() => simulation.close());

  const claim = (): Promise<Claim> => simulation.fence.claim(swapId('swp_1'), 1, NEVER);
  const served = (): Promise<readonly string[]> => servedNamesAt(simulation.endpointBaseUrl());
  const serve = async (name = 'good'): Promise<Claim> => {
    const own = await claim();
    await simulation.runtime.launch(aPlan(simulation.cluster, name), own, ignore, NEVER);
    await until(served, (names) => names.includes(name), `${name} is served`);
    return own;
  };
  const observed = async (host: string): Promise<HostObservation> => {
    const found = (await simulation.runtime.observe(NEVER)).find((observation) => observation.host === host);
    return found ?? expect.fail(`${host} was not observed`);
  };

  it('is marked as simulated and says where its model server really is', () => {
    const { cluster, endpointBaseUrl } = simulation;
    expect(cluster.launcher).to.equal('simulated');
    expect(cluster.hosts.map((host) => host.address)).to.deep.equal(['127.0.0.1', '127.0.0.1']);
    expect(cluster.port).to.be.within(20_000, 29_999);
    expect(endpointBaseUrl()).to.equal(`http://127.0.0.1:${cluster.port}`);
  });

  it('chooses another port when one is taken', async () => {
    const squatter = createServer().listen(20_000, '127.0.0.1');
    await once(squatter, 'listening');
    const chances = [0, 0, 0.5];
    const other = await startCluster({ random: () => chances.shift() ?? 0.5 });
    expect(other.cluster.port).to.equal(25_000);
    await other.close();
    squatter.close();
  });

  it('cannot be asked, told or called over HTTP while a host is off the network, and its model goes on', async () => {
    const own = await serve();
    const { runtime, fence, control, cluster } = simulation;
    await control.hostDown(HEAD, true);
    expect(await observed(HEAD)).to.include({ reachable: false, code: 'HOST_UNREACHABLE' });
    expect(await observed(WORKER)).to.include({ reachable: true });
    expect(await codeOf(runtime.stop(own, { park: false, report: ignore }, NEVER))).to.equal('HOST_UNREACHABLE');
    expect(await codeOf(runtime.launch(aPlan(cluster, 'good'), own, ignore, NEVER))).to.equal('HOST_UNREACHABLE');
    expect(await codeOf(runtime.unpark(own, 'restore', NEVER))).to.equal('HOST_UNREACHABLE');
    expect(await codeOf(fence.claim(swapId('swp_2'), 1, NEVER))).to.equal('HOST_UNREACHABLE');
    expect(await served()).to.deep.equal([]);
    await control.hostDown(HEAD, false);
    expect(await served()).to.deep.equal(['good']);
  });

  it('keeps log lines of a lost host until it is back', async () => {
    const { runtime, control, cluster } = simulation;
    const log = new LogListener(runtime);
    await runtime.launch(aPlan(cluster, 'good'), await claim(), ignore, NEVER);
    await control.hostDown(HEAD, true);
    const heard = log.lines.filter(({ host }) => host === HEAD).length;
    await until(
      async () => control.containers(),
      (all) => all.every((container) => container.state === 'running'),
      'both run',
    );
    expect(log.lines.filter(({ host }) => host === HEAD)).to.have.length(heard);
    await control.hostDown(HEAD, false);
    await log.heard(/Application startup complete/);
    await log.end();
  });

  it('notices a stop that a lost host interrupted, and finishes it when repeated', async () => {
    const own = await serve();
    const { runtime, control } = simulation;
    const stopping = codeOf(runtime.stop(own, { park: false, report: ignore }, NEVER));
    await control.hostDown(WORKER, true);
    expect(await stopping).to.equal('HOST_UNREACHABLE');
    await control.hostDown(WORKER, false);
    await runtime.stop(own, { park: false, report: ignore }, NEVER);
    expect(control.containers()).to.deep.equal([]);
  });

  it('refuses a missing image and a taken name before anything is started', async () => {
    const { runtime, control, cluster } = simulation;
    const own = await claim();
    control.setImageMissing(WORKER, cluster.image, true);
    expect(await codeOf(runtime.launch(aPlan(cluster, 'good'), own, ignore, NEVER))).to.equal('RUNTIME_REJECTED');
    expect(control.containers()).to.deep.equal([]);
    control.setImageMissing(WORKER, cluster.image, false);
    await control.startUnmanaged({ host: WORKER, name: cluster.container });
    await control.killContainer(WORKER, cluster.container);
    expect(await codeOf(runtime.launch(aPlan(cluster, 'good'), own, ignore, NEVER))).to.equal('RUNTIME_REJECTED');
    expect(control.containers().map(({ host, state }) => ({ host, state }))).to.deep.equal([{ host: WORKER, state: 'absent' }]);
  });

  it('shows what was killed behind our back as what it is', async () => {
    await serve();
    const { control, cluster } = simulation;
    await control.killContainer(HEAD, cluster.container);
    await control.killContainer(WORKER, cluster.container, { leaveContainer: true });
    expect(control.containers().map(({ host, state, exitCode }) => ({ host, state, exitCode }))).to.deep.equal([
      { host: HEAD, state: 'absent', exitCode: 137 },
      { host: WORKER, state: 'unhealthy', exitCode: 137 },
    ]);
    expect(await observed(HEAD)).to.include({ portOwner: null });
  });

  it('refuses to start a dead model again under the claim that started it', async () => {
    const own = await serve();
    const { control, cluster, runtime } = simulation;
    await control.killContainer(HEAD, cluster.container);
    expect(await codeOf(runtime.launch(aPlan(cluster, 'good'), own, ignore, NEVER))).to.equal('LAUNCHER_FAILED');
  });

  it('ends what does not listen to TERM after the grace that docker gives', async () => {
    simulation.control.setFault('good', 'slow_stop');
    const own = await serve();
    await simulation.runtime.stop(own, { park: false, report: ignore }, NEVER);
    expect(simulation.control.containers()).to.deep.equal([]);
  });

  it('reports a process that is no container as owner of the port, and cannot end it', async () => {
    const { control, runtime } = simulation;
    await control.occupyPort('nginx');
    expect(await observed(HEAD)).to.include({ portOwner: 'nginx' });
    expect(await codeOf(runtime.stop(await claim(), { park: false, report: ignore }, NEVER))).to.equal('RUNTIME_REJECTED');
    const log = new LogListener(runtime);
    await runtime.launch(aPlan(simulation.cluster, 'good'), await claim(), ignore, NEVER);
    await log.heard(/\[Errno 98\].*address already in use/);
    await log.end();
    await control.occupyPort(null);
    expect(await observed(HEAD)).to.include({ portOwner: null });
  });

  it('fills the memory of every host while a model loads, and frees it afterwards', async () => {
    const available = async (): Promise<readonly number[]> =>
      (await simulation.runtime.observe(NEVER)).map((host) => (host.reachable ? host.memAvailableBytes / GIB : 0));
    for (const bytes of await available()) expect(bytes).to.be.closeTo(117.5, 0.1);
    const own = await serve();
    for (const bytes of await available()) expect(bytes).to.be.closeTo(117.5 - 0.8 * 121.69, 0.1);
    await simulation.runtime.stop(own, { park: false, report: ignore }, NEVER);
    await until(available, (all) => all.every((bytes) => bytes > 117), 'the memory is back');
  });

  it('loads large models for longer than small ones, and none for long', () => {
    const seconds = [1, 30, 62, 400].map((gib) => profileOf({ weightsBytes: gib * GIB }).loadSeconds);
    expect(seconds).to.deep.equal([...seconds].sort((a, b) => a - b));
    expect(seconds[0]).to.be.lessThan(2);
    expect(seconds.at(-1)).to.be.at.most(7);
  });
});
