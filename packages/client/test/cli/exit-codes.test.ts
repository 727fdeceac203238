import { expect } from 'chai';
import { Cli } from '../support/cli.ts';
import { FakeApi, frame, problem, stream } from '../support/fake-api.ts';
import { aSwap, HELD, settledSwap } from '../support/wire.ts';

const ACQUIRE = 'POST /api/swap/lock';
const SWAP = 'POST /api/swap';
const STREAM = 'GET /api/swap/{}/stream';
const MODEL = 'qwen3-32b';

describe('the exit code of sparkctl', () => {
  const api = new FakeApi();
  let cli: Cli;
  before(() => api.listen());
  after(() => api.stop());
  beforeEach(() => {
    cli = new Cli(api.url);
  });
  afterEach(() => cli.remove());

  const refusals: readonly (readonly [code: number, status: number, word: string])[] = [
    [1, 500, 'INTERNAL'],
    [1, 503, 'STORE_UNAVAILABLE'],
    [1, 421, 'HOST_NOT_ALLOWED'],
    [2, 422, 'INVALID_REQUEST'],
    [3, 423, 'LOCKED'],
    [3, 409, 'LOCK_HELD'],
    [4, 409, 'SWAP_IN_PROGRESS'],
    [4, 503, 'QUEUE_FULL'],
    [8, 401, 'UNAUTHENTICATED'],
    [8, 403, 'FORBIDDEN'],
    [9, 410, 'LOCK_EXPIRED'],
    [9, 412, 'FENCED_OFF'],
    [11, 404, 'MODEL_NOT_FOUND'],
    [12, 422, 'PREFLIGHT_FAILED'],
    [12, 422, 'DOES_NOT_FIT'],
    [12, 409, 'UNMANAGED_MODEL'],
  ];
  for (const [code, status, word] of refusals) {
    it(`is ${code} for ${status} ${word}, and 100 more from with-lock`, async () => {
      api.on(SWAP, problem(status, word)).on(ACQUIRE, problem(status, word));
      const plain = await cli.run(['swap', MODEL]);
      expect(plain).to.deep.equal({ code, stdout: '', stderr: `sparkctl: The detail of ${word}.\n  -> Do so.\n` });
      expect(await cli.run(['with-lock', '--', 'true'])).to.have.property('code', 100 + code);
    });
  }

  const outcomes = [
    [0, settledSwap('ready')],
    [1, settledSwap('failed', { cause: { code: 'LAUNCHER_FAILED', message: 'It ended with 3.', hint: null, log_tail: ['oh', 'no'] } })],
    [5, settledSwap('failed', { cause: { code: 'QUEUE_TIMEOUT', message: 'Too long.', hint: null, log_tail: [] } })],
    [6, settledSwap('rolled_back', { cause: { code: 'NO_PROGRESS', message: 'Nothing moved.', hint: 'Read it.', log_tail: [] } })],
    [10, settledSwap('cancelled')],
    [12, settledSwap('failed', { cause: { code: 'PREFLIGHT_FAILED', message: 'No weights.', hint: null, log_tail: [] } })],
  ] as const;
  for (const [code, swap] of outcomes) {
    it(`is ${code} for a swap that settles ${swap.outcome} ${swap.cause?.code ?? ''}`, async () => {
      api.on(SWAP, { status: 202, body: aSwap() }).on(STREAM, () => stream([frame('settled', swap, 9)]));
      const ended = await cli.run(['swap', MODEL, '--wait']);
      expect(ended.code).to.equal(code);
      if (swap.cause !== null) expect(ended.stderr).to.contain(swap.cause.message);
      const json = await cli.run(['swap', MODEL, '--wait', '--json']);
      expect(JSON.parse(json.stdout)).to.deep.equal(swap);
    });
  }

  it('is 5 when --timeout ends the waiting, which leaves the swap alone and says how to go on', async () => {
    api.on(SWAP, { status: 202, body: aSwap() }).on(STREAM, () => stream([frame('snapshot', aSwap(), 1)], false));
    const { code, stderr } = await cli.run(['swap', MODEL, '--wait', '--timeout', '2s']);
    expect(code).to.equal(5);
    expect(stderr).to.contain('the time is over; swap swp_1 goes on').and.to.contain('sparkctl cancel swp_1');
    expect(api.calls('POST /api/swap/{}/cancel')).to.have.length(0);
  });

  it('is 5 when waiting in line for the lock was in vain, and 3 without waiting', async () => {
    api.on(ACQUIRE, problem(409, 'LOCK_HELD', HELD));
    const waited = await cli.run(['lock', 'acquire', '--wait', '2s']);
    expect(waited.code).to.equal(5);
    expect(waited.stderr).to.contain('the wait is over: locked by cron:daily');
    expect(await cli.run(['lock', 'acquire'])).to.have.property('code', 3);
    expect(await cli.run(['with-lock', '--wait', '2s', '--', 'true'])).to.have.property('code', 105);
  });

  it('is 7 when the server cannot be reached, and 107 from with-lock', async () => {
    const nobody = { env: { SPARK_BASE_URL: 'http://127.0.0.1:1' } };
    const { code, stderr } = await cli.run(['status'], nobody);
    expect(code).to.equal(7);
    expect(stderr).to.match(/^sparkctl: Spark Control at http:\/\/127\.0\.0\.1:1 cannot be reached: .+\n$/);
    expect(await cli.run(['with-lock', '--', 'true'], nobody)).to.have.property('code', 107);
  });

  it('is 2 for a command line that cannot be understood, and 102 from with-lock', async () => {
    expect(await cli.run(['status', '--nonsense'])).to.have.property('code', 2);
    expect(await cli.run(['with-lock'])).to.have.property('code', 102);
    expect(await cli.run(['with-lock', '--ttl', '2', '--', 'true'])).to.have.property('code', 102);
  });

  it('says a remedy once, also when the detail has it already', async () => {
    api.on('GET /api/status', problem(404, 'SWAP_NOT_FOUND', { detail: 'There is none. Do so.' }));
    expect(await cli.run(['status'])).to.deep.equal({ code: 11, stdout: '', stderr: 'sparkctl: There is none. Do so.\n' });
  });

  it('is 12 when a model would be refused', async () => {
    const report = {
      model: MODEL,
      cluster: 'default',
      ok: false,
      checks: [{ name: 'memory', host: 'spark1', status: 'fail', detail: 'It needs more.', hint: 'Use less.', measured: null }],
      command: { launcher: 'docker_run', preview: 'vllm serve \\\n  x' },
      memory: { needed_bytes: 2 ** 33, available_bytes: 2 ** 32, basis: 'estimated' },
      estimate: { p50_seconds: null, p90_seconds: null, samples: 0 },
    };
    api.on('POST /api/swap/{}/validate', { status: 200, body: report });
    const { code, stdout } = await cli.run(['validate', MODEL]);
    expect(code).to.equal(12);
    expect(stdout)
      .to.contain('fail    memory on spark1: It needs more.\n        -> Use less.\n')
      .and.to.contain('command vllm serve \\\n        x\n');
  });

  it('is 130 or 143 when a signal ends it', async () => {
    api.on('GET /api/events', () => () => setImmediate(() => cli.send('SIGTERM')));
    expect(await cli.run(['events'])).to.have.property('code', 143);
    api.on('GET /api/status', () => () => setImmediate(() => cli.send('SIGINT')));
    expect(await cli.run(['status'])).to.have.property('code', 130);
    expect(cli.listeners).to.equal(0);
  });

  it('comes with the error for programs on standard output when --json is given', async () => {
    api.on(SWAP, problem(423, 'LOCKED', HELD));
    const { code, stdout } = await cli.run(['swap', MODEL, '--json']);
    const { error } = JSON.parse(stdout);
    expect(code).to.equal(3);
    expect(error).to.include({ code: 'LOCKED', exit_code: 3 });
    expect(error.problem.lock).to.deep.equal(HELD.lock);
  });
});
