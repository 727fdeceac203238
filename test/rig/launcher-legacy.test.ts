import { expect } from 'chai';
import { eventually, type Outcome } from './support/commands.ts';
import { containersOn, startsOn } from './support/hosts.ts';
import { openSession, serves, sshTo } from './support/login.ts';
import { LAUNCHER_DIRECTORIES } from './support/rig.ts';
import type { SparkHost } from './support/spark-host.ts';
import { useRig } from './support/suite.ts';

const LAUNCHER = `${LAUNCHER_DIRECTORIES.legacy}/launch-cluster.sh`;
/** Without those that Docker is about to remove: `docker stop` of a container with `--rm` returns a moment before that is done. */
const states = async (host: SparkHost): Promise<readonly string[]> =>
  (await containersOn(host)).filter(({ status }) => status !== 'removing').map(({ name, status }) => `${name} ${status}`);

describe('the stand-in of the launcher, generation of January 2026', function () {
  this.timeout(90_000);
  const rig = useRig();
  const hosts = (): readonly [SparkHost, SparkHost] => rig().hosts as readonly [SparkHost, SparkHost];
  const nodes = (): string => `-n ${hosts()[0].address},${hosts()[1].address} --eth-if eth0 --ib-if ib0`;
  const launch = (words: string, environment = ''): Promise<Outcome> => sshTo(rig(), hosts()[0], `${environment} ${LAUNCHER} ${words}`);

  it('starts Ray on both hosts with -d start, and stops it within moments', async () => {
    const started = await launch(`${nodes()} -d start`);
    expect(started.code, started.stderr).to.equal(0);
    expect(started.stdout).to.include('Cluster head is responsive.').and.include('Cluster started in background (Daemon mode).');
    for (const host of hosts()) {
      expect(await states(host)).to.deep.equal(['vllm_node running']);
      expect(await host.docker('top', 'vllm_node', '-eo', 'pid,args')).to.include('/raylet');
    }
    const before = performance.now();
    expect((await launch(`${nodes()} stop`)).code).to.equal(0);
    // Ray as process 1 ends on TERM; `sleep` would take ten seconds each.
    expect(performance.now() - before).to.be.lessThan(9_000);
    for (const host of hosts()) expect(await states(host)).to.deep.equal([]);
  });

  it('stays in the foreground for exec in spite of -d, runs the model on the head alone, and takes it along when it ends', async () => {
    const [head, worker] = hosts();
    const session = openSession(rig(), head, `${LAUNCHER} ${nodes()} -d exec vllm serve org/big -tp 2 --distributed-executor-backend ray`, {
      terminal: true,
    });
    await serves(head);
    expect(startsOn(head)[0]?.argv).to.deep.equal(['serve', 'org/big', '-tp', '2', '--distributed-executor-backend', 'ray']);
    expect(startsOn(worker)).to.deep.equal([]);
    expect(session.child.exitCode).to.equal(null);
    session.child.kill('SIGKILL');
    await session.ended;
    await eventually('both containers to be gone', async () => (await Promise.all(hosts().map(states))).flat().length === 0, 30_000);
  });

  it('loses the bounds of arguments, unless they are quoted twice', async () => {
    const [head] = hosts();
    await launch(`${nodes()} -d start`);
    await launch(`${nodes()} exec vllm serve 'two words' --nonsense`);
    await launch(`${nodes()} exec vllm serve "'two words'" --nonsense`);
    expect(startsOn(head).map((start) => start.argv)).to.deep.equal([
      ['serve', 'two', 'words', '--nonsense'],
      ['serve', 'two words', '--nonsense'],
    ]);
    expect(await states(head)).to.deep.equal(['vllm_node running']);
  });

  it('takes an option it does not know for a command: starts Ray everywhere it finds, fails, and stops it all', async () => {
    const answer = await launch('--solo -d exec vllm serve org/first', `RIG_DISCOVERED=${hosts()[0].address},${hosts()[1].address}`);
    expect(answer.code).to.equal(2);
    expect(answer.stdout).to.match(/Starting Head Node.*Starting Worker Node.*Cluster stopped\./s);
    for (const host of hosts()) expect(await states(host)).to.deep.equal([]);
  });

  it('answers help with exit code 1 and does not speak of launch scripts', async () => {
    const help = await launch('--help');
    expect(help).to.deep.include({ code: 1 });
    expect(help.stdout).not.to.match(/--launch-script|--no-ray|--solo/);
  });
});
