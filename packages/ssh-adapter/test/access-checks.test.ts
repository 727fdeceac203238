import { SparkError } from '@spark-control/core';
import { expect } from 'chai';
import { aCluster } from '../../core/test/support/builders.ts';
import { FakeClock } from '../../core/test/support/fake-clock.ts';
import { apiPortStep, brokenStep, dockerStep, imageStep, type Reached, timeStep } from '../src/access-checks.ts';
import { printed, ScriptedShell } from './support/scripted-shell.ts';

const NEVER = new AbortController().signal;
const NOWHERE = new SparkError('HOST_UNREACHABLE', 'spark1 is away.');
const ID = `sha256:${'a1'.repeat(32)}`;

/** A host that answers each script with what a test says; `pooled`: over the connection that is shared. */
function reached(stdout: string, pooled: string | Error = NOWHERE, launcher: 'docker_run' | 'launch_cluster' = 'docker_run'): Reached {
  const cluster = aCluster({ launcher, hosts: aCluster().hosts.slice(0, 1) });
  const shell = new ScriptedShell('spark1', () => printed(stdout));
  const other = new ScriptedShell('spark1', () => (pooled instanceof Error ? pooled : printed(pooled)));
  return { host: cluster.hosts[0]!, cluster, shell, pooled: other, clock: new FakeClock(), signal: NEVER };
}

const DENIED = '\u001edocker\n1 permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock\n';
const WORKS = '\u001edocker\n0 28.5.1\n';

describe('the look at a host that lets us in', () => {
  it('names the version of a Docker that answers', async () => {
    expect(await dockerStep(reached(WORKS, WORKS))).to.include({ status: 'pass', measured: '28.5.1' });
    expect(await dockerStep(reached(WORKS, NOWHERE)), 'the shared connection is away').to.include({ status: 'pass' });
  });

  it('says word for word how a user comes to use Docker', async () => {
    const step = await dockerStep(reached(DENIED));
    expect(step).to.include({ status: 'fail', detail: 'User spark may not use Docker.', hint: 'On spark1: sudo usermod -aG docker spark' });
  });

  it('warns that the connection in use is older than the group', async () => {
    const step = await dockerStep(reached(WORKS, DENIED));
    expect(step).to.include({ status: 'warn', measured: '28.5.1' });
    expect(step.hint).to.include('Restart Spark Control');
  });

  for (const [what, said, hint] of [
    ['is not installed', '127 sh: docker: not found', /docs\.docker\.com/],
    ['does not answer', '124 ', /systemctl restart docker/],
    ['has no daemon', '1 Cannot connect to the Docker daemon at unix:///var/run/docker.sock.', /systemctl enable --now docker/],
    ['says something else', '1 hf_abcdefghijklmnop', /systemctl enable/],
  ] as const) {
    it(`fails when Docker ${what}, and shows nothing of what was printed`, async () => {
      const step = await dockerStep(reached(`\u001edocker\n${said}\n`));
      expect(step.status).to.equal('fail');
      expect(step.hint).to.match(hint);
      expect(JSON.stringify(step)).not.to.include(said.slice(4) || 'nothing');
    });
  }

  it('finds the image, warns where it is not, and does not look without Docker', async () => {
    expect(await imageStep(reached(`\u001eimage\n${ID}\n`), true)).to.include({ status: 'pass', measured: ID });
    expect((await imageStep(reached('\u001eimage\n'), true)).hint).to.equal('On spark1: docker pull vllm-node');
    expect((await imageStep(reached('\u001eimage\n', NOWHERE, 'launch_cluster'), true)).hint).to.include('build script');
    expect(await imageStep(reached(''), false)).to.include({ status: 'skip' });
  });

  it('tells the port of our own container from one of somebody else', async () => {
    const listening = (name: string): string =>
      `\u001eport\nLISTEN 0 4096 *:8000 *:*\nowner 77 ${'c'.repeat(64)} vllm\n\u001enames\n${'c'.repeat(64)} ${name}\n`;
    const other = await apiPortStep(reached(listening('somebody')));
    expect(other).to.include({ status: 'warn', detail: 'Port 8000 is taken by container somebody.', measured: 'container somebody' });
    expect((await apiPortStep(reached('\u001eport\nss failed\n\u001enames\n'))).hint).to.include('iproute2');
    expect(await apiPortStep(reached('\u001eport\n\u001enames\n'))).to.include({ status: 'pass', measured: 'free' });
  });

  for (const [skewMs, status, measured] of [
    [0, 'pass', '+0.0 s'],
    [4_900, 'pass', '+4.9 s'],
    [-5_200, 'warn', '-5.2 s'],
    [90_000, 'warn', '+90.0 s'],
  ] as const) {
    it(`${status === 'pass' ? 'bears' : 'warns of'} a clock that is ${measured} from ours`, async () => {
      const seconds = ((new FakeClock().now() + skewMs) / 1_000).toFixed(9);
      expect(await timeStep(reached(`\u001etime\n${seconds}\n`))).to.include({ status, measured });
    });
  }

  it('reads whole seconds of a date that knows no smaller ones, and says when there is none', async () => {
    expect(await timeStep(reached(`\u001etime\n${new FakeClock().now() / 1_000}.%N\n`))).to.include({ status: 'pass' });
    expect(await timeStep(reached('\u001etime\n'))).to.include({ status: 'warn', measured: null });
  });

  it('says of a step that could not be asked what is ours to say', () => {
    expect(brokenStep(NOWHERE)).to.include({ status: 'fail', detail: 'spark1 is away.' });
    expect(brokenStep(new TypeError('innards')).detail).to.equal('It could not be asked.');
  });
});
