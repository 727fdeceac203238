import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Host, type NimOrder, type PullProgress, SparkError } from '@spark-control/core';
import { expect } from 'chai';
import { nimHostContract } from '../../core/test/contracts/nim-host.contract.ts';
import { aCluster } from '../../core/test/support/builders.ts';
import { HOSTILE } from '../../core/test/support/hostile-words.ts';
import { ShellPool, SshNimHost } from '../src/index.ts';
import { eventually } from './support/eventually.ts';
import { freePort, NimBench, withFakeDocker } from './support/nim-bench.ts';
import { Sshd, sshdProblem, useSshd } from './support/sshd.ts';
import { systemClock } from './support/system-clock.ts';

const KEY = 'nvapi-canary-0123456789abcdefghijklmnopqrstuvwxyz';
const AUTH = Buffer.from(`$oauthtoken:${KEY}`).toString('base64');
const NEVER = new AbortController().signal;
const IMAGES = {
  good: 'lan:5000/nim/good:1',
  second: 'lan:5000/nim/good:2',
  wrongProcessor: 'lan:5000/nim/for-amd64:1',
  crashing: 'lan:5000/nim/crash:1',
};

const nimOf = (host: Host, pool: ShellPool): SshNimHost =>
  new SshNimHost({ clusters: [{ ...aCluster(), hosts: [host] }], pool: withFakeDocker(pool), clock: systemClock });

if (sshdProblem() === null) {
  nimHostContract('a host over SSH', async () => {
    const sshd = await new Sshd().start();
    const pool = new ShellPool({ clock: systemClock });
    const port = await freePort();
    let bench = new NimBench(sshd.home, KEY);
    return {
      ...{ nim: nimOf(sshd.host, pool), host: sshd.host.key, key: KEY, port, images: IMAGES },
      pulls: () => bench.pulled.length,
      reset: async () => {
        await bench.stop();
        sshd.empty();
        bench = new NimBench(sshd.home, KEY);
        await bench.start(port);
      },
      dispose: async () => {
        await bench.stop();
        await pool.close();
        await sshd.stop();
      },
    };
  });
}

