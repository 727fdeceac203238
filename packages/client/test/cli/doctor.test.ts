import { expect } from 'chai';
import { VERSION } from '../../src/version.ts';
import { Cli } from '../support/cli.ts';
import { FakeApi, problem } from '../support/fake-api.ts';
import { AT } from '../support/wire.ts';

type Report = Readonly<{
  ok: boolean;
  checks: readonly Readonly<Record<'name' | 'subject' | 'status' | 'detail' | 'hint', string | null>>[];
}>;

const HOST = { key: 'spark1', cluster: 'default', disk_free_bytes: 2 ** 40 };
const STEP = { name: 'docker', status: 'pass', detail: 'It answers.', hint: null, measured: null, duration_ms: 1 };
const SETTINGS = {
  items: [
    { path: 'env#/SPARK_CONTROL_CONFIG', value: '/etc/spark' },
    { path: 'env#/SPARK_CONTROL_DATA', value: '/var/spark' },
  ],
  files: [{ name: 'spark.yaml', path: '/etc/spark/spark.yaml', exists: true, writable: true, problem: null }],
  warnings: [] as string[],
  restart_required: false,
};
const LOCAL = { name: 'node', subject: null, status: 'pass', detail: 'Node', hint: null };
const weights = (present: boolean | null, complete: boolean) => ({
  model: 'm',
  deletable: true,
  reason: null,
  items: [{ host: 'spark1', present, complete, downloading: false }],
});

