import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { until } from '../support/clock.ts';
import { FakeApi, frame, problem, stream } from '../support/fake-api.ts';
import { aGrant, aSwap, HELD } from '../support/wire.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const TSX = import.meta.resolve('tsx');

describe('sparkctl as a program', function () {
  this.timeout(20_000);
  const api = new FakeApi();
  const home = mkdtempSync(join(tmpdir(), 'sparkctl-program-'));
  const children = new Set<ChildProcess>();
  before(() => api.listen());
  afterEach(() => {
    for (const child of children) child.kill('SIGKILL');
  });
  after(async () => {
    await api.stop();
    rmSync(home, { recursive: true, force: true });
  });

  /** As cron runs it: few variables, no terminal, a folder of its own. */
  function start(...words: readonly string[]) {
    const env = { PATH: process.env['PATH'] ?? '', HOME: home, SPARK_BASE_URL: api.url };
    const child = spawn(process.execPath, ['--conditions=source', '--import', TSX, MAIN, ...words], {
      cwd: home,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.add(child);
    const text = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk: Buffer) => {
      text.stdout += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      text.stderr += chunk.toString();
    });
    const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
      child.once('close', (code) => resolve({ code, ...text }));
    });
    return { child, text, ended };
  }

  it('answers from any folder, results and words apart', async () => {
    api.on('POST /api/swap', problem(423, 'LOCKED', HELD));
    const { code, stdout, stderr } = await start('swap', 'm', '--json').ended;
    expect(code).to.equal(3);
    expect(JSON.parse(stdout).error.code).to.equal('LOCKED');
    expect(stderr).to.match(/^sparkctl: locked by cron:daily \(nightly evaluation\) until [^\n]+\n$/);
  });

  it('runs a job under the lock, passes its output through and hands SIGTERM on', async () => {
    api.on('POST /api/swap/lock', { status: 201, body: aGrant() }).on('DELETE /api/swap/lock', { status: 204 });
    const job = start('with-lock', '--', 'sh', '-c', 'trap "echo stopped; exit 9" TERM; echo ready; while :; do sleep 0.05; done');
    await until(() => job.text.stdout === 'ready\n');
    job.child.kill('SIGTERM');
    // The sleep that the shell waits for gets the signal as well, and bash may say so.
    const { code, stdout } = await job.ended;
    expect(code).to.equal(9);
    expect(stdout).to.equal('ready\nstopped\n');
    expect(api.calls('DELETE /api/swap/lock')).to.have.length(1);
  });

  it('says on Ctrl-C that the swap goes on', async () => {
    api
      .on('POST /api/swap', { status: 202, body: aSwap() })
      .on('GET /api/swap/{}/stream', () => stream([frame('snapshot', aSwap(), 1)], false));
    const swap = start('swap', 'm', '--wait');
    await until(() => swap.text.stderr.includes('loading'));
    swap.child.kill('SIGINT');
    const { code, stderr } = await swap.ended;
    expect(code).to.equal(130);
    expect(stderr).to.contain('swap swp_1 goes on');
  });

  it('ends quietly when nobody reads it any more', async () => {
    let write = (): void => undefined;
    api.on('GET /api/events', () => (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      write = () => void response.write(frame('lock', { cluster: 'c', state: 'free', lock: null, queue: [] }));
      write();
    });
    const events = start('events');
    await until(() => events.text.stdout !== '');
    events.child.stdout.destroy();
    const timer = setInterval(() => write(), 10);
    const { code, stderr } = await events.ended;
    clearInterval(timer);
    expect([code, stderr]).to.deep.equal([141, '']);
  });
});
