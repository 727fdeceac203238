import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clusterKey, SparkError, swapId } from '@spark-control/core';
import { expect } from 'chai';
import { hostFenceContract } from '../../core/test/contracts/host-fence.contract.ts';
import { type RemoteShell, ShellPool, SshHostFence } from '../src/index.ts';
import { eventually } from './support/eventually.ts';
import { rejection } from './support/rejection.ts';
import { useSshd } from './support/sshd.ts';
import { systemClock } from './support/system-clock.ts';

const NEVER = new AbortController().signal;
const PAIR = clusterKey('pair');

describe('the fence on hosts with real sshd and flock', function () {
  this.timeout(30_000);
  const hosts = useSshd(2);
  let pool: ShellPool;
  beforeEach(() => {
    pool = new ShellPool({ clock: systemClock });
  });
  afterEach(() => pool.close());

  const fenceOf = (controllerId: string, from = pool): SshHostFence =>
    new SshHostFence({
      cluster: PAIR,
      controllerId,
      shells: hosts().map(({ host }) => from.shell(host)),
      pause: (signal) => systemClock.sleep(5 + Math.random() * 40, signal),
    });
  const file = (at: number): string => join(hosts()[at]!.home, '.spark-control', 'pair', 'fence');

  hostFenceContract('SshHostFence', async () => {
    const own = new ShellPool({ clock: systemClock });
    for (const { home } of hosts()) rmSync(join(home, '.spark-control'), { recursive: true, force: true });
    return {
      fenceOf: (controllerId) => fenceOf(controllerId, own),
      written: async () => [readFileSync(file(0), 'utf8'), readFileSync(file(1), 'utf8')],
      dispose: () => own.close(),
    };
  });

  it('raises all hosts to the largest number that one of them held', async () => {
    mkdirSync(join(file(1), '..'), { recursive: true });
    writeFileSync(file(1), '41 elsewhere swp_old\n');
    const claim = await fenceOf('c1').claim(swapId('swp_a'), 3, NEVER);
    expect(claim.fence).to.equal(42);
    expect([readFileSync(file(0), 'utf8'), readFileSync(file(1), 'utf8')]).to.deep.equal(['42 c1 swp_a\n', '42 c1 swp_a\n']);
  });

  for (const content of ['', 'garbage\n', '12\n', '-3 c1 swp_a\n', '1 2 3 4\n', '$(touch trapped) c s\n', '* * *\n']) {
    it(`refuses a file that holds ${JSON.stringify(content)} instead of starting anew below a lost claim`, async () => {
      mkdirSync(join(file(0), '..'), { recursive: true });
      writeFileSync(file(0), content);
      const error = await rejection(fenceOf('c1').claim(swapId('swp_a'), 3, NEVER));
      expect(error.code).to.equal('RUNTIME_REJECTED');
      expect(error.message).to.match(/damaged/);
      expect(readFileSync(file(0), 'utf8')).to.equal(content);
      expect(existsSync(join(hosts()[0]!.home, 'trapped'))).to.equal(false);
    });
  }

  it('overtakes nobody with a claim that reaches a host late, after a newer one', async () => {
    let open = (): void => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const [head, worker] = hosts().map(({ host }) => pool.shell(host)) as [RemoteShell, RemoteShell];
    const slow: RemoteShell = {
      host: worker.host,
      run: (script, options) => gate.then(() => worker.run(script, options)),
      stream: (script, onChunk, signal) => worker.stream(script, onChunk, signal),
      close: () => worker.close(),
    };
    const fence = new SshHostFence({ cluster: PAIR, controllerId: 'c1', shells: [head, slow], pause: async () => {} });
    const late = rejection(fence.claim(swapId('swp_a'), 1, NEVER, await fenceOf('c1').look(NEVER)));
    await eventually(() => existsSync(file(0)));
    const newer = await fenceOf('c2').claim(swapId('swp_b'), 1, NEVER, await fenceOf('c2').look(NEVER));
    open();
    expect((await late).code).to.equal('FENCED_OFF');
    expect([readFileSync(file(0), 'utf8'), readFileSync(file(1), 'utf8')]).to.deep.equal(Array(2).fill(`${newer.fence} c2 swp_b\n`));
  });

  it('does not read a damaged file as nobody', async () => {
    mkdirSync(join(file(0), '..'), { recursive: true });
    writeFileSync(file(0), '12\n');
    expect(await rejection(fenceOf('c1').look(NEVER))).to.include({ code: 'RUNTIME_REJECTED' });
  });

  it('does not take for unclaimed what a host without memory for a process could not read', async () => {
    const failing: RemoteShell = {
      ...pool.shell(hosts()[0]!.host),
      host: 'spark1',
      run: async () => ({ exitCode: 254, stdout: '', stderr: 'fork: Cannot allocate memory', truncated: false }),
    };
    const fence = new SshHostFence({ cluster: PAIR, controllerId: 'c1', shells: [failing], pause: async () => {} });
    expect(await rejection(fence.look(NEVER))).to.include({ code: 'HOST_UNREACHABLE' });
  });

  it('says which host cannot write its fence', async () => {
    mkdirSync(join(hosts()[1]!.home, '.spark-control'));
    writeFileSync(join(file(1), '..'), 'a file in the place of the folder');
    const error = await rejection(fenceOf('c1').claim(swapId('swp_a'), 3, NEVER));
    expect(error).to.include({ code: 'HOST_UNREACHABLE' });
    expect(error.message)
      .to.include('spark-2')
      .and.to.match(/writable|space/);
  });

  it('takes no controller id or swap id that could be something else than a word', async () => {
    expect(() => fenceOf('c1; rm -rf /'))
      .to.throw(SparkError)
      .with.property('code', 'UNSAFE_ARGUMENT');
    const error = await rejection(fenceOf('c1').claim(swapId("swp' $(id)"), 1, NEVER));
    expect(error.code).to.equal('UNSAFE_ARGUMENT');
  });
});
