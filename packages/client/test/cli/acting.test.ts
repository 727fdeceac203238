import { WEBHOOK_EVENTS } from '@spark-control/schema';
import { expect } from 'chai';
import { Cli } from '../support/cli.ts';
import { FakeApi, frame, problem, stream } from '../support/fake-api.ts';
import { AT, aSwap, settledSwap } from '../support/wire.ts';

const SWAP = 'POST /api/swap';
const STREAM = 'GET /api/swap/{}/stream';
const at = (fraction: number, elapsed: number, phase: 'loading' | 'warming' = 'loading') =>
  frame(
    'progress',
    aSwap({
      phase,
      progress: {
        fraction,
        label: `weights ${fraction * 10}/10`,
        elapsed_seconds: elapsed,
        expected_seconds: 100,
        eta_seconds: 100 - elapsed,
      },
    }),
  );

describe('what sparkctl does', () => {
  const api = new FakeApi();
  let cli: Cli;
  before(() => api.listen());
  after(() => api.stop());
  beforeEach(() => {
    cli = new Cli(api.url);
    api.seen.length = 0;
    api.on(SWAP, { status: 202, body: aSwap() });
  });
  afterEach(() => cli.remove());
  const lastBody = () => api.seen.at(-1)?.body;

  it('asks for a swap in the name of its user, with what was given and nothing else', async () => {
    const { stdout } = await cli.run(['swap', 'qwen3-32b']);
    expect(lastBody()).to.deep.equal({ model: 'qwen3-32b', requested_by: 'ann@box' });
    expect(stdout).to.equal('swap swp_1 to qwen3-32b on default has begun; "sparkctl wait swp_1" follows it\n');
    const words =
      '--cluster left --queue 30m --drain 0s --reason why --requested-by cron --force-restart --replace-unmanaged --no-rollback';
    await cli.run(['swap', 'm', ...words.split(' ')]);
    expect(lastBody()).to.deep.equal({
      model: 'm',
      force_restart: true,
      replace_unmanaged: true,
      rollback: false,
      cluster: 'left',
      on_busy: 'queue',
      queue_seconds: 1_800,
      drain_seconds: 0,
      reason: 'why',
      requested_by: 'cron',
    });
    await cli.run(['unload']);
    expect(lastBody()).to.deep.equal({ model: null, requested_by: 'ann@box' });
  });

  it('ends at once when the model serves already', async () => {
    api.on(SWAP, { status: 200, body: settledSwap('ready', { noop: true }) });
    expect(await cli.run(['swap', 'qwen3-32b', '--wait'])).to.deep.equal({
      code: 0,
      stdout: 'qwen3-32b serves on default already\n',
      stderr: '',
    });
  });

  it('tells of a swap line by line where there is no terminal, and only of steps', async () => {
    api.on(STREAM, () =>
      stream([at(0.1, 1), at(0.12, 2), at(0.3, 3), at(0.31, 70), at(0.35, 80, 'warming'), frame('settled', settledSwap('ready'), 9)]),
    );
    const { stdout, stderr } = await cli.run(['swap', 'qwen3-32b', '--wait']);
    expect(stdout).to.equal('qwen3-32b serves on default after 3m\n');
    expect(stderr.split('\n').map((line) => line.replace(/weights \S+ ?/, '').trim())).to.deep.equal([
      'swap swp_1 to qwen3-32b on default has begun',
      'loading 10%, 1s, about 1m39s left',
      'loading 30%, 3s, about 1m37s left',
      'loading 31%, 1m10s, about 30s left',
      'warming 35%, 1m20s, about 20s left',
      '',
    ]);
    expect((await cli.run(['swap', 'qwen3-32b', '--wait', '--quiet'])).stderr).to.equal('');
  });

  it('draws a bar on a terminal, in one line that fits and is gone in the end', async () => {
    api.on(STREAM, () => stream([at(0.5, 50), frame('settled', settledSwap('ready'), 9)]));
    const { stderr } = await cli.run(['swap', 'qwen3-32b', '--wait'], { tty: true, env: { NO_COLOR: '1' } });
    const [begun, bar, ...cleared] = stderr.replaceAll('\u001b[K', '').split('\r');
    expect(begun).to.contain('has begun');
    expect(bar).to.equal('loading      [############............]  50%  weights 5/10  50s, about 50s left');
    expect(cleared).to.deep.equal(['']);
  });

  it('leaves a swap alone on Ctrl-C and says how to cancel it', async () => {
    api.on(STREAM, () => (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(at(0.5, 50));
      setImmediate(() => cli.send('SIGINT'));
    });
    const { code, stderr } = await cli.run(['swap', 'qwen3-32b', '--wait']);
    expect(code).to.equal(130);
    expect(stderr).to.contain('swap swp_1 goes on; "sparkctl wait swp_1" follows it, "sparkctl cancel swp_1" cancels it\n');
    expect(api.calls('POST /api/swap/{}/cancel')).to.have.length(0);
  });

  it('sees a swap to its end through a restart of the server', async () => {
    api.on(STREAM, ({ count }) =>
      count === 1 ? stream([at(0.5, 50)]) : count < 4 ? 'drop' : stream([frame('settled', settledSwap('ready'), 9)]),
    );
    const { code, stderr } = await cli.run(['wait', 'swp_1']);
    expect(code).to.equal(0);
    expect(stderr).to.contain('the stream ended; trying again');
  });

  describe('without the id of a swap', () => {
    const clusters = (...active: readonly (string | null)[]): void => {
      const items = active.map((swap, index) => ({ key: `c${index}`, active_swap: swap, queued: index === 1 ? ['swp_queued'] : [] }));
      api.on('GET /api/status', { status: 200, body: { clusters: items, swaps: [] } });
    };
    beforeEach(() => {
      api.on('POST /api/swap/{}/cancel', { status: 202, body: aSwap({ cancel_requested_at: AT }) });
      api.on(STREAM, () => stream([frame('settled', settledSwap('cancelled'), 9)]));
    });

    it('cancels the one that runs, or the one of the cluster that is named', async () => {
      clusters('swp_a');
      expect((await cli.run(['cancel'])).stdout).to.equal('swap swp_a is being cancelled; "sparkctl wait swp_a" follows it\n');
      clusters('swp_a', null);
      await cli.run(['cancel', '--cluster', 'c1']);
      expect(api.seen.at(-1)?.path).to.equal('/api/swap/swp_queued/cancel');
    });

    it('does not guess between two, and says when there is none', async () => {
      clusters('swp_a', 'swp_b');
      expect(await cli.run(['cancel'])).to.include({
        code: 2,
        stderr: 'sparkctl: several swaps run: swp_a, swp_b; name one, or the cluster by --cluster\n',
      });
      clusters(null);
      expect(await cli.run(['wait'])).to.include({ code: 11, stderr: 'sparkctl: no swap runs\n' });
    });

    it('waits for the end of what it cancels, which is what was wanted', async () => {
      clusters('swp_a');
      const { code, stdout } = await cli.run(['cancel', '--wait']);
      expect(code).to.equal(0);
      expect(stdout).to.equal('the swap to qwen3-32b on default was cancelled after 3m; nothing serves now\n');
    });
  });

  it('breaks a lock with a reason', async () => {
    api.on('DELETE /api/swap/lock', { status: 200, body: { cluster: 'default', holder: 'ann', fence: 7 } });
    const { stdout } = await cli.run(['lock', 'break', '--reason', 'the job hangs']);
    expect(String(api.seen.at(-1)?.query)).to.equal('force=true&reason=the+job+hangs');
    expect(stdout).to.equal('default: the lock of ann (fence 7) is broken\n');
  });

  it('registers a line of a crontab in the time zone of this machine, and windows in UTC', async () => {
    api.on('PUT /api/schedules/{}', ({ body }) => ({
      status: 200,
      body: { cron: null, windows: [], timezone: 'UTC', id: 'nightly', ...(body as object) },
    }));
    await cli.run(['schedule', 'register', 'nightly', '--cron', '0 3 * * *', '--duration', '90m', '--model', 'm', '--expires-after', '8d']);
    expect(api.seen.at(-1)?.path).to.equal('/api/schedules/nightly');
    expect(lastBody()).to.deep.equal({
      owner: 'ann@box',
      title: 'nightly',
      model: 'm',
      cron: '0 3 * * *',
      timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      duration_seconds: 5_400,
      expires_after_seconds: 691_200,
    });
    const { stdout } = await cli.run([
      'schedule',
      'register',
      'demo',
      '--window',
      '2026-11-21T07:00:00+01:00/2026-11-21T08:00:00Z',
      '--owner',
      'bob',
    ]);
    expect(lastBody()).to.deep.equal({ owner: 'bob', title: 'demo', windows: [{ start: AT, end: '2026-11-21T08:00:00.000Z' }] });
    expect(stdout).to.equal('nightly is registered for bob: 1 window\n');
  });

  it('lists and removes what is planned', async () => {
    const item = {
      schedule: 'nightly',
      owner: 'ann',
      title: 't',
      cluster: null,
      model: 'm',
      url: null,
      stale: true,
      start: AT,
      end: AT,
      conflicts: [{ detail: 'bob has the lock' }],
    };
    api.on('GET /api/schedules', {
      status: 200,
      body: { items: [item], next_cursor: null, from: AT, to: AT, schedules: [{ id: 'nightly' }, { id: 'idle' }] },
    });
    api.on('DELETE /api/schedules/{}', { status: 204 });
    const { stdout } = await cli.run(['schedule', 'list']);
    expect(stdout).to.contain('nightly   ann    m      stale; bob has the lock\n').and.to.contain('not in this time: idle\n');
    expect(await cli.run(['schedule', 'remove', 'nightly'])).to.include({ code: 0, stdout: 'nightly is removed\n' });
  });

  it('creates webhooks for all events or some, and prints their secret', async () => {
    api.on('POST /api/webhooks', { status: 201, body: { id: 'whk_1', secret: 'whsec_abc' } });
    const { stdout } = await cli.run(['webhooks', 'create', 'http://n8n.local/x']);
    expect(stdout).to.equal('whk_1\nsecret: whsec_abc\nThe secret is not shown again.\n');
    expect(lastBody()).to.deep.equal({ url: 'http://n8n.local/x', events: [...WEBHOOK_EVENTS] });
    await cli.run(['webhooks', 'create', 'http://127.0.0.1/x', '--events', 'swap_complete, lock_broken', '--allow-loopback', '--disabled']);
    expect(lastBody()).to.deep.equal({
      url: 'http://127.0.0.1/x',
      events: ['swap_complete', 'lock_broken'],
      enabled: false,
      allow_loopback: true,
    });
  });

  it('tests, lists, switches and removes webhooks', async () => {
    const delivery = {
      id: 'dlv_1',
      type: 'test',
      state: 'dead',
      attempts: 1,
      created_at: AT,
      next_attempt_at: null,
      last: { at: AT, duration_ms: 12, status: 500, error: null },
    };
    const hook = {
      id: 'whk_1',
      url: 'http://n8n.local/x',
      events: ['swap_complete'],
      enabled: false,
      disabled_reason: 'it answered 410',
      pending: 1,
      dead: 2,
    };
    api
      .on('POST /api/webhooks/{}/test', { status: 200, body: delivery })
      .on('POST /api/webhooks/deliveries/{}/redeliver', { status: 200, body: { ...delivery, state: 'delivered', last: null } });
    api
      .on('GET /api/webhooks', { status: 200, body: { items: [hook], next_cursor: null } })
      .on('PATCH /api/webhooks/{}', { status: 200, body: { ...hook, enabled: true } });
    api
      .on('GET /api/webhooks/{}/deliveries', { status: 200, body: { items: [delivery], next_cursor: 'dlv_1' } })
      .on('DELETE /api/webhooks/{}', { status: 204 });
    expect(await cli.run(['webhooks', 'test', 'whk_1'])).to.include({ code: 1, stdout: 'dlv_1: dead, answered 500 (12 ms)\n' });
    expect(await cli.run(['webhooks', 'redeliver', 'dlv_1'])).to.include({ code: 0, stdout: 'dlv_1: delivered, not tried yet\n' });
    expect((await cli.run(['webhooks', 'list'])).stdout).to.contain(
      'whk_1    disabled (it answered 410)  1        2     http://n8n.local/x  swap_complete\n',
    );
    expect((await cli.run(['webhooks', 'deliveries', 'whk_1', '--state', 'dead'])).stdout).to.contain(
      'dlv_1     test   dead   1      answered 500 (12 ms)  -\nmore: --cursor dlv_1\n',
    );
    expect((await cli.run(['webhooks', 'enable', 'whk_1'])).stdout).to.equal('whk_1 is enabled\n');
    expect(lastBody()).to.deep.equal({ enabled: true });
    expect((await cli.run(['webhooks', 'remove', 'whk_1', '--json'])).stdout).to.equal('{\n  "removed": "whk_1"\n}\n');
  });

  it('lists and runs automations', async () => {
    const run = {
      id: 'run_1',
      automation: 'aut_1',
      scheduled_for: null,
      started_at: AT,
      settled_at: null,
      outcome: null,
      detail: null,
      swap_id: 'swp_1',
      started_by: 'ann',
    };
    const automation = {
      id: 'aut_1',
      name: 'Morning',
      cron: '0 6 * * *',
      timezone: 'UTC',
      enabled: true,
      action: { type: 'swap' },
      next_run_at: AT,
      last_run: run,
    };
    api
      .on('GET /api/automations', { status: 200, body: { items: [automation], next_cursor: null } })
      .on('POST /api/automations/{}/run', { status: 202, body: run });
    api.on('GET /api/automations/{}/runs', { status: 200, body: { items: [run], next_cursor: null } });
    expect((await cli.run(['automations', 'list'])).stdout).to.contain(
      'aut_1       Morning  swap    0 6 * * * UTC  2026-11-21T06:00:00Z  running 2026-11-21T06:00:00Z\n',
    );
    expect((await cli.run(['automations', 'run', 'aut_1'])).stdout).to.equal('run_1 has begun, swap swp_1\n');
    expect((await cli.run(['automations', 'runs', 'aut_1'])).stdout).to.contain('run_1  running  swp_1  ann  \n'.trimEnd());
    const skipped = { ...run, id: 'run_2', settled_at: AT, outcome: 'skipped', detail: 'The run run_1 was still going.', swap_id: null };
    api.on('POST /api/automations/{}/run', { status: 202, body: skipped });
    expect(await cli.run(['automations', 'run', 'aut_1'])).to.include({
      stdout: 'run_2 was skipped: The run run_1 was still going.\n',
      code: 4,
    });
  });

  it('says what stands in the way of it, word for word', async () => {
    api.on('POST /api/swap/{}/cancel', problem(409, 'SWAP_ROLLING_BACK'));
    expect(await cli.run(['cancel', 'swp_1'])).to.include({ code: 4, stderr: 'sparkctl: The detail of SWAP_ROLLING_BACK.\n  -> Do so.\n' });
  });
});