describe('a NIM installed over SSH', function () {
  this.timeout(30_000);
  const hosts = useSshd(1);
  let port: number;
  let pool: ShellPool;
  let bench: NimBench;
  let nim: SshNimHost;
  let order: NimOrder;
  before(async () => {
    port = await freePort();
  });
  beforeEach(async () => {
    pool = new ShellPool({ clock: systemClock });
    bench = new NimBench(hosts()[0]!.home, KEY);
    await bench.start(port);
    nim = nimOf(hosts()[0]!.host, pool);
    order = {
      job: 'op_1',
      image: IMAGES.good,
      container: 'nim-one',
      port,
      cache: '~/nim cache',
      env: { PLAIN: `a 'b'\n$c` },
      replace: false,
      shmGib: 8,
    };
  });
  afterEach(async () => {
    await bench.stop();
    await pool.close();
  });

  const host = () => hosts()[0]!.host.key;
  const pull = (told: PullProgress[] = [], lines: string[] = [], signal = NEVER) =>
    nim.pull(
      host(),
      order,
      KEY,
      (progress) => told.push(progress),
      (line) => lines.push(line),
      signal,
    );
  const refusal = async (call: Promise<unknown>): Promise<SparkError> => {
    const error: unknown = await call.then(
      () => null,
      (caught: unknown) => caught,
    );
    if (error instanceof SparkError) return error;
    throw new Error(`it was not refused: ${error}`);
  };
  const leftInMemory = (): readonly string[] => readdirSync('/dev/shm').filter((name) => name.startsWith('spark-control-nim.'));
  const everythingIn = (folder: string): string =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .map((name) => join(folder, name))
      .filter((path) => statSync(path).isFile())
      .map((path) => readFileSync(path, 'utf8'))
      .join('\n');

  it('has the key in no argv, no line, no file that stays, and in one environment only: that of docker run', async () => {
    const told: PullProgress[] = [];
    const lines: string[] = [];
    await nim.login(host(), order.image, KEY, NEVER);
    await nim.inspect(host(), order.image, KEY, NEVER);
    await pull(told, lines);
    await nim.run(host(), order, KEY, NEVER);
    const { ready } = await nim.ready(host(), order, NEVER);
    expect(ready).to.equal(true);
    for (const text of [bench.read('calls'), lines.join('\n'), JSON.stringify(told)]) {
      expect(text).to.not.contain(KEY).and.to.not.contain(AUTH);
    }
    const withKey = bench
      .read('environments')
      .split(/^--- /m)
      .filter((call) => call.includes(KEY));
    expect(withKey.map((call) => call.slice(0, 6))).to.deep.equal(['run -d']);
    expect(bench.pulled).to.deep.equal([
      {
        path: '/images/create?fromImage=lan%3A5000%2Fnim%2Fgood&tag=1',
        auth: JSON.stringify({ username: '$oauthtoken', password: KEY, serveraddress: 'lan:5000' }),
      },
    ]);
    expect(everythingIn(join(hosts()[0]!.home, '.spark-control'))).to.not.contain(KEY);
    expect(leftInMemory()).to.deep.equal([]);
  });

  it('starts the container with just what was asked for, each value one word', async () => {
    await pull();
    await nim.run(host(), order, KEY, NEVER);
    const [call = ''] = bench
      .read('calls')
      .split('\n')
      .filter((line) => line.startsWith('run '));
    const { home } = hosts()[0]!;
    expect(call).to.equal(
      `run -d --name nim-one --gpus all --shm-size=8g --label spark-control.nim=op_1 -e PLAIN -e NGC_API_KEY -p ${port}:8000 -v ${home}/nim cache:/opt/nim/.cache ${order.image}`,
    );
    expect(statSync(join(home, 'nim cache')).mode & 0o777).to.equal(0o777);
    const environment = bench
      .read('environments')
      .split(/^--- /m)
      .find((one) => one.startsWith('run '));
    expect(environment).to.contain(`PLAIN=a 'b'\n$c\n`);
  });

  it('logs in with the literal user name, and leaves the configuration of the login user alone', async () => {
    await nim.login(host(), order.image, KEY, NEVER);
    const calls = bench.read('calls');
    expect(calls).to.contain('login lan:5000 --username $oauthtoken --password-stdin\n');
    expect(readdirSync(hosts()[0]!.home)).to.not.include('.docker');
    expect(leftInMemory()).to.deep.equal([]);
  });

  it('says why, without the words of Docker and without the key', async () => {
    const wrong = await refusal(nim.login(host(), order.image, `${KEY}-wrong`, NEVER));
    expect([wrong.code, wrong.message]).to.deep.equal(['RUNTIME_REJECTED', 'lan:5000 refused the NGC key.']);
    const without = await refusal(nim.inspect(host(), order.image, null, NEVER));
    expect(without.message).to.equal('The registry gives lan:5000/nim/good:1 to nobody without an NGC key.');
    const missing = await refusal(nim.inspect(host(), 'lan:5000/nim/missing:1', KEY, NEVER));
    expect(missing.message).to.equal('No registry gives spark-1 an image lan:5000/nim/missing:1.');
    const own = await refusal(nim.login(host(), 'nim/good:1', KEY, NEVER));
    expect(own.code).to.equal('UNSAFE_ARGUMENT');
    bench.put('run-fails');
    await pull();
    const run = await refusal(nim.run(host(), order, KEY, NEVER));
    expect(run.message).to.equal(`Port ${port} on spark-1 is taken.`);
    expect((await nim.survey(host(), order, NEVER)).container).to.equal(null);
    for (const error of [wrong, without, missing, own, run]) expect(`${error.stack}${JSON.stringify(error.details)}`).to.not.contain(KEY);
  });

  it('brings the old container back when the new one is refused', async () => {
    await pull();
    await nim.run(host(), order, KEY, NEVER);
    bench.put('run-fails');
    await refusal(nim.run(host(), { ...order, job: 'op_2', replace: true }, KEY, NEVER));
    expect((await nim.survey(host(), order, NEVER)).container).to.deep.equal({ running: true, job: 'op_1' });
  });

  it('asks the engine where the client does not understand the manifest', async () => {
    bench.put('no-manifest');
    bench.platforms = ['amd64', 'arm64', 'unknown'];
    expect(await nim.inspect(host(), order.image, KEY, NEVER)).to.deep.equal({
      image: order.image,
      architectures: ['amd64', 'arm64'],
      bytes: null,
    });
    expect(leftInMemory()).to.deep.equal([]);
  });

  it('tells the size of what is made for the host', async () => {
    expect((await nim.inspect(host(), order.image, KEY, NEVER)).bytes).to.equal(3_345);
  });

  it('goes on pulling when the link is lost, and clears the key away at the end', async () => {
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    bench.pulling = () => gate;
    const pulling = pull();
    await eventually(() => bench.pulled.length === 1);
    expect(leftInMemory()).to.have.length(1);
    await hosts()[0]!.killSessions();
    open();
    await pulling;
    expect([bench.pulled.length, leftInMemory()]).to.deep.equal([1, []]);
  });

  it('ends the pull when it is cancelled, and clears the key away', async () => {
    bench.pulling = () => new Promise(() => undefined);
    const caller = new AbortController();
    const pulling = pull([], [], caller.signal);
    await eventually(() => bench.pulled.length === 1);
    caller.abort(new Error('cancelled'));
    await pulling.catch(() => undefined);
    expect(leftInMemory()).to.deep.equal([]);
  });

  it('shows the end of the log of a container that has ended, without what looks like a secret', async () => {
    order = { ...order, image: IMAGES.crashing };
    await pull();
    await nim.run(host(), order, KEY, NEVER);
    const { message, details } = await refusal(nim.ready(host(), order, NEVER));
    expect(message).to.equal('Container nim-one on spark-1 is exited (exit code 1). Its last line: Loading weights');
    expect(JSON.stringify(details)).to.not.contain(KEY);
  });

  it('refuses a name that would be a command or an option: of a variable, of a container', async () => {
    const attempts = [{ env: { '$(touch pwned)': 'x' } }, { env: { 'A=1; touch pwned; B': 'x' } }, { container: '--privileged' }];
    for (const over of attempts) {
      const refused = await nim.run(host(), { ...order, ...over }, null, NEVER).catch((error: unknown) => error);
      expect(refused).to.be.instanceOf(SparkError).and.to.include({ code: 'UNSAFE_ARGUMENT' });
    }
    const calls = [
      nim.survey(host(), { ...order, container: '-f' }, NEVER),
      nim.settle(host(), { ...order, container: '-f' }, 'old', NEVER),
    ];
    for (const call of calls) expect(await call.catch((error: unknown) => error)).to.include({ code: 'UNSAFE_ARGUMENT' });
  });

  it('passes on any value as it is: variables, the folder, and a key of whatever characters', async () => {
    const env = Object.fromEntries(HOSTILE.map((word, at) => [`V${at}`, word]));
    const cache = `~/it's a "$(touch pwned)" \`touch pwned\`;&|*?`;
    const key = `n'v"a$(touch pwned)\`touch pwned\`;&|*?<>\\~#%s`;
    bench.put('key', key);
    await nim.login(host(), order.image, key, NEVER);
    await nim.run(host(), { ...order, env, cache }, key, NEVER);
    const environment =
      bench
        .read('environments')
        .split(/^--- /m)
        .find((call) => call.startsWith('run ')) ?? '';
    for (const [name, word] of Object.entries(env)) expect(environment).to.contain(`\n${name}=${word}\n`);
    expect(environment).to.contain(`\nNGC_API_KEY=${key}\n`);
    const { home } = hosts()[0]!;
    expect(bench.read('calls')).to.contain(` -v ${home}${cache.slice(1)}:/opt/nim/.cache ${order.image}\n`);
    expect(readdirSync(home, { recursive: true, encoding: 'utf8' }).filter((name) => name.split('/').at(-1) === 'pwned')).to.deep.equal([]);
  });
});
