import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type AccessStep, type Cluster, type Host, hostKey } from '@spark-control/core';
import { expect } from 'chai';
import { describeHostAccess, trustAudit } from '../../core/test/contracts/host-access.contract.ts';
import { aCluster } from '../../core/test/support/builders.ts';
import { MemoryTrust } from '../../core/test/support/memory-trust.ts';
import { ShellPool, SshHostAccess } from '../src/index.ts';
import { rejection } from './support/rejection.ts';
import { Sshd, useSshd } from './support/sshd.ts';
import { systemClock } from './support/system-clock.ts';

const NEVER = new AbortController().signal;
const KEY = hostKey('spark-1');
const WRONG = `SHA256:${'A'.repeat(43)}`;
const run = { timeoutMs: 10_000, signal: NEVER };

type Bench = Readonly<{ access: SshHostAccess; pool: ShellPool; trust: MemoryTrust; host: Host }>;

describe('the way to a host, with real sshd', function () {
  this.timeout(30_000);
  const hosts = useSshd(1);
  const pools: ShellPool[] = [];
  afterEach(async () => {
    await Promise.all(pools.splice(0).map((pool) => pool.close()));
  });

  const bench = (change: Partial<Host> = {}, cluster: Partial<Cluster> = {}): Bench => {
    const host: Host = { ...hosts()[0]!.host, fingerprint: null, ...change };
    const trust = new MemoryTrust();
    const pool = new ShellPool({ clock: systemClock, pins: trust });
    pools.push(pool);
    const clusters = [aCluster({ hosts: [host], launcher: 'docker_run', port: 1, ...cluster })];
    return { access: new SshHostAccess({ clusters, pool, trust, clock: systemClock }), pool, trust, host };
  };
  const real = (): string => hosts()[0]!.host.fingerprint ?? '';
  const test = ({ access }: Bench): Promise<readonly AccessStep[]> => access.test(KEY, () => undefined, NEVER);
  const stepOf = async (subject: Bench, name: AccessStep['name']): Promise<AccessStep> =>
    (await test(subject)).find((step) => step.name === name) ?? expect.fail(`no step ${name}`);
  const statuses = (steps: readonly AccessStep[]): readonly string[] => steps.slice(0, 4).map(({ name, status }) => `${name} ${status}`);

  describe('that is not trusted yet', () => {
    it('is shown with its fingerprint and how to compare it, and not logged in to', async () => {
      const steps = await test(bench());
      expect(statuses(steps)).to.deep.equal(['resolve pass', 'port pass', 'host_key fail', 'login skip']);
      expect(steps[2]).to.include({ measured: real() });
      expect(steps[2]?.hint).to.include('"ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub"').and.to.include('trust it');
      expect(steps[3]?.detail).to.equal('Not tried, since the check of its host key failed.');
    });

    it('is logged in to at once when it is trusted, by all that use the pool, without a restart', async () => {
      const subject = bench();
      const shell = subject.pool.shell(subject.host);
      expect((await rejection(shell.run('true', run))).code).to.equal('HOST_KEY_UNKNOWN');
      expect(subject.access.pinned(KEY)).to.equal(null);
      const { fingerprint } = await subject.access.presented(KEY, NEVER);
      await subject.access.pin(KEY, fingerprint, trustAudit(KEY));
      expect((await shell.run('echo in', run)).stdout).to.equal('in\n');
      expect(subject.access.pinned(KEY)).to.deep.equal({ fingerprint: real(), from: 'store' });
      expect(statuses(await test(subject)).filter((line) => !line.endsWith('pass'))).to.deep.equal([]);
    });

    it('stays so when the pin cannot be stored', async () => {
      const subject = bench();
      subject.trust.isUnavailable = true;
      expect((await rejection(subject.access.pin(KEY, real(), trustAudit(KEY)))).code).to.equal('STORE_UNAVAILABLE');
      expect(subject.access.pinned(KEY)).to.equal(null);
    });
  });

  describe('whose key has changed', () => {
    it('names both keys, is not logged in to, and is never tried again by itself', async () => {
      const subject = bench();
      await subject.access.pin(KEY, WRONG, trustAudit(KEY));
      const step = await stepOf(subject, 'host_key');
      expect(step).to.include({ status: 'fail', measured: real() });
      expect(step.detail).to.include(WRONG).and.to.include(real());
      expect(step.hint).to.include('Somebody may stand in between').and.to.include('trust the new key');
      const shell = subject.pool.shell(subject.host);
      const refusals = [await rejection(shell.run('true', run)), await rejection(shell.run('true', run))];
      expect(refusals.map(({ code }) => code)).to.deep.equal(['HOST_KEY_MISMATCH', 'HOST_KEY_MISMATCH']);
      expect(refusals[1], 'the refusal that is remembered').to.equal(refusals[0]);
      await subject.access.pin(KEY, real(), trustAudit(KEY));
      expect((await shell.run('echo in', run)).stdout).to.equal('in\n');
    });

    it('is changed in the configuration when that pins it', async () => {
      const subject = bench({ fingerprint: WRONG });
      expect((await stepOf(subject, 'host_key')).hint).to.include('change the fingerprint of spark-1 in the configuration');
      const refused = await rejection(subject.access.pin(KEY, real(), trustAudit(KEY)));
      expect(refused.code).to.equal('READ_ONLY');
      expect(refused.message).to.include(WRONG).and.to.include('spark.yaml');
      expect(subject.trust.audit).to.deep.equal([]);
      expect(subject.access.pinned(KEY)).to.deep.equal({ fingerprint: WRONG, from: 'file' });
    });
  });

  describe('that does not let us in', () => {
    it('says which key to bring there, word for word', async () => {
      const subject = bench({ user: 'nobody-here', fingerprint: real() });
      const step = await stepOf(subject, 'login');
      expect(step).to.include({ status: 'fail' });
      const { identityFile, sshPort } = subject.host;
      expect(step.hint).to.include(`ssh-copy-id -i ${identityFile}.pub -p ${sshPort} nobody-here@127.0.0.1`);
      expect((await stepOf(subject, 'docker')).status).to.equal('skip');
    });

    it('says what is wrong with the key here', async () => {
      const step = await stepOf(bench({ identityFile: join(hosts()[0]!.folder, 'nowhere'), fingerprint: real() }), 'login');
      expect(step.detail).to.include('does not exist');
    });

    it('is logged in to after it was put right, by the test and by what gave up before', async () => {
      const keys = join(hosts()[0]!.folder, 'authorized_keys');
      const before = execFileSync('cat', [keys]);
      writeFileSync(keys, '');
      const subject = bench({ fingerprint: real() });
      const shell = subject.pool.shell(subject.host);
      expect((await rejection(shell.run('true', run))).code).to.equal('HOST_AUTH_FAILED');
      writeFileSync(keys, before);
      expect((await rejection(shell.run('true', run))).code).to.equal('HOST_AUTH_FAILED');
      expect((await stepOf(subject, 'login')).status).to.equal('pass');
      expect((await shell.run('echo in', run)).stdout).to.equal('in\n');
    });
  });

  describe('that cannot be found', () => {
    it('says so of a name', async () => {
      const host = { ...hosts()[0]!.host, address: 'spark-9.invalid' };
      const pool = new ShellPool({ clock: systemClock });
      pools.push(pool);
      const lookup = async (): Promise<never> => {
        throw Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' });
      };
      const access = new SshHostAccess({
        clusters: [aCluster({ hosts: [host] })],
        pool,
        trust: new MemoryTrust(),
        clock: systemClock,
        lookup,
      });
      const steps = await access.test(KEY, () => undefined, NEVER);
      expect(steps[0]).to.include({ name: 'resolve', status: 'fail', detail: 'The name spark-9.invalid cannot be resolved.' });
      expect(steps.slice(1).every(({ status }) => status === 'skip')).to.equal(true);
    });

    it('says that nothing listens, and that what listens is no SSH server', async () => {
      const other = createServer((socket) => socket.resume().end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(0, '127.0.0.1');
      await once(other, 'listening');
      const { port } = other.address() as { port: number };
      const odd = await test(bench({ sshPort: port }));
      expect(statuses(odd)).to.deep.equal(['resolve pass', 'port pass', 'host_key fail', 'login skip']);
      expect(odd[2]?.detail).to.include('not as an SSH server');
      other.close();
      await once(other, 'close');
      const refused = await stepOf(bench({ sshPort: port }), 'port');
      expect(refused).to.include({ status: 'fail' });
      expect(refused.detail).to.include('refuses connections');
      expect(refused.hint).to.include('systemctl enable --now ssh');
    });
  });

  describe('looks around there:', () => {
    const put = (path: string, content: string): void => {
      const file = join(hosts()[0]!.home, path);
      mkdirSync(join(file, '..'), { recursive: true });
      writeFileSync(file, content);
      chmodSync(file, 0o755);
    };
    const trusted = (cluster: Partial<Cluster> = {}): Bench => bench({ fingerprint: real() }, cluster);

    it('the launcher and its generation, on a head that needs one', async () => {
      expect((await stepOf(trusted(), 'launcher')).status).to.equal('skip');
      const cluster = { launcher: 'launch_cluster', launcherDirectory: '~/my launcher' } as const;
      const missing = await stepOf(trusted(cluster), 'launcher');
      expect(missing).to.include({ status: 'fail' });
      expect(missing.hint).to.include('launcher_directory of cluster default');
      put('my launcher/launch-cluster.sh', '#!/bin/sh\necho "  --launch-script FILE"; echo "  --solo"; exit 1\n');
      expect(await stepOf(trusted(cluster), 'launcher')).to.include({ status: 'pass', measured: 'modern' });
    });

    it('who has the port of the API', async () => {
      expect(await stepOf(trusted(), 'api_port')).to.include({ status: 'pass', detail: 'Port 1 is free.' });
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as { port: number };
      const taken = await stepOf(trusted({ port }), 'api_port');
      server.close();
      expect(taken.status).to.equal('warn');
      expect(taken.detail).to.match(new RegExp(`^Port ${port} is taken by .*pid ${process.pid}`));
    });

    it('the clock', async () => {
      const step = await stepOf(trusted(), 'time');
      expect(step.status).to.equal('pass');
      expect(step.measured).to.match(/^[+-]0\.\d s$/);
    });

    it('what only a head has, on a worker', async () => {
      const worker = { ...hosts()[0]!.host, key: hostKey('spark-2') };
      const head = { ...worker, key: KEY, name: 'the head' };
      const pool = new ShellPool({ clock: systemClock });
      pools.push(pool);
      const clusters = [aCluster({ hosts: [head, worker], launcher: 'launch_cluster', launcherDirectory: '~/x' })];
      const access = new SshHostAccess({ clusters, pool, trust: new MemoryTrust(), clock: systemClock });
      const steps = await access.test(worker.key, () => undefined, NEVER);
      const found = Object.fromEntries(steps.map(({ name, status, detail }) => [name, `${status} ${detail}`]));
      expect(found['launcher']).to.equal('skip Only the head, the head, needs the launcher.');
      expect(found['api_port']).to.equal('skip Only the head, the head, serves the API.');
    });
  });
});

describeHostAccess('SSH', async () => {
  const sshd = await new Sshd().start();
  const pool = new ShellPool({ clock: systemClock });
  const clusters = [aCluster({ hosts: [sshd.host], launcher: 'docker_run', port: 1 })];
  return {
    access: new SshHostAccess({ clusters, pool, trust: new MemoryTrust(), clock: systemClock }),
    host: KEY,
    cutOff: async () => {
      await sshd.goDown();
      return () => sshd.comeUp();
    },
    dispose: async () => {
      await pool.close();
      await sshd.stop();
    },
  };
});
