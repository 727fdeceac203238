import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Cli, type Ended } from '../support/cli.ts';
import { until } from '../support/clock.ts';
import { FakeApi, frame, problem, stream } from '../support/fake-api.ts';
import { aGrant, aRenewal, aSwap, HELD, LOCK_ID, settledSwap } from '../support/wire.ts';

const ACQUIRE = 'POST /api/swap/lock';
const RENEW = 'PUT /api/swap/lock';
const RELEASE = 'DELETE /api/swap/lock';
const STREAM = 'GET /api/swap/{}/stream';
/** Renewed often, but with its end far away: what is slow here must not look like a lost lease. */
const RENEWED = { ttl_seconds: 7_200, renew_after_seconds: 2 } as const;
const SHORT = { ttl_seconds: 8, renew_after_seconds: 2 } as const;
const CLUSTER = { key: 'default', serving: 'qwen3-32b', state: 'running', healthy: true, served_model_name: 'Qwen/Qwen3-32B' };

describe('with-lock', function () {
  this.timeout(20_000);
  let api: FakeApi;
  let cli: Cli;

  beforeEach(async () => {
    api = await new FakeApi().listen();
    cli = new Cli(api.url);
    api.on(ACQUIRE, { status: 201, body: aGrant() }).on(RELEASE, { status: 204 }).on(RENEW, { status: 200, body: aRenewal() });
    api.on('GET /api/status', { status: 200, body: { clusters: [CLUSTER], swaps: [] } });
  });
  afterEach(async () => {
    expect(cli.listeners).to.equal(0);
    await api.stop();
    cli.remove();
  });

  const file = (name: string): string => join(cli.home, name);
  const wrote = (name: string): boolean => existsSync(file(name));
  /** A command that runs this and has its folder as `process.env.DIR`. */
  const node = (script: string): readonly string[] => [
    '--',
    process.execPath,
    '-e',
    `const fs = require('fs'); process.chdir(${JSON.stringify(cli.home)}); ${script}`,
  ];
  const calls = (): readonly string[] =>
    api.seen.filter(({ method, path }) => path === '/api/swap/lock' && method !== 'GET').map(({ method }) => method);
  const withLock = (...words: readonly string[]): Promise<Ended> => cli.run(['with-lock', ...words], { speed: 10 });
  /** Runs until the command has written that it is there. */
  const READY = `fs.writeFileSync('ready', String(process.pid));`;
  const FOREVER = `${READY} setInterval(() => {}, 1000);`;
  /** One that has ended and was not collected by whoever adopted it is dead enough. */
  const isAlive = (pid: number): boolean => {
    try {
      process.kill(pid, 0);
      const state = `/proc/${pid}/stat`;
      return !existsSync(state) || !/\) Z /.test(readFileSync(state, 'utf8'));
    } catch {
      return false;
    }
  };

  it('runs the command under the lock with what it needs to know, says nothing, and releases', async () => {
    const save = `const { SPARK_LOCK_ID, SPARK_BASE_URL, SPARK_CLUSTER, SPARK_MODEL_ID } = process.env;
      fs.writeFileSync('env', JSON.stringify({ SPARK_LOCK_ID, SPARK_BASE_URL, SPARK_CLUSTER, SPARK_MODEL_ID, argv: process.argv.slice(1) }));`;
    const ended = await withLock('--holder', 'nightly', '--ttl', '2h', '--reason', 'why', ...node(save), 'a b', '$HOME', '--json');
    expect(ended).to.deep.equal({ code: 0, stdout: '', stderr: '' });
    expect(JSON.parse(readFileSync(file('env'), 'utf8'))).to.deep.equal({
      ...{ SPARK_LOCK_ID: LOCK_ID, SPARK_BASE_URL: api.url, SPARK_CLUSTER: 'default', SPARK_MODEL_ID: 'Qwen/Qwen3-32B' },
      argv: ['a b', '$HOME', '--json'],
    });
    expect(api.calls(ACQUIRE)[0]?.body).to.deep.equal({ holder: 'nightly', ttl_seconds: 7_200, wait_seconds: 0, reason: 'why' });
    expect(calls()).to.deep.equal(['POST', 'DELETE']);
    expect(api.calls(RELEASE)[0]?.headers['x-swap-lock']).to.equal(LOCK_ID);
  });

  it('returns the code of a command that fails, and releases', async () => {
    expect(await withLock(...node('process.exit(42)'))).to.include({ code: 42, stderr: '' });
    expect(calls()).to.deep.equal(['POST', 'DELETE']);
  });

  it('returns 128 and the number of the signal that ended the command', async () => {
    expect(await withLock(...node(`process.kill(process.pid, 'SIGKILL'); setInterval(() => {}, 1000)`))).to.have.property('code', 137);
    expect(calls()).to.deep.equal(['POST', 'DELETE']);
  });

  it('does not take the lock for a command that cannot be run', async () => {
    const absent = await withLock('--', 'no-such-command-here');
    expect(absent).to.deep.equal({ code: 127, stdout: '', stderr: 'sparkctl: no-such-command-here: command not found\n' });
    expect(await withLock('--', cli.home)).to.have.property('code', 126);
    expect(await withLock('--', '/dev/null')).to.have.property('code', 126);
    expect(await withLock('--', '/no/such/file')).to.have.property('code', 127);
    expect(calls()).to.deep.equal([]);
  });

  it('says who is in the way and does not run the command', async () => {
    api.on(ACQUIRE, problem(409, 'LOCK_HELD', HELD));
    expect(await withLock(...node(READY))).to.deep.equal({
      ...{ code: 103, stdout: '' },
      stderr: 'sparkctl: locked by cron:daily (nightly evaluation) until 2026-11-21T08:00:00Z\n',
    });
    expect(wrote('ready')).to.equal(false);
  });

  it('waits for its turn and tells so when asked to', async () => {
    api.on(ACQUIRE, ({ count }) =>
      count < 3 ? problem(409, 'LOCK_HELD', { ...HELD, position: 1, ticket: 'tkt_1' }) : { status: 201, body: aGrant() },
    );
    const { code, stderr } = await withLock('--wait', '30m', '--verbose', ...node(''));
    expect(code).to.equal(0);
    expect(stderr)
      .to.contain('waiting: locked by cron:daily')
      .and.to.contain('; place 1 in line\n')
      .and.to.contain('the lock is released\n');
    expect(api.calls(ACQUIRE).map(({ body }) => (body as { ticket?: string }).ticket)).to.deep.equal([undefined, 'tkt_1', 'tkt_1']);
  });

  it('renews in the background through a restart of the server, and does not trouble the command with it', async () => {
    api.on(ACQUIRE, { status: 201, body: aGrant(RENEWED) });
    api.on(RENEW, ({ count }) => (count === 2 ? 'drop' : { status: 200, body: aRenewal(RENEWED) }));
    const work = withLock(...node(`${READY} const timer = setInterval(() => fs.existsSync('go') && process.exit(0), 5);`));
    await until(() => api.calls(RENEW).length >= 1);
    await api.stop();
    await api.listen();
    await until(() => api.calls(RENEW).length >= 4);
    writeFileSync(file('go'), '');
    const { code, stderr } = await work;
    expect(code).to.equal(0);
    expect(stderr).to.contain('the lock cannot be renewed').and.to.contain('the lock is renewed again');
    expect(calls().at(-1)).to.equal('DELETE');
  });

  describe('when the lock is lost', () => {
    beforeEach(() => {
      api.on(ACQUIRE, { status: 201, body: aGrant(RENEWED) });
      api.on(RENEW, () => (wrote('ready') ? problem(412, 'FENCED_OFF') : { status: 200, body: aRenewal(RENEWED) }));
    });

    it('stops the command, ends with 109 and does not touch the lock of somebody else', async () => {
      const { code, stderr } = await withLock(
        ...node(`process.on('SIGTERM', () => { fs.writeFileSync('told', ''); process.exit(0); }); ${FOREVER}`),
      );
      expect(code).to.equal(109);
      expect(wrote('told')).to.equal(true);
      expect(stderr).to.equal('sparkctl: The lease is lost: The detail of FENCED_OFF; stopping the command\n');
      expect(calls()).not.to.include('DELETE');
    });

    it('kills a command that does not stop', async () => {
      const { code } = await withLock(...node(`process.on('SIGTERM', () => fs.writeFileSync('told', '')); ${FOREVER}`));
      expect(code).to.equal(109);
      expect(wrote('told')).to.equal(true);
      expect(isAlive(Number(readFileSync(file('ready'), 'utf8')))).to.equal(false);
    });

    it('stops what the command has started too', async () => {
      const script = `process.chdir('${cli.home}'); const fs = require('fs'); process.on('SIGTERM', () => {}); ${FOREVER}`;
      const { code } = await withLock('--', 'sh', '-c', `${JSON.stringify(process.execPath)} -e "$0"; true`, script);
      expect(code).to.equal(109);
      // Who collects orphans may take a moment to collect this one.
      await until(() => !isAlive(Number(readFileSync(file('ready'), 'utf8'))));
    });

    it('lets the command go on with --keep-on-lost', async () => {
      const work = withLock('--keep-on-lost', ...node(`${READY} setInterval(() => fs.existsSync('go') && process.exit(7), 5);`));
      await until(() => cli.stderr.includes('the command goes on, as --keep-on-lost says'));
      writeFileSync(file('go'), '');
      expect(await work).to.have.property('code', 7);
      expect(calls()).not.to.include('DELETE');
    });

    it('ends with 109 when the server stays away until the lease is over', async () => {
      api.on(ACQUIRE, { status: 201, body: aGrant(SHORT) }).on(RENEW, 'drop');
      const { code, stderr } = await withLock(...node(FOREVER));
      expect(code).to.equal(109);
      expect(stderr).to.contain('its time ran out while the server could not be asked to renew it; stopping the command');
      expect(calls()).not.to.include('DELETE');
    });
  });

  describe('at the end', () => {
    it('keeps the code of the command when the server is gone, and says what becomes of the lock', async () => {
      api.on(RELEASE, 'drop');
      const { code, stderr } = await withLock(...node('process.exit(3)'));
      expect(code).to.equal(3);
      expect(stderr).to.contain('the lock was not released, and ends by itself when its time is over: ');
      expect(api.calls(RELEASE).length).to.be.greaterThan(1);
    });

    it('takes a release whose answer was lost for one', async () => {
      api.on(RELEASE, ({ count }) => (count === 1 ? 'drop' : problem(404, 'LOCK_NOT_FOUND')));
      expect(await withLock(...node(''))).to.deep.equal({ code: 0, stdout: '', stderr: '' });
    });

    it('waits for a swap that the command has left running', async () => {
      api.on(RELEASE, ({ count }) => (count === 1 ? problem(409, 'SWAP_IN_PROGRESS', { swap_id: 'swp_9' }) : { status: 204 }));
      api.on('GET /api/swap/{}', { status: 200, body: settledSwap('ready') });
      expect(await withLock(...node(''))).to.deep.equal({ code: 0, stdout: '', stderr: '' });
      expect(api.calls('GET /api/swap/{}')[0]?.path).to.equal('/api/swap/swp_9');
      expect(calls()).to.deep.equal(['POST', 'DELETE', 'DELETE']);
    });

    it('says when the lock was lost without having been noticed', async () => {
      api.on(RELEASE, problem(410, 'LOCK_EXPIRED'));
      const { code, stderr } = await withLock(...node(''));
      expect(code).to.equal(0);
      expect(stderr).to.contain('The detail of LOCK_EXPIRED.');
    });
  });

  describe('when it gets a signal', () => {
    for (const [signal, code] of [
      ['SIGTERM', 143],
      ['SIGINT', 130],
      ['SIGHUP', 129],
    ] as const) {
      it(`hands ${signal} on, returns ${code} and releases`, async () => {
        const work = withLock(...node(FOREVER));
        await until(() => wrote('ready'));
        cli.send(signal);
        expect(await work).to.have.property('code', code);
        expect(calls()).to.deep.equal(['POST', 'DELETE']);
      });
    }

    it('returns the code of a command that ends itself on a signal', async () => {
      const work = withLock(...node(`process.on('SIGTERM', () => process.exit(5)); ${FOREVER}`));
      await until(() => wrote('ready'));
      cli.send('SIGTERM');
      expect(await work).to.have.property('code', 5);
    });

    it('kills the command at the second one', async () => {
      const work = withLock(...node(`process.on('SIGTERM', () => fs.writeFileSync('told', '')); ${FOREVER}`));
      await until(() => wrote('ready'));
      cli.send('SIGTERM');
      await until(() => wrote('told'));
      cli.send('SIGTERM');
      expect(await work).to.have.property('code', 137);
      expect(calls()).to.deep.equal(['POST', 'DELETE']);
    });

    it('leaves Ctrl-C to the terminal, which has told the command already, but not when it is pressed twice', async () => {
      const words = ['with-lock', ...node(`process.on('SIGINT', () => fs.writeFileSync('told', '')); ${FOREVER}`)];
      const work = cli.run(words, { tty: true, speed: 1 });
      await until(() => wrote('ready'));
      cli.send('SIGINT');
      cli.send('SIGINT');
      expect(await work).to.have.property('code', 137);
      expect(wrote('told')).to.equal(false);
    });

    it('leaves the line without running the command', async () => {
      api.on(ACQUIRE, problem(409, 'LOCK_HELD', HELD));
      const work = withLock('--wait', '1d', ...node(READY));
      await until(() => api.calls(ACQUIRE).length >= 1);
      cli.send('SIGTERM');
      expect(await work).to.have.property('code', 143);
      expect(wrote('ready')).to.equal(false);
    });
  });

  describe('with --model', () => {
    const SWAP = 'POST /api/swap';
    const words = (script: string): readonly string[] => ['--model', 'qwen3-32b', '--reason', 'why', ...node(script)];
    beforeEach(() => {
      api.on(SWAP, { status: 202, body: aSwap() });
      api.on(STREAM, () => stream([frame('settled', settledSwap('ready'), 3)]));
    });

    it('loads the model under the lock before the command runs, and tells it the name that is served', async () => {
      api.on(ACQUIRE, { status: 201, body: aGrant({ reason: 'why' }) });
      const { code } = await withLock(...words(`fs.writeFileSync('model', process.env.SPARK_MODEL_ID)`));
      expect(code).to.equal(0);
      const [swap] = api.calls(SWAP);
      expect(swap?.headers['x-swap-lock']).to.equal(LOCK_ID);
      expect(swap?.body).to.deep.equal({ model: 'qwen3-32b', cluster: 'default', requested_by: 'tester', reason: 'why' });
      expect(readFileSync(file('model'), 'utf8')).to.equal('Qwen/Qwen3-32B');
    });

    it('looks the name up in the catalog when the cluster does not tell it yet', async () => {
      api.on('GET /api/status', { status: 200, body: { clusters: [{ ...CLUSTER, serving: null, served_model_name: null }], swaps: [] } });
      api.on('GET /api/models', { status: 200, body: { items: [{ key: 'qwen3-32b', served_model_name: 'of-catalog' }] } });
      await withLock(...words(`fs.writeFileSync('model', process.env.SPARK_MODEL_ID)`));
      expect(readFileSync(file('model'), 'utf8')).to.equal('of-catalog');
    });

    const failures = [
      [106, settledSwap('rolled_back', { cause: { code: 'NO_PROGRESS', message: 'Nothing moved.', hint: null, log_tail: [] } })],
      [110, settledSwap('cancelled')],
      [101, settledSwap('failed')],
    ] as const;
    for (const [code, swap] of failures) {
      it(`ends with ${code} when it settles ${swap.outcome}, releases and does not run the command`, async () => {
        api.on(STREAM, () => stream([frame('settled', swap, 3)]));
        const ended = await withLock(...words(READY));
        expect(ended.code).to.equal(code);
        expect(ended.stderr).to.contain('the swap to qwen3-32b on default');
        expect(wrote('ready')).to.equal(false);
        expect(calls().at(-1)).to.equal('DELETE');
      });
    }

    it('ends with 112 when the swap is refused, and with 111 for a model that is not there', async () => {
      api.on(SWAP, problem(422, 'PREFLIGHT_FAILED', { issues: [] }));
      expect(await withLock(...words(READY))).to.have.property('code', 112);
      api.on(SWAP, problem(404, 'MODEL_NOT_FOUND'));
      expect(await withLock(...words(READY))).to.have.property('code', 111);
      expect(calls()).to.deep.equal(['POST', 'DELETE', 'POST', 'DELETE']);
    });

    it('renews while the model loads, and ends with 109 when the lock is lost meanwhile', async () => {
      api.on(ACQUIRE, { status: 201, body: aGrant(RENEWED) });
      api.on(STREAM, () => stream([frame('snapshot', aSwap(), 1)], false));
      api.on(RENEW, ({ count }) => (count < 3 ? { status: 200, body: aRenewal(RENEWED) } : problem(412, 'FENCED_OFF')));
      const { code, stderr } = await withLock(...words(READY));
      expect(code).to.equal(109);
      expect(stderr).to.contain('The lease is lost');
      expect(wrote('ready')).to.equal(false);
      expect(calls()).to.deep.equal(['POST', 'PUT', 'PUT', 'PUT']);
    });

    it('cancels the swap at a signal, waits for its end and releases', async () => {
      api.on(STREAM, () => stream([frame('snapshot', aSwap(), 1)], false));
      api.on('POST /api/swap/{}/cancel', { status: 202, body: aSwap() });
      api.on('GET /api/swap/{}', ({ count }) => ({ status: 200, body: count === 1 ? aSwap() : settledSwap('cancelled') }));
      const work = withLock(...words(READY));
      await until(() => api.calls(STREAM).length === 1);
      cli.send('SIGINT');
      const { code, stderr } = await work;
      expect(code).to.equal(130);
      expect(stderr).to.contain('cancelling swap swp_1, then releasing the lock');
      expect(api.calls('GET /api/swap/{}')).to.have.length(2);
      expect(calls()).to.deep.equal(['POST', 'DELETE']);
    });

    it('leaves at once at the second signal', async () => {
      api.on(STREAM, () => stream([frame('snapshot', aSwap(), 1)], false));
      api.on('POST /api/swap/{}/cancel', { status: 202, body: aSwap() });
      api.on('GET /api/swap/{}', () => () => cli.send('SIGINT'));
      const work = withLock(...words(READY));
      await until(() => api.calls(STREAM).length === 1);
      cli.send('SIGINT');
      const { code, stderr } = await work;
      expect(code).to.equal(130);
      expect(stderr).to.contain('the lock was not released');
      expect(calls()).to.deep.equal(['POST']);
    });
  });

  it("speaks JSON on standard error with --json, since standard output is the command's", async () => {
    api.on(ACQUIRE, problem(409, 'LOCK_HELD', HELD));
    const refused = await withLock('--json', ...node(''));
    expect(refused.stdout).to.equal('');
    expect(JSON.parse(refused.stderr)).to.have.property('level', 'error');
    api.on(ACQUIRE, { status: 201, body: aGrant() });
    const { stderr } = await withLock('--json', '--verbose', ...node(''));
    expect(
      stderr
        .trim()
        .split('\n')
        .map((text) => JSON.parse(text).level),
    ).to.deep.equal(['note', 'note']);
  });
});
