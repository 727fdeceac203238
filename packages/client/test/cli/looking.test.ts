import type { WireLock, WireStatus } from '@spark-control/schema';
import { expect } from 'chai';
import { Cli } from '../support/cli.ts';
import { FakeApi, frame, problem, stream } from '../support/fake-api.ts';
import { AT, aSwap, settledSwap } from '../support/wire.ts';

const FREE: WireLock = { cluster: 'default', held: false, state: 'free', lock: null, last_fence: 3, queue: [] };
const LOCK: WireLock = {
  cluster: 'default',
  held: true,
  state: 'held',
  lock: {
    holder: 'cron:\u001b[31mdaily',
    reason: null,
    fence: 4,
    implicit: false,
    acquired_at: AT,
    expires_at: '2026-11-21T08:00:00.000Z',
    remaining_seconds: 3_725,
  },
  last_fence: 4,
  queue: [{ holder: 'ann', since: AT }],
};

function aStatus(): WireStatus {
  const cluster = (key: string, active_swap: string | null) => ({
    ...{
      key,
      name: key,
      launcher: 'simulated' as const,
      hosts: [`${key}1`],
      image: 'x',
      endpoint: 'http://127.0.0.1:8888',
      serving: 'qwen3-32b',
    },
    ...{
      state: 'running' as const,
      healthy: true,
      since: AT,
      served_model_name: 'Qwen/Qwen3-32B',
      max_model_len: 8_192,
      container: 'c',
      active_swap,
    },
    ...{ queued: [], drift: null, observed_at: AT, unreachable: [] },
  });
  const host = (key: string, of: string, reachable: boolean) => ({
    ...{
      key,
      name: key,
      cluster: of,
      role: 'head' as const,
      address: key,
      ssh_port: 22,
      user: 'me',
      fingerprint: null,
      reachable,
      code: null,
    },
    ...{ reason: reachable ? null : 'no answer', at: AT, memory: null, disk_free_bytes: null, uptime_seconds: null, docker_version: null },
    ...{ launcher: null, port_owner: null, gpu: null, disks: [], os: null, kernel: null, load: null },
  });
  return {
    ...{ version: '1.2.3', simulated: true, started_at: AT, now: AT, models: [], catalog: { revision: 1, fault: null }, last_event_id: 9 },
    clusters: [cluster('default', 'swp_1'), cluster('left', null)],
    hosts: [host('default1', 'default', true), host('left1', 'left', false)],
    locks: [LOCK, { ...FREE, cluster: 'left' }],
    swaps: [aSwap(), settledSwap('ready', { id: 'swp_0' }), settledSwap('ready', { id: 'swp_left', cluster: 'left' })],
    operations: [],
    services: [],
  };
}

