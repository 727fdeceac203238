import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type HostKey, hostKey, type Logger, silentLogger, swapId } from '@spark-control/core';
import { expect } from 'chai';
import { LogListener } from '../../../core/test/contracts/log-listener.ts';
import { servedNamesAt, until } from '../../../core/test/contracts/runtime-subject.ts';
import type { SimulatedCluster } from '../../src/index.ts';
import { aPlan, NEVER, startCluster } from '../support/clusters.ts';

const ignore = (): void => undefined;

describe('the state of the simulated cluster', () => {
  let folder: string;
  let stateFile: string;
  let open: SimulatedCluster | null = null;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'simulated-'));
    stateFile = path.join(folder, 'state', 'simulated.json');
  });
  afterEach(async () => {
    await open?.close();
    open = null;
    rmSync(folder, { recursive: true, force: true });
  });

  const start = async (logger: Logger = silentLogger): Promise<SimulatedCluster> => {
    open = await startCluster({ speed: 20, stateFile, logger });
    return open;
  };
  const served = (simulation: SimulatedCluster): Promise<readonly string[]> => servedNamesAt(simulation.endpointBaseUrl());
  const serve = async (simulation: SimulatedCluster, name: string): Promise<void> => {
    const claim = await simulation.fence.claim(swapId('swp_1'), 7, NEVER);
    await simulation.runtime.launch(aPlan(simulation.cluster, name), claim, ignore, NEVER);
    await until(
      () => served(simulation),
      (names) => names.includes(name),
      `${name} is served`,
    );
  };

  it('lets the same model serve at once after a restart, in the same containers on the same port', async () => {
    const first = await start();
    await serve(first, 'good');
    const before = first.control.containers();
    await first.close();
    expect(await served(first)).to.deep.equal([]);
    const second = await start();
    expect(second.cluster.port).to.equal(first.cluster.port);
    expect(second.control.containers()).to.deep.equal(before);
    expect(await served(second)).to.deep.equal(['good']);
  });

  it('keeps the log over a restart without repeating it', async () => {
    const first = await start();
    await serve(first, 'good');
    await first.close();
    const second = await start();
    const log = new LogListener(second.runtime);
    await log.heard(/Uvicorn running/);
    await log.end();
    expect(log.lines.filter(({ line }) => line.includes('Application startup complete'))).to.have.length(1);
  });

  it('keeps the fences, and with them the order of claims', async () => {
    const first = await start();
    expect((await first.fence.claim(swapId('swp_1'), 41, NEVER)).fence).to.equal(41);
    await first.close();
    const second = await start();
    expect((await second.fence.claim(swapId('swp_2'), 1, NEVER)).fence).to.equal(42);
  });

  it('keeps what was deleted and downloaded, also half of it', async () => {
    const first = await start();
    const [spark1, spark2] = first.cluster.hosts.map(({ key }) => key) as [HostKey, HostKey];
    const order = { job: 'op_1', repo: 'org/model', revision: null, hosts: [spark1], token: null };
    await first.weights.remove(spark1, 'org/model', NEVER);
    await first.weights.remove(spark2, 'org/model', NEVER);
    const enough = new AbortController();
    const half = first.weights.download(order, ({ doneBytes }) => (doneBytes ?? 0) > 0 && enough.abort(), ignore, enough.signal);
    await half.catch(ignore);
    await first.close();
    const second = await start();
    const survey = async (): Promise<readonly unknown[]> => {
      const hosts = await second.weights.survey([{ id: 'it', source: { kind: 'repo', repo: 'org/model', revision: null } }], NEVER);
      return hosts.map((host) => host.reachable && host.stored.map(({ complete }) => complete));
    };
    expect(await survey()).to.deep.equal([[false], []]);
    await second.weights.download({ ...order, job: 'op_2' }, ignore, ignore, NEVER);
    expect(await survey()).to.deep.equal([[true], []]);
  });

  it('survives being killed: the file is whole after each change', async () => {
    const first = await start();
    await serve(first, 'good');
    const asLeftByAKill = readFileSync(stateFile, 'utf8');
    await first.close();
    writeFileSync(stateFile, asLeftByAKill);
    expect(await served(await start())).to.deep.equal(['good']);
  });

  it('goes on with a load that was under way', async () => {
    const first = await start();
    const claim = await first.fence.claim(swapId('swp_1'), 1, NEVER);
    await first.runtime.launch(aPlan(first.cluster, 'good'), claim, ignore, NEVER);
    await first.close();
    const second = await start();
    await until(
      () => served(second),
      (names) => names.includes('good'),
      'the load has gone on',
    );
    expect(second.control.containers().map((container) => container.identity?.fence)).to.deep.equal([claim.fence, claim.fence]);
  });

  it('moves to another port when somebody else took the old one', async () => {
    const first = await start();
    await serve(first, 'good');
    await first.close();
    const squatter = createServer().listen(first.cluster.port, '127.0.0.1');
    await once(squatter, 'listening');
    const second = await start();
    expect(second.cluster.port).to.not.equal(first.cluster.port);
    expect(await served(second)).to.deep.equal(['good']);
    squatter.close();
  });

  it('remembers what is dead and what is set aside', async () => {
    const first = await start();
    await first.control.startUnmanaged({ name: 'somebodys-server' });
    const claim = await first.fence.claim(swapId('swp_1'), 1, NEVER);
    await first.runtime.stop(claim, { park: true, report: ignore }, NEVER);
    await first.control.startUnmanaged({ host: hostKey('spark-2'), name: 'dead' });
    await first.control.killContainer(hostKey('spark-2'), 'dead');
    const before = first.control.containers();
    await first.close();
    const second = await start();
    expect(second.control.containers()).to.deep.equal(before);
    await second.runtime.unpark(claim, 'restore', NEVER);
    await until(
      () => served(second),
      (names) => names.includes('somebody/else'),
      'it is back',
    );
  });

  it('starts anew, with a warning, when the file cannot be read', async () => {
    const first = await start();
    await serve(first, 'good');
    await first.close();
    for (const broken of ['{', '[]', '{"version":99,"port":1,"hosts":{}}']) {
      writeFileSync(stateFile, broken);
      const warnings: string[] = [];
      const next = await start({ ...silentLogger, warn: (message) => void warnings.push(message) });
      expect(warnings).to.have.length(1);
      expect(next.control.containers()).to.deep.equal([]);
      await next.close();
    }
  });
});
