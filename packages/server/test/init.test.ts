import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ShellPool } from '@spark-control/ssh-adapter';
import { readSettings } from '@spark-control/store-adapter';
import { expect } from 'chai';
import { useSshd } from '../../ssh-adapter/test/support/sshd.ts';
import { runDoctor } from '../src/doctor/run-doctor.ts';
import { SystemClock } from '../src/index.ts';
import { runInit } from '../src/init/run-init.ts';

type Outcome = Readonly<{ code: number; printed: string; said: string; asked: readonly string[] }>;
const WRONG = `SHA256:${'A'.repeat(43)}`;

describe('init and doctor, with real sshd', function () {
  this.timeout(60_000);
  const hosts = useSshd(2);
  const clock = new SystemClock();
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'spark-init-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const path = (): string => join(folder, 'config', 'spark.yaml');
  const first = () => hosts()[0]!.host;
  /** As somebody would type it who has one host. */
  const usual = (): string[] => {
    const { address, sshPort, user, identityFile } = first();
    return ['--host', address, '--ssh-port', String(sshPort), '--user', user, '--key-file', identityFile ?? '', '--output', path()];
  };

  /** `answers`: of somebody at a terminal; none: nobody is there. */
  async function init(argv: readonly string[], answers?: readonly string[]): Promise<Outcome> {
    const asked: string[] = [];
    let [printed, said] = ['', ''];
    const pool = new ShellPool({ clock });
    const code = await runInit(argv, {
      terminal: {
        isInteractive: answers !== undefined,
        say: (line) => {
          said += `${line}\n`;
        },
        ask: async (question, fallback) => {
          const answer = answers?.[asked.length];
          asked.push(question);
          if (answer === undefined) throw new Error(`unexpected question: ${question}`);
          return answer === '' ? fallback : answer;
        },
      },
      env: { USER: first().user },
      home: folder,
      clock,
      signal: new AbortController().signal,
      print: (text) => {
        printed += text;
      },
      openShell: (host) => pool.ownShell(host),
    });
    await pool.close();
    return { code, printed, said, asked };
  }

  const installLauncher = (): void => {
    mkdirSync(join(hosts()[0]!.home, 'spark-vllm-docker'));
    writeFileSync(join(hosts()[0]!.home, 'spark-vllm-docker', 'launch-cluster.sh'), '#!/bin/sh\n');
  };

  it('writes a file that the server reads, from flags, with the fingerprint that was compared', async () => {
    installLauncher();
    const { code, printed, said } = await init([...usual(), '--fingerprint', first().fingerprint ?? '']);
    expect([code, printed], said).to.deep.equal([0, `${path()}\n`]);
    expect(said)
      .to.contain(`shows the host key ${first().fingerprint} (ssh-ed25519).`)
      .and.to.contain('launch-cluster.sh: ~/spark-vllm-docker');
    const reading = readSettings({ folder: join(folder, 'config'), dataFolder: folder, env: {} });
    expect([reading.issues, reading.simulated]).to.deep.equal([[], false]);
    const [cluster] = reading.clusters;
    expect(cluster).to.include({ launcher: 'launch_cluster', launcherDirectory: '~/spark-vllm-docker' });
    const { fingerprint, sshPort, user, identityFile } = first();
    expect(cluster?.hosts[0]).to.include({ address: '127.0.0.1', fingerprint, sshPort, user, identityFile });
    expect(readFileSync(join(folder, 'config', 'models.yaml'), 'utf8')).to.contain('models:');
    expect(existsSync(join(folder, 'config', 'services.yaml'))).to.equal(true);
  });

  it('asks at a terminal: hosts, user, fingerprint, and whether to write', async () => {
    const { sshPort, identityFile, fingerprint } = first();
    const argv = ['--ssh-port', String(sshPort), '--key-file', identityFile ?? '', '--output', path()];
    const answers = ['127.0.0.1', '', '', 'yes', 'yes'];
    const { code, asked, said } = await init(argv, answers);
    expect(code, said).to.equal(0);
    expect(asked).to.have.length(5);
    expect(said).to.contain('ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub').and.to.contain(`fingerprint: "${fingerprint}"`);
    for (const [at, no] of [
      [3, 'no'],
      [4, ''],
      [3, 'si'],
    ] as const) {
      rmSync(join(folder, 'config'), { recursive: true });
      const refused = await init(argv, answers.with(at, no).slice(0, at + 1));
      expect(refused.code).to.equal(1);
      expect(existsSync(path())).to.equal(false);
      mkdirSync(join(folder, 'config'));
    }
  });

  it('trusts no key by itself: not without a word, and not another one than the one that was read', async () => {
    const silent = await init(usual());
    expect(silent.code).to.equal(1);
    expect(silent.said).to.contain('--fingerprint').and.to.contain('--accept-key');
    const wrong = await init([...usual(), '--fingerprint', WRONG, '--accept-key']);
    expect(wrong.code).to.equal(1);
    expect(wrong.said).to.contain('somebody may stand in between');
    expect(existsSync(path())).to.equal(false);
    const accepted = await init([...usual(), '--accept-key']);
    expect(accepted.code).to.equal(0);
    expect(accepted.said.indexOf('shows the host key')).to.be.greaterThan(-1);
    expect(readFileSync(path(), 'utf8')).to.contain(first().fingerprint);
  });

  it('never replaces a file without --force, and asks the hosts nothing before it knows', async () => {
    mkdirSync(join(folder, 'config'));
    writeFileSync(path(), '# mine\n');
    const argv = [...usual(), '--accept-key'];
    const { code, said } = await init(argv);
    expect(code).to.equal(1);
    expect(said).to.equal(`${path()} is there already; --force replaces it.\n`);
    expect(readFileSync(path(), 'utf8')).to.equal('# mine\n');
    expect((await init([...argv, '--force'])).code).to.equal(0);
    expect(readFileSync(path(), 'utf8')).to.contain('written by "spark-control init"');
  });

  it('says what is wrong, and writes nothing, where a host cannot be used', async () => {
    const keyless = usual().map((word) => (word === first().identityFile ? join(folder, 'nowhere') : word));
    const refused = await init([...keyless, '--accept-key']);
    expect(refused.code).to.equal(1);
    expect(refused.said).to.contain('does not exist');
    const away = usual().map((word) => (word === String(first().sshPort) ? '1' : word));
    expect((await init([...away, '--accept-key'])).said).to.contain('refuses connections');
    expect(existsSync(path())).to.equal(false);
  });

  it('says in one sentence what cannot be written', async () => {
    writeFileSync(join(folder, 'file'), '');
    const argv = [...usual(), '--accept-key', '--output', join(folder, 'file', 'config', 'spark.yaml')];
    const { code, said } = await init(argv);
    expect(code).to.equal(1);
    expect(said).to.match(/\/file\/config\S* cannot be written: ENOTDIR.*\n$/);
    mkdirSync(join(folder, 'config'));
    symlinkSync(join(folder, 'nowhere', 'x'), join(folder, 'config', 'services.yaml'));
    const halfway = await init([...usual(), '--accept-key']);
    expect(halfway.code).to.equal(1);
    expect(halfway.said).to.contain('services.yaml');
    expect(readFileSync(path(), 'utf8')).to.contain('hosts:');
  });

  it('knows wrong options from bad luck', async () => {
    for (const argv of [['--nope'], ['--port', '0'], ['--fingerprint', 'MD5:x'], ['--launcher', 'swarm'], ['word']]) {
      const { code, said } = await init(argv);
      expect(code, argv.join(' ')).to.equal(2);
      expect(said).to.contain('Try: spark-control init --help');
    }
    expect((await init([])).code).to.equal(1);
    const { code, printed } = await init(['--help']);
    expect([code, printed.includes('--accept-key')]).to.deep.equal([0, true]);
  });

  async function doctor(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
    let printed = '';
    const places = { SPARK_CONTROL_CONFIG: join(folder, 'config'), SPARK_CONTROL_DATA: join(folder, 'data') };
    const code = await runDoctor(argv, {
      env: { ...places, ...env },
      clock,
      signal: new AbortController().signal,
      print: (text) => {
        printed += text;
      },
    });
    return { code, printed };
  }
  type Report = Readonly<{
    ok: boolean;
    checks: readonly Readonly<Record<'name' | 'subject' | 'status' | 'detail' | 'hint', string | null>>[];
  }>;

  it('lets the doctor test what was written, host by host', async () => {
    installLauncher();
    await init([...usual(), '--fingerprint', first().fingerprint ?? '']);
    const { printed } = await doctor(['--json']);
    const { checks } = JSON.parse(printed) as Report;
    const statusOf = (name: string) => checks.filter((check) => check.name === name).map(({ status }) => status);
    for (const name of ['node', 'catalog', 'host resolve', 'host port', 'host host_key', 'host login', 'host launcher'])
      expect(statusOf(name), name).to.deep.equal(['pass']);
    expect(statusOf('settings')).to.include('pass');
  });

  it('ends the doctor with 1 and what to fix when the server would not start or a host cannot be reached', async () => {
    mkdirSync(join(folder, 'config'));
    writeFileSync(path(), 'hosts:\n  a: { address: "a b" }\n');
    const broken = await doctor([]);
    expect(broken.code).to.equal(1);
    expect(broken.printed).to.contain(`FAIL settings (${path()}#/hosts/a/address, line 2): `).and.to.contain('-> Correct it');
    writeFileSync(path(), 'hosts:\n  a: { address: 127.0.0.1, port: 1 }\nlimits: { drain_seconds: soon }\n');
    const away = await doctor([]);
    expect(away.code).to.equal(1);
    expect(away.printed).to.contain('FAIL host port (a): ').and.to.contain('warn settings: ').and.to.contain('drain_seconds');
    expect((await doctor(['--no-hosts'])).code).to.equal(0);
    writeFileSync(join(folder, 'file'), '');
    for (const data of ['file', 'file/below']) {
      const { code, printed } = await doctor(['--no-hosts'], { SPARK_CONTROL_DATA: join(folder, data) });
      expect([code, printed.includes('FAIL data')], data).to.deep.equal([1, true]);
    }
    const simulated = await doctor([], { SPARK_CONTROL_CONFIG: join(folder, 'empty') });
    expect(simulated.code).to.equal(0);
    expect(simulated.printed).to.contain('simulated');
  });
});