describe('sparkctl doctor', () => {
  const api = new FakeApi();
  let cli: Cli;
  before(async () => {
    await api.listen();
  });
  after(() => api.stop());
  beforeEach(() => {
    cli = new Cli(api.url);
    api.seen.splice(0);
    const answers: Readonly<Record<string, unknown>> = {
      'GET /healthz': { ok: true },
      'GET /api/version': { version: VERSION, simulated: false },
      'GET /readyz': { ok: true, checks: [{ name: 'store', ok: true, detail: 'it writes' }] },
      'GET /api/settings': SETTINGS,
      'GET /api/hosts': { items: [HOST], next_cursor: null },
      'POST /api/hosts/{}/test': { host: 'spark1', ok: true, steps: [STEP], fingerprint: null, trusted: true },
      'GET /api/models': { items: [{ key: 'm' }, { key: 'n' }], next_cursor: null, revision: 1, fault: null },
      'GET /api/models/{}/disk': weights(true, true),
      'GET /api/health/deep': { ok: true, at: AT, items: [{ service: 'asr', status: 'pass', detail: 'It heard.' }] },
      'GET /api/webhooks': { items: [{ id: 'whk_1', url: 'http://x/', disabled_reason: null, dead: 0 }], next_cursor: null },
    };
    for (const [route, body] of Object.entries(answers)) api.on(route, { status: 200, body });
  });
  afterEach(() => cli.remove());

  const server = { code: 0, stdout: JSON.stringify({ ok: true, checks: [LOCAL] }) };
  async function examine(...words: readonly string[]): Promise<Readonly<{ code: number; report: Report; odd: readonly string[] }>> {
    const { code, stdout } = await cli.run(['doctor', '--json', ...words], { server });
    const report = JSON.parse(stdout) as Report;
    const odd = report.checks
      .filter(({ status }) => status !== 'pass')
      .map(({ status, name, subject }) => `${status} ${name}${subject === null ? '' : ` ${subject}`}`);
    return { code, report, odd };
  }

  it('finds nothing where all is well, and looks into the folders of the server', async () => {
    const { code, report, odd } = await examine();
    expect([code, report.ok, odd]).to.deep.equal([0, true, []]);
    const names = new Set(report.checks.map(({ name }) => name));
    expect([...names].sort()).to.deep.equal(['host', 'node', 'ready store', 'server', 'service', 'version', 'weights']);
    expect(cli.served).to.deep.equal([
      {
        argv: ['doctor', '--json', '--no-hosts'],
        env: { SPARK_CONTROL_CONFIG: '/etc/spark', SPARK_CONTROL_DATA: '/var/spark' },
        isCaptured: true,
      },
    ]);
    expect((await cli.run(['doctor'], { server })).stdout)
      .to.contain('ok   host (spark1): docker: well\n')
      .and.to.match(/\nAll is well\.\n$/);
  });

  const ills: readonly (readonly [of: string, route: string, body: unknown, odd: readonly string[], code: number])[] = [
    ['another version', 'GET /api/version', { version: '0.0.1', simulated: true }, ['warn version', 'warn simulation'], 0],
    [
      'a store that cannot write',
      'GET /readyz',
      { ok: false, checks: [{ name: 'store', ok: false, detail: 'full' }] },
      ['fail ready store'],
      1,
    ],
    [
      'a step that fails',
      'POST /api/hosts/{}/test',
      {
        host: 'spark1',
        ok: false,
        steps: [
          { ...STEP, status: 'fail' },
          { ...STEP, name: 'image', status: 'skip' },
        ],
      },
      ['fail host docker spark1'],
      1,
    ],
    [
      'a clock that is off',
      'POST /api/hosts/{}/test',
      { host: 'spark1', ok: true, steps: [STEP, { ...STEP, name: 'time', status: 'warn' }] },
      ['warn host time spark1'],
      0,
    ],
    ['a full disk', 'GET /api/hosts', { items: [{ ...HOST, disk_free_bytes: 2 ** 30 }] }, ['warn disk spark1'], 0],
    ['half a download', 'GET /api/models/{}/disk', weights(true, false), ['warn weights m', 'warn weights m'], 0],
    ['hosts whose disks nobody knows', 'GET /api/models/{}/disk', weights(null, false), ['warn weights'], 0],
    [
      'a service that does not answer',
      'GET /api/health/deep',
      { items: [{ service: 'asr', status: 'fail', detail: 'no' }] },
      ['fail service asr'],
      1,
    ],
    [
      'a webhook that was switched off',
      'GET /api/webhooks',
      { items: [{ id: 'w', url: 'http://x/', disabled_reason: 'gone', dead: 0 }] },
      ['warn webhook http://x/'],
      0,
    ],
    [
      'deliveries that were given up',
      'GET /api/webhooks',
      { items: [{ id: 'w', url: 'http://x/', disabled_reason: null, dead: 3 }] },
      ['warn webhook http://x/'],
      0,
    ],
    [
      'a file that was changed',
      'GET /api/settings',
      { ...SETTINGS, restart_required: true, warnings: ['PORT'] },
      ['warn settings', 'warn settings'],
      0,
    ],
  ];
  for (const [of, route, body, expected, expectedCode] of ills) {
    it(`finds ${of}`, async () => {
      api.on(route, { status: 200, body });
      const { code, odd } = await examine();
      expect([code, odd]).to.deep.equal([expectedCode, expected]);
    });
  }

  it('sends nobody to the log of a service that is a model server', async () => {
    const items = ['asr', 'vllm'].map((kind) => ({ service: `the-${kind}`, kind, status: 'fail', detail: 'no' }));
    api.on('GET /api/health/deep', { status: 200, body: { ok: false, at: AT, items } });
    const { report } = await examine();
    const hints = report.checks.filter(({ name }) => name === 'service').map(({ hint }) => hint ?? '');
    expect(hints[0]).to.contain('sparkctl service logs the-asr');
    expect(hints[1]).to.contain('sparkctl status').and.not.to.contain('logs');
  });

  it('goes on where a part of the server does not answer, and says what it lacks', async () => {
    api.on('GET /api/health/deep', problem(404, 'ROUTE_NOT_FOUND'));
    api.on('GET /api/webhooks', problem(403, 'FORBIDDEN'));
    api.on('POST /api/hosts/{}/test', problem(500, 'INTERNAL'));
    expect(await examine()).to.deep.include({ code: 1, odd: ['fail host spark1', 'skip services', 'fail webhooks'] });
  });

  it('tests the hosts from here while no server runs', async () => {
    api.on('GET /healthz', 'drop');
    const { code, odd } = await examine();
    expect([code, odd]).to.deep.equal([1, [`fail server ${api.url}`]]);
    expect(cli.served).to.deep.equal([{ argv: ['doctor', '--json'], env: {}, isCaptured: true }]);
    await examine('--no-hosts');
    expect(cli.served[0]?.argv).to.deep.equal(['doctor', '--json', '--no-hosts']);
    expect(api.calls('GET /api/version')).to.deep.equal([]);
  });

  it('looks at nothing on this machine when that is not wanted, or when the server is elsewhere', async () => {
    await examine('--no-local');
    expect(cli.served).to.deep.equal([]);
    await cli.run(['doctor', '--url', 'http://spark-box.invalid:1', '--json']);
    expect(cli.served).to.deep.equal([]);
  });

  it('says when the server is not installed here, or its report is none', async () => {
    expect((await cli.run(['doctor'])).stdout).to.contain('skip this machine: The package of the server is not installed here.');
    const { code, stdout } = await cli.run(['doctor'], { server: { code: 1, stdout: 'Segmentation fault' } });
    expect(code).to.equal(1);
    expect(stdout).to.contain('FAIL this machine: spark-control doctor ended without a report.');
  });
});

describe('sparkctl init', () => {
  it('hands its words on to the program of the server, and ends as that does', async () => {
    const cli = new Cli('http://127.0.0.1:1');
    const words = ['--host', '10.0.0.1', '--key-file', '~/.ssh/id', '--json', '--force'];
    expect((await cli.run(['init', ...words], { server: { code: 2, stdout: '' } })).code).to.equal(2);
    expect(cli.served).to.deep.equal([{ argv: ['init', ...words], env: {}, isCaptured: false }]);
    await cli.run(['init', '--help'], { server: { code: 0, stdout: '' } });
    expect(cli.served[0]?.argv).to.deep.equal(['init', '--help']);
    const { code, stderr } = await cli.run(['init']);
    expect(code).to.equal(1);
    expect(stderr).to.contain('run "spark-control init" where that is installed');
    cli.remove();
  });
});