describe('what sparkctl shows', () => {
  const api = new FakeApi();
  let shown: Cli;
  before(async () => {
    await api.listen();
  });
  after(() => api.stop());
  beforeEach(() => {
    shown = new Cli(api.url);
    api.on('GET /api/status', { status: 200, body: aStatus() });
  });
  afterEach(() => shown.remove());

  it('is the whole state, with nothing of it that a terminal would obey', async () => {
    const { stdout } = await shown.run(['status']);
    expect(stdout).to.contain('SIMULATED').and.to.contain('default  qwen3-32b  healthy');
    expect(stdout).to.contain(
      'lock of default: held by cron:daily (no reason given) until 2026-11-21T08:00:00Z, 1h2m left, fence 4; waiting: ann\n',
    );
    expect(stdout).to.contain('swap swp_1 on default to qwen3-32b: loading 50% (tester)');
    expect(stdout).to.match(/left1 +no .*no answer/);
    expect(stdout).not.to.contain('\u001b');
  });

  it('is one cluster when that is asked for, or that there is none of that name', async () => {
    const { stdout } = await shown.run(['status', '--cluster', 'left', '--json']);
    const { clusters, hosts, locks, swaps } = JSON.parse(stdout) as WireStatus;
    expect([clusters, hosts, locks, swaps].map(({ length }) => length)).to.deep.equal([1, 1, 1, 1]);
    expect(await shown.run(['status', '--cluster', 'right'])).to.include({
      code: 11,
      stderr: 'sparkctl: there is no cluster "right"; there are: default, left\n',
    });
  });

  it('is as it came with --json', async () => {
    expect(JSON.parse((await shown.run(['status', '--json'])).stdout)).to.deep.equal(aStatus());
  });

  it('has colours on a terminal, unless those are not wanted', async () => {
    expect((await shown.run(['status'], { tty: true })).stdout).to.contain('\u001b[33m on SIMULATED Sparks\u001b[39m');
    expect((await shown.run(['status'], { tty: true, env: { NO_COLOR: '1' } })).stdout).not.to.contain('\u001b');
    expect((await shown.run(['status'], { tty: true, env: { TERM: 'dumb' } })).stdout).not.to.contain('\u001b');
  });

  it('is who holds the lock in one line, in every state of it', async () => {
    const line = async (lock: WireLock): Promise<string> => {
      api.on('GET /api/swap/lock', { status: 200, body: lock });
      return (await shown.run(['lock', 'show'])).stdout;
    };
    const facts = { ...LOCK.lock!, holder: 'ann', reason: 'evaluation' };
    expect(await line(FREE)).to.equal('default: free\n');
    expect(await line({ ...LOCK, lock: facts, queue: [] })).to.equal(
      'default: held by ann (evaluation) until 2026-11-21T08:00:00Z, 1h2m left, fence 4\n',
    );
    expect(await line({ ...LOCK, state: 'draining', lock: facts, queue: [] })).to.contain(
      'default: over, but its swap still runs; was held by ann',
    );
    const implicit = { ...facts, implicit: true, expires_at: null, remaining_seconds: null };
    expect(await line({ ...LOCK, lock: implicit, queue: [] })).to.equal(
      'default: taken for a swap by ann (evaluation) until its swap ends, fence 4\n',
    );
  });

  it('is who is in the way in one line, whatever they call themselves', async () => {
    const lock = { holder: 'x\nsparkctl: all is well', reason: 'r', expires_at: '2026-11-21T08:00:00.000Z' };
    api.on('POST /api/swap', problem(423, 'LOCKED', { lock, retry_after_seconds: 720 }));
    const { stderr } = await shown.run(['swap', 'm']);
    expect(stderr).to.equal('sparkctl: locked by x sparkctl: all is well (r) until 2026-11-21T08:00:00Z\n');
    api.on('POST /api/swap', problem(423, 'LOCKED', { lock: { holder: 'ann', reason: null, expires_at: null }, retry_after_seconds: 5 }));
    expect((await shown.run(['swap', 'm'])).stderr).to.equal('sparkctl: locked by ann (no reason given) until its swap ends\n');
  });

  it('is what was wrong with a value of ours, said once', async () => {
    const issue = { path: '/model', code: 'pattern', message: 'is no key.' };
    api.on('POST /api/swap', problem(422, 'INVALID_REQUEST', { detail: '/model is no key.', issues: [issue] }));
    expect((await shown.run(['swap', 'M M'])).stderr).to.equal('sparkctl: /model is no key.\n');
    api.on('POST /api/swap', problem(422, 'INVALID_REQUEST', { issues: [issue, { ...issue, path: '/reason' }] }));
    expect((await shown.run(['swap', 'M M'])).stderr).to.contain('INVALID_REQUEST.\n  /model: is no key.\n  /reason: is no key.\n');
  });

  it('is the history, page by page', async () => {
    const items = [settledSwap('ready'), aSwap({ id: 'swp_2', model: null })];
    api.on('GET /api/swaps', { status: 200, body: { items, next_cursor: 'swp_2' } });
    const { stdout } = await shown.run(['history', '--outcome', 'ready', '--limit', '2', '--cursor', 'swp_9', '--cluster', 'left']);
    expect(String(api.seen.at(-1)?.query)).to.equal('limit=2&cluster=left&outcome=ready&cursor=swp_9');
    expect(stdout)
      .to.match(/swp_1 .* ready +3m +tester\n/)
      .and.to.match(/swp_2 .* \(unload\) +loading +- /)
      .and.to.contain('more: --cursor swp_2\n');
  });

  it('is who did what', async () => {
    const entry = {
      id: 1,
      at: AT,
      actor: { name: 'ann', address: null, request_id: null },
      action: 'lock_broken',
      cluster: 'default',
      target: 'lock 4',
      fence: 4,
      note: 'it hung',
      hash: 'x',
    };
    api.on('GET /api/audit', { status: 200, body: { items: [entry], next_cursor: null } });
    const { stdout } = await shown.run(['audit', '--action', 'lock_broken']);
    expect(stdout).to.contain('2026-11-21T06:00:00Z  lock_broken  default  lock 4  ann  it hung\n');
  });

  it('is the catalog', async () => {
    const model = {
      key: 'qwen3-32b',
      name: 'Qwen3',
      clusters: ['default'],
      state: 'loaded',
      nodes: 1,
      weights_bytes: 2 ** 35,
      load_seconds: { p50: 95, p90: null, samples: 3 },
    };
    api.on('GET /api/models', {
      status: 200,
      body: { items: [model, { ...model, key: 'other', clusters: ['left'] }], next_cursor: null, revision: 1, fault: 'line 3' },
    });
    const { stdout, stderr } = await shown.run(['models', '--cluster', 'default']);
    expect(stdout).to.contain('qwen3-32b  loaded  1      32.0 GiB  1m35s     Qwen3\n').and.not.to.contain('other');
    expect(stderr).to.contain('line 3');
    expect((await shown.run(['models', '--keys'])).stdout).to.equal('qwen3-32b\nother\n');
  });

  it('is what happens, of the kinds and the cluster that are wanted', async () => {
    const frames = [
      frame('snapshot', aStatus(), 1),
      frame('host', { key: 'default1', cluster: 'default', reachable: true }),
      frame('lock', LOCK, 2),
      frame('swap', aSwap({ cluster: 'left' }), 3),
    ];
    api.on('GET /api/events', ({ count }) => (count % 2 === 1 ? stream(frames) : problem(401, 'UNAUTHENTICATED')));
    const plain = await shown.run(['events', '--cluster', 'default', '--quiet']);
    expect(plain.stdout.split('\n').map((text) => text.split(' ')[0])).to.deep.equal(['snapshot', 'lock', '']);
    const json = await shown.run(['events', '--type', 'host,swap', '--json', '--after', '7']);
    const [host, swap] = json.stdout
      .split('\n')
      .slice(0, 2)
      .map((text) => JSON.parse(text));
    expect([host.event, swap.event, swap.id]).to.deep.equal(['host', 'swap', '3']);
    expect(api.calls('GET /api/events')[2]?.headers['last-event-id']).to.equal('7');
  });

  it('is the log of the swap that runs, of the last one, or of the one that is named', async () => {
    const line = frame('log', { seq: 1, host: 'spark1', at: AT, line: 'Loading \u001b[1mweights' });
    api.on('GET /api/swap/{}/stream', () => stream([line, frame('settled', settledSwap('ready'), 3)]));
    const paths = async (...words: readonly string[]): Promise<string | undefined> => {
      expect((await shown.run(['logs', ...words])).stdout).to.equal('spark1 | Loading weights\n');
      return api.seen.at(-1)?.path;
    };
    expect(await paths('--cluster', 'default')).to.equal('/api/swap/swp_1/stream');
    expect(await paths('--cluster', 'left')).to.equal('/api/swap/swp_left/stream');
    expect(await paths('swp_7')).to.equal('/api/swap/swp_7/stream');
    expect(JSON.parse((await shown.run(['logs', 'swp_7', '--json'])).stdout)).to.include({ seq: 1, host: 'spark1' });
  });
});
