import { expect } from 'chai';
import { Cli, type CliOptions } from '../support/cli.ts';
import { FakeApi, frame, problem, stream } from '../support/fake-api.ts';
import { anOperation, settledOperation } from '../support/operations.ts';
import { AT } from '../support/wire.ts';

const PLAN = {
  ...{ id: 'pln_1', host: 'spark1', at: AT, os: null, kernel: null, driver: null, docker: null, lists_at: null, held: [], free: [] },
  packages: [
    { name: 'vim', action: 'upgrade', from: '1', to: '2', section: 'other', risk: 'none', note: null },
    { name: 'linux-nvidia', action: 'upgrade', from: '6.11', to: '6.14', section: 'kernel', risk: 'caution', note: 'reboots' },
  ],
  firmware: null,
  download_bytes: 2 ** 30,
  reboot: { required_now: false, expected: true, causes: ['a new kernel'] },
  ...{ risk: 'caution', blockers: [] as string[], warnings: [], commands: ['apt-get -y dist-upgrade'] },
};
const FINGERPRINT = `SHA256:${'a'.repeat(43)}`;
const TEST = {
  host: 'spark1',
  ok: false,
  steps: [
    { name: 'resolve', status: 'pass', detail: '10.0.0.1', hint: null, measured: null, duration_ms: 1 },
    { name: 'host_key', status: 'fail', detail: 'not trusted', hint: 'Compare it.', measured: FINGERPRINT, duration_ms: 1 },
  ],
  fingerprint: FINGERPRINT,
  trusted: false,
};

