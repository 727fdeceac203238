import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { eventually, type Outcome } from './support/commands.ts';
import { containersOn, startsOn } from './support/hosts.ts';
import { IMAGES } from './support/image.ts';
import { openSession, serves, sshTo } from './support/login.ts';
import { LAUNCHER_DIRECTORIES } from './support/rig.ts';
import type { SparkHost } from './support/spark-host.ts';
import { useRig } from './support/suite.ts';

const LAUNCHER = `${LAUNCHER_DIRECTORIES.modern}/launch-cluster.sh`;
/** Without those that Docker is about to remove: `docker stop` of a container with `--rm` returns a moment before that is done. */
const states = async (host: SparkHost): Promise<readonly string[]> =>
  (await containersOn(host)).filter(({ status }) => status !== 'removing').map(({ name, status }) => `${name} ${status}`);

/** The stand-in has to have the traps of the launcher, or the runtime's tests prove nothing. */
describe('the stand-in of the launcher, current generation', function () {
  this.timeout(90_000);
  const rig = useRig();
  const hosts = (): readonly [SparkHost, SparkHost] => rig().hosts as readonly [SparkHost, SparkHost];
  const nodes = (): string => `-n ${hosts()[0].address},${hosts()[1].address} --eth-if eth0 --ib-if ib0`;
  const launch = (words: string, environment = ''): Promise<Outcome> => sshTo(rig(), hosts()[0], `${environment} ${LAUNCHER} ${words}`);

  it('starts a model on both hosts, workers first, and stops it', async () => {
    const [head, worker] = hosts();
    const started = await launch(`${nodes()} -d exec vllm serve org/big -tp 2 --chat-template 'two words'`);
    expect(started.code, started.stderr).to.equal(0);
    expect(started.stdout).to.match(/Checking SSH.*Verifying Docker image.*Starting Head Node.*Starting Worker Node.*rank 1.*rank 0/s);
    expect(started.stdout.trim().split('\n').at(-1)).to.equal('Command dispatched in background (Daemon mode). Container: vllm_node');
    await serves(head);
    const common = ['serve', 'org/big', '-tp', '2', '--chat-template', 'two words', '--nnodes', '2', '--node-rank'];
    const master = ['--master-addr', head.address, '--master-port', '29501'];
    expect(startsOn(head)[0]?.argv).to.deep.equal([...common, '0', ...master]);
    expect(startsOn(worker)[0]?.argv).to.deep.equal([...common, '1', ...master, '--headless']);

    const stopped = await launch(`${nodes()} stop`);
    expect(stopped.stdout).to.match(/Stopping cluster.*Stopping head node.*Stopping worker node.*Cluster stopped\./s);
    expect([...(await states(head)), ...(await states(worker))]).to.deep.equal([]);
  });

  it('extends the last line of a launch script and reads -tp from it', async () => {
    const [head, worker] = hosts();
    const script = `#!/bin/bash\nA=($'org/one\\x20x')\nexec vllm serve "\${A[@]}" -tp 1\n`;
    writeFileSync(join(head.directory, 'home', 'spark', 'run.sh'), script);
    const started = await launch(`${nodes()} -d --launch-script ~/run.sh`);
    expect(started.stdout).to.include('using 1 of 2 configured node(s).');
    await serves(head);
    expect(startsOn(head)[0]?.argv).to.deep.equal(['serve', 'org/one x', '-tp', '1']);
    expect(startsOn(worker)).to.deep.equal([]);
  });

  it('executes into a container that runs already, and calls that a success', async () => {
    const [head] = hosts();
    await launch('--solo -d exec vllm serve org/first');
    await serves(head);
    const second = await launch('--solo -d exec vllm serve org/second');
    expect(second).to.deep.include({ code: 0 });
    expect(second.stdout).to.include('Skipping launch.');
    await eventually('the second start', () => startsOn(head).length === 2);
    await eventually('its end', async () => /Errno 98/.test(await head.docker('logs', 'vllm_node')));
  });

  it('reports a dispatch that never was: name conflict and missing image on one host', async () => {
    const [head] = hosts();
    await head.docker('create', '--name', 'vllm_node', IMAGES.node, 'true');
    const conflict = await launch('--solo -d exec vllm serve org/first');
    expect(conflict.code).to.equal(0);
    expect(conflict.stderr).to.include('is already in use').and.include('is not running');
    const missing = await launch('--solo --name other -t no-such-image:1 -d exec vllm serve org/first');
    expect(missing.code).to.equal(0);
    expect(missing.stdout).to.include('Command dispatched in background');
    expect(startsOn(head)).to.deep.equal([]);
  });

  it('finds differing images on two hosts before it starts anything', async () => {
    const [head, worker] = hosts();
    await worker.docker('tag', IMAGES.next, 'vllm-node:differs');
    await head.docker('tag', IMAGES.node, 'vllm-node:differs');
    const answer = await launch(`${nodes()} -t vllm-node:differs -d exec vllm serve org/big -tp 2`);
    expect(answer.code).to.equal(1);
    expect(answer.stdout).to.include('Error: Docker image mismatch on worker node');
    expect(await states(head)).to.deep.equal([]);
    await Promise.all(hosts().map((host) => host.docker('rmi', 'vllm-node:differs')));
  });

  it('lets a left-over worker container suppress the head, and leaves its rank behind', async () => {
    const [head, worker] = hosts();
    await worker.docker('run', '-d', '--rm', '-v', `${worker.directory}/sim:/sim`, '--name', 'vllm_node', IMAGES.node, 'sleep', '600');
    const answer = await launch(`${nodes()} -d exec vllm serve org/big -tp 2`);
    expect(answer.code).to.equal(1);
    expect(answer.stdout).to.include('already running on worker node (').and.include('Error: failed to start the command inside container');
    expect(await states(head)).to.deep.equal([]);
    await eventually('the orphaned rank', () => startsOn(worker).length === 1);
  });

  it('claims to have stopped a worker that it cannot reach', async () => {
    const [head, worker] = hosts();
    await worker.docker('run', '-d', '--rm', '--name', 'vllm_node', IMAGES.node, 'sleep', '600');
    await rig().network.setLink(worker.name, 'down');
    // Known to ARP, the worker would be tried for more than a minute.
    await head.exec(['ip', 'neighbour', 'flush', 'dev', 'eth0']);
    const answer = await launch(`${nodes()} stop`);
    expect(answer).to.deep.include({ code: 0 });
    expect(answer.stdout).to.include('Cluster stopped.');
    expect(await states(worker)).to.deep.equal(['vllm_node running']);
  });

  it('dies at its next line when a session without a terminal is cut, and the containers go on', async () => {
    const [head] = hosts();
    const session = openSession(rig(), head, `${LAUNCHER} --solo exec vllm serve org/first`);
    await serves(head);
    session.child.kill('SIGKILL');
    await session.ended;
    await fetch(`http://${head.address}:8000/v1/models`);
    expect(await states(head)).to.deep.equal(['vllm_node running']);
    expect(await serves(head)).to.equal(true);
  });

  it('stops the containers when a session with a terminal is cut', async () => {
    const [head] = hosts();
    const session = openSession(rig(), head, `${LAUNCHER} --solo exec vllm serve org/first`, { terminal: true });
    await serves(head);
    session.child.kill('SIGKILL');
    await session.ended;
    await eventually('the container to be gone', async () => (await states(head)).length === 0, 30_000);
  });

  it('splits extra Docker words without regard to quotes on the head, and with it on the worker', async () => {
    const [head, worker] = hosts();
    await launch(`${nodes()} -d start`, `VLLM_SPARK_EXTRA_DOCKER_ARGS='--label mark="x"'`);
    const [onHead] = await containersOn(head);
    const [onWorker] = await containersOn(worker);
    expect([onHead?.labels['mark'], onWorker?.labels['mark']]).to.deep.equal(['"x"', 'x']);
  });

  it('answers help and unknown options with exit code 1 and starts nothing', async () => {
    const help = await launch('--help');
    expect(help).to.deep.include({ code: 1 });
    expect(help.stdout).to.include('--launch-script').and.include('--no-ray');
    const unknown = await launch('--frobnicate');
    expect(unknown).to.deep.include({ code: 1 });
    expect(unknown.stdout).to.include('Error: Unknown argument or action');
    expect(await states(hosts()[0])).to.deep.equal([]);
  });
});
