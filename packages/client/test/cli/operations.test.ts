import { expect } from 'chai';
import { Cli } from '../support/cli.ts';
import { until } from '../support/clock.ts';
import { FakeApi, frame, problem, stream } from '../support/fake-api.ts';
import { anOperation, settledOperation } from '../support/operations.ts';

describe('long work on the command line', () => {
  const api = new FakeApi();
  let cli: Cli;
  before(async () => {
    await api.listen();
  });
  after(() => api.stop());
  beforeEach(() => {
    cli = new Cli(api.url);
    api.seen.splice(0);
    api.on('POST /api/models/{}/download', { status: 202, body: anOperation() });
    api.on('GET /api/operations/{}', { status: 200, body: anOperation() });
    api.on('GET /api/operations/{}/stream', () =>
      stream([
        frame('snapshot', anOperation(), 1),
        frame('progress', anOperation(), 2),
        frame('settled', settledOperation('succeeded'), 3),
      ]),
    );
  });
  afterEach(() => cli.remove());

  const ends = (operation: unknown): void => {
    api.on('GET /api/operations/{}/stream', () => stream([frame('snapshot', anOperation(), 1), frame('settled', operation, 2)]));
  };

  it('is begun and followed to its end', async () => {
    const { code, stdout, stderr } = await cli.run(['model', 'download', 'qwen3-8b', '--host', 'spark1', '--cluster', 'left']);
    expect([code, stdout]).to.deep.equal([0, 'model download of qwen3-8b is done after 2m\n']);
    expect(stderr)
      .to.contain('model download of qwen3-8b has begun as op_1\n')
      .and.to.contain('spark1 8 of 16 GiB  128 MiB/s, 50%, 1m, about 1m left\n');
    expect(api.seen[0]).to.deep.include({ path: '/api/models/qwen3-8b/download' });
    expect(api.seen[0]?.body).to.deep.equal({ cluster: 'left', hosts: ['spark1'], requested_by: 'ann@box' });
  });

  it('has a bar on a terminal', async () => {
    const { stderr } = await cli.run(['op', 'follow', 'op_1'], { tty: true });
    expect(stderr).to.match(/model download.* \[#{12}\.{12}\] +50% {2}spark1 8 of 16 GiB/);
  });

  it('ends with a code that says how it ended', async () => {
    const cause = (code: string) => ({ code, message: 'It went wrong.', hint: 'Do so.' });
    const endings = [
      [settledOperation('cancelled'), 10],
      [settledOperation('failed', { cause: cause('NOT_ENOUGH_DISK') }), 12],
      [settledOperation('failed', { cause: cause('HOST_UNREACHABLE') }), 1],
      [settledOperation('failed', { cause: cause('LOCKED') }), 3],
      [settledOperation('failed', { cause: cause('FENCED_OFF') }), 9],
    ] as const;
    for (const [operation, expected] of endings) {
      ends(operation);
      const { code, stderr, stdout } = await cli.run(['op', 'follow', 'op_1', '--json']);
      expect(code, operation.cause?.code).to.equal(expected);
      expect(JSON.parse(stdout)).to.deep.equal(operation);
      if (operation.cause !== null) expect(stderr).to.contain(`${operation.cause.code}: It went wrong.\n  -> Do so.`);
    }
  });

  it('is left running by Ctrl-C, which says how to go on', async () => {
    api.on('GET /api/operations/{}/stream', () => stream([frame('snapshot', anOperation(), 1)], false));
    const running = cli.run(['model', 'download', 'qwen3-8b'], { speed: 1 });
    await until(() => cli.stderr.includes('50%'));
    cli.send('SIGINT');
    const { code, stderr } = await running;
    expect(code).to.equal(130);
    expect(stderr).to.contain('the work goes on; "sparkctl op follow op_1" follows it, "sparkctl op cancel op_1" cancels it');
    expect(api.calls('POST /api/operations/{}/cancel')).to.have.length(0);
    expect(cli.listeners).to.equal(0);
  });

  it('is left running when the time is over', async () => {
    api.on('GET /api/operations/{}/stream', () => stream([frame('snapshot', anOperation(), 1)], false));
    const { code, stderr } = await cli.run(['op', 'follow', 'op_1', '--timeout', '1s']);
    expect(code).to.equal(5);
    expect(stderr).to.contain('the time is over; the work goes on');
  });

  it('is only begun when nobody wants to wait', async () => {
    const { code, stdout } = await cli.run(['model', 'download', 'qwen3-8b', '--no-wait']);
    expect([code, stdout]).to.deep.equal([0, 'model download of qwen3-8b has begun as op_1; "sparkctl op follow op_1" follows it\n']);
    expect(api.calls('GET /api/operations/{}/stream')).to.have.length(0);
    api.on('POST /api/models/{}/download', problem(409, 'OPERATION_IN_PROGRESS'));
    expect((await cli.run(['model', 'download', 'qwen3-8b'])).code).to.equal(4);
  });

  it('shows its output when asked to, once each line', async () => {
    const log = (seq: number) => frame('log', { seq, host: 'spark1', at: anOperation().created_at, line: `line ${seq}\u001b[2J` });
    api.on('GET /api/operations/{}/stream', ({ count }) =>
      count === 1
        ? stream([frame('snapshot', anOperation(), 1), log(1)])
        : stream([log(1), log(2), frame('settled', settledOperation('succeeded'), 3)]),
    );
    const { stderr } = await cli.run(['op', 'follow', 'op_1', '--logs']);
    expect(stderr.split('\n').filter((line) => line.startsWith('spark1 |'))).to.deep.equal(['spark1 | line 1', 'spark1 | line 2']);
  });

  it('is listed, and shown part by part', async () => {
    api.on('GET /api/operations', {
      status: 200,
      body: { items: [anOperation(), settledOperation('failed', { id: 'op_0' })], next_cursor: 'op_0' },
    });
    const { stdout } = await cli.run(['op', 'list', '--state', 'running', '--subject', 'qwen3-8b', '--limit', '2']);
    expect(String(api.seen.at(-1)?.query)).to.equal('limit=2&state=running&subject=qwen3-8b');
    expect(stdout)
      .to.match(/op_1 +model_download +qwen3-8b +50% +1m +tester\n/)
      .and.to.match(/op_0 .* failed /)
      .and.to.contain('more: --cursor op_0');
    expect((await cli.run(['op', 'show', 'op_1'])).stdout)
      .to.contain('model download of qwen3-8b is running')
      .and.to.contain('spark1  running  8.0 GiB of 16.0 GiB');
  });

  it('is cancelled after a yes', async () => {
    api.on('POST /api/operations/{}/cancel', { status: 202, body: anOperation({ cancel_requested_at: anOperation().created_at }) });
    const asked = await cli.run(['op', 'cancel', 'op_1'], { tty: true, answers: ['y'] });
    expect(asked.stdout).to.contain('op_1 is being cancelled');
    expect(cli.questions).to.deep.equal(['cancel the model download of qwen3-8b? [y/N] ']);
    for (const answer of ['', 'n', 'no', 'yess']) {
      const { code, stderr } = await cli.run(['op', 'cancel', 'op_1'], { tty: true, answers: [answer] });
      expect([code, stderr]).to.deep.equal([10, 'sparkctl: nothing was done\n']);
    }
    const { code, stderr } = await cli.run(['op', 'cancel', 'op_1']);
    expect(code).to.equal(2);
    expect(stderr).to.contain('needs --yes where nobody can be asked');
    expect(api.calls('POST /api/operations/{}/cancel')).to.have.length(1);
    expect((await cli.run(['op', 'cancel', 'op_1', '--yes'])).code).to.equal(0);
  });
});