describe('managing from the command line', () => {
  const api = new FakeApi();
  let cli: Cli;
  before(async () => {
    await api.listen();
  });
  after(() => api.stop());
  beforeEach(() => {
    cli = new Cli(api.url);
    api.seen.splice(0);
    api.on('GET /api/hosts/{}/updates', { status: 200, body: PLAN });
    api.on('POST /api/hosts/{}/test', { status: 200, body: TEST });
    for (const route of [
      'POST /api/hosts/{}/updates',
      'POST /api/hosts/{}/reboot',
      'POST /api/services/{}/restart',
      'POST /api/nim/install',
      'POST /api/qdrant/snapshots',
      'POST /api/qdrant/restore',
    ])
      api.on(route, { status: 202, body: anOperation() });
    api.on('GET /api/operations/{}/stream', () => stream([frame('settled', settledOperation('succeeded'), 3)]));
  });
  afterEach(() => cli.remove());

  const run = (line: string, options: CliOptions = {}) => cli.run(line.split(' '), options);
  /** What the last call that changes something has sent. */
  const sent = () => api.seen.findLast(({ method }) => method !== 'GET');

  it('tests a host and trusts it once its fingerprint was compared', async () => {
    const { code, stdout } = await run('host test spark1');
    expect(code).to.equal(1);
    expect(stdout).to.contain('pass  resolve: 10.0.0.1\nfail  host_key: not trusted\n      -> Compare it.\nspark1 cannot be used\n');
    api.on('POST /api/hosts/{}/trust', { status: 200, body: {} });
    const asked = await run('host trust spark1', { tty: true, answers: ['y'] });
    expect(asked.stderr).to.contain(`spark1 shows ${FINGERPRINT}`);
    expect(sent()?.body).to.deep.equal({ fingerprint: FINGERPRINT });
    expect((await run('host trust spark1 --yes')).code).to.equal(2);
    expect((await run('host trust spark1 --yes', { tty: true, answers: ['n'] })).code).to.equal(10);
    expect((await run('host trust spark1 --fingerprint MD5:x')).code).to.equal(2);
    expect((await run(`host trust spark1 --fingerprint ${FINGERPRINT}`)).code).to.equal(0);
  });

  it('updates a host by the plan that was shown', async () => {
    const shown = await run('host updates spark1');
    expect(shown.code).to.equal(0);
    expect(shown.stdout)
      .to.contain('2 packages, 1.0 GiB to download; risk: caution')
      .and.to.match(/caution +upgrade +linux-nvidia +6.11 -> 6.14 +reboots/)
      .and.not.to.contain('vim');
    const { stderr } = await run('host update spark1 --drain 1m --reboot never --no-firmware', {
      tty: true,
      answers: ['y'],
      env: { SPARK_LOCK_ID: 'lck_1' },
    });
    expect(stderr).to.contain('plan pln_1');
    expect(sent()?.body).to.deep.equal({
      plan: 'pln_1',
      reboot: 'never',
      firmware: false,
      drain_seconds: 60,
      lock_id: 'lck_1',
      requested_by: 'ann@box',
    });
    api.on('GET /api/hosts/{}/updates', { status: 200, body: { ...PLAN, blockers: ['no room'] } });
    expect((await run('host updates spark1')).code).to.equal(12);
    expect(await run('host update spark1 --yes')).to.include({ code: 12, stderr: 'sparkctl: spark1 cannot be updated now: no room\n' });
    api.on('GET /api/hosts/{}/updates', { status: 200, body: { ...PLAN, risk: 'danger' } });
    expect((await run('host update spark1 --yes')).code).to.equal(12);
    expect((await run('host update spark1 --yes --accept-danger')).code).to.equal(0);
    expect((await run('host reboot spark1')).code).to.equal(2);
    await run('host reboot spark1 --yes --no-restore');
    expect(sent()?.body).to.deep.equal({ confirm: 'spark1', restore_model: false, requested_by: 'ann@box' });
  });

  it('restarts, caps and patches a service', async () => {
    await run('service restart asr --yes --reason slow');
    expect(sent()?.body).to.deep.equal({ requested_by: 'ann@box', reason: 'slow' });
    api.on('PUT /api/services/{}/memory', { status: 200, body: { facts: { memory_limit_bytes: 12 * 2 ** 30 } } });
    for (const [limit, mib] of [
      ['12g', 12_288],
      ['800m', 800],
      ['1.5GiB', 1_536],
      ['none', null],
    ] as const) {
      await run(`service memory asr ${limit} --yes`);
      expect(sent()?.body, limit).to.deep.equal({ limit_mib: mib });
    }
    expect((await run('service memory asr much --yes')).code).to.equal(2);
    const file = { name: 'a', target: '/app/a.py', wanted_sha256: 'f'.repeat(64), current_sha256: null, change: 'add' };
    const plan = {
      id: 'ptc_1',
      service: 'asr',
      container: 'c',
      at: AT,
      action: 'apply',
      files: [file],
      restart: true,
      blockers: [] as string[],
    };
    api.on('GET /api/services/{}/patches', { status: 200, body: plan });
    api.on('POST /api/services/{}/reapply-patches', { status: 202, body: anOperation() });
    expect((await run('service patch asr --plan')).stdout).to.match(/add +a +\/app\/a.py +- -> ffffffffffff\n/);
    expect((await run('service patch asr', { tty: true, answers: ['y'] })).code).to.equal(0);
    expect(sent()?.body).to.deep.equal({ requested_by: 'ann@box', confirm: 'ptc_1' });
    api.on('GET /api/services/{}/patches', { status: 200, body: { ...plan, files: [{ ...file, change: 'none' }] } });
    expect((await run('service unpatch asr --yes')).stdout).to.equal('there is nothing to change\n');
    api.on('GET /api/services/{}/patches', { status: 200, body: { ...plan, blockers: ['no container'] } });
    expect((await run('service unpatch asr --yes')).code).to.equal(12);
  });

  it('shows services, their health and their logs', async () => {
    const service = {
      key: 'asr',
      name: 'asr',
      kind: 'asr',
      host: 'spark2',
      state: 'up',
      latency_ms: 12.4,
      base_url: 'http://x:5092',
      detail: 'ok',
    };
    api.on('GET /api/services', { status: 200, body: { items: [service], next_cursor: null } });
    expect((await run('service list')).stdout).to.match(/asr +asr +up +12 ms +spark2 +http:\/\/x:5092 +ok\n/);
    const check = { service: 'asr', name: 'asr', kind: 'asr', status: 'fail', detail: 'no text', latency_ms: null, at: AT };
    api.on('GET /api/health/deep', { status: 200, body: { ok: false, at: AT, items: [check] } });
    expect(await run('service health')).to.include({ code: 1, stdout: 'fail  asr: no text\n' });
    api.on('GET /api/services/{}/logs', { status: 200, body: { service: 'asr', at: AT, lines: ['one', 'two\u001b[2J'] } });
    expect((await run('service logs asr --lines 2')).stdout).to.equal('one\ntwo\n');
    expect((await run('service logs asr --lines 0')).code).to.equal(2);
  });

  it('never takes the NGC key from the command line, and never shows it', async () => {
    const canary = 'nvapi-canary-0123456789';
    for (const options of [{ env: { NGC_API_KEY: canary } }, { input: `${canary}\nmore\n` }, { tty: true, answers: [canary] }]) {
      const { code, stdout, stderr } = await run('nim install nim/x --port 8100 --register x --kind openai', options);
      expect([code, (sent()?.body as { ngc_api_key: string } | undefined)?.ngc_api_key]).to.deep.equal([0, canary]);
      expect(`${stdout}${stderr}`).to.not.contain('canary');
    }
    expect(cli.questions).to.deep.equal(['NGC API key: (hidden)']);
    expect(sent()?.body).to.deep.include({ image: 'nim/x', port: 8100, register_service: { key: 'x', kind: 'openai' } });
    for (const word of ['--ngc-key', '--ngc-api-key=', '--key']) {
      const { code, stderr } = await cli.run(['nim', 'install', 'nim/x', ...(word.endsWith('=') ? [`${word}${canary}`] : [word, canary])]);
      expect(code).to.equal(2);
      expect(stderr).to.not.contain('canary');
    }
    expect((await run('nim install nim/x', { input: '\n' })).code).to.equal(2);
    await run('nim install nim/x --server-key');
    expect(sent()?.body).to.deep.equal({ image: 'nim/x', requested_by: 'ann@box' });
  });

  it('makes and restores snapshots', async () => {
    await run('qdrant snapshot --keep-count 7 --collection docs --service db');
    expect(sent()?.body).to.deep.equal({ service: 'db', collection: 'docs', keep_count: 7, requested_by: 'ann@box' });
    expect((await run('qdrant snapshot --storage --collection docs')).code).to.equal(2);
    expect((await run('qdrant snapshot --keep-days 0')).code).to.equal(2);
    expect((await run('qdrant restore docs s1')).code).to.equal(2);
    await run('qdrant restore docs s1 --yes');
    expect(sent()?.body).to.deep.equal({ collection: 'docs', snapshot: 's1', confirm: 'docs', requested_by: 'ann@box' });
    const snapshot = { collection: null, name: 's1', bytes: 2 ** 30, created_at: AT, checksum: null };
    api.on('GET /api/qdrant/snapshots', { status: 200, body: { items: [snapshot], next_cursor: null } });
    expect((await run('qdrant snapshots')).stdout).to.contain('2026-11-21T06:00:00Z  (storage)   1.0 GiB  s1\n');
    api.on('GET /api/qdrant/storage-restore', {
      status: 200,
      body: { service: 'db', snapshot: null, steps: [{ text: 'Stop it.', command: 'docker stop q' }] },
    });
    expect((await run('qdrant storage-restore')).stdout).to.equal('1. Stop it.\n   $ docker stop q\n');
  });

  it('shows settings and changes them', async () => {
    const setting = (path: string, more: object) => ({
      path,
      value: 1,
      source: 'default',
      variable: null,
      secret: false,
      writable: true,
      description: '',
      ...more,
    });
    const items = [
      setting('/server/port', { value: 9000, source: 'environment', variable: 'PORT', writable: false }),
      setting('/server/allowed_hosts', { value: ['a'], source: 'file' }),
      setting('/polls/observe_seconds', {}),
    ];
    const body = {
      items,
      files: [{ name: 'spark.yaml', path: '/x', exists: true, writable: false, problem: 'It cannot be written.' }],
      warnings: ['odd'],
      restart_required: true,
    };
    api.on('GET /api/settings', { status: 200, body });
    const { stdout } = await run('settings /server');
    expect(stdout)
      .to.match(/\/server\/port +9000 +PORT +read-only\n/)
      .and.to.contain('["a"]')
      .and.not.to.contain('/polls');
    expect(stdout).to.contain('spark.yaml (/x): It cannot be written.\nwarning: odd\nThe file was changed: restart');
    expect((await run('settings --changed')).stdout).to.not.contain('/polls');
    api.on('PATCH /api/settings', { status: 200, body });
    await cli.run(['settings', 'set', '/server/port=8000', '--also', '/server/host=0.0.0.0', '--also', '/limits=null']);
    expect(sent()?.body).to.deep.equal({
      changes: [
        { path: '/server/port', value: 8000 },
        { path: '/server/host', value: '0.0.0.0' },
        { path: '/limits', value: null },
      ],
    });
    expect((await run('settings set port=1')).code).to.equal(2);
    api.on('PATCH /api/settings', problem(409, 'READ_ONLY'));
    expect((await run('settings set /server/port=1')).code).to.equal(1);
    api.on(
      'PATCH /api/settings',
      problem(422, 'INVALID_SETTINGS', { issues: [{ path: '/server/port', code: 'x', message: 'Too large.' }] }),
    );
    expect(await run('settings set /server/port=1'))
      .to.deep.include({ code: 2 })
      .and.property('stderr')
      .to.contain('/server/port: Too large.');
  });
});
