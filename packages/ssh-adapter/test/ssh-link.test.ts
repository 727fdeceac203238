import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type Host, type Logger, silentLogger } from '@spark-control/core';
import { expect } from 'chai';
import { FakeClock } from '../../core/test/support/fake-clock.ts';
import { ShellPool, SshShell } from '../src/index.ts';
import { SshLink } from '../src/ssh-link.ts';
import { eventually } from './support/eventually.ts';
import { rejection } from './support/rejection.ts';
import { FakeSshServer } from './support/ssh-server.ts';
import { systemClock } from './support/system-clock.ts';

const NEVER = new AbortController().signal;
const options = { timeoutMs: 3_600_000, signal: NEVER };

describe('the connection to a host', () => {
  let server: FakeSshServer;
  let clock: FakeClock;
  const shells: SshShell[] = [];
  beforeEach(async () => {
    server = new FakeSshServer();
    clock = new FakeClock();
    await server.start();
  });
  afterEach(async () => {
    await Promise.all(shells.splice(0).map((shell) => shell.close()));
    await server.stop();
  });
  const open = (host: Partial<Host> = {}, logger: Logger = silentLogger, random = (): number => 0): SshShell => {
    const shell = new SshShell({ host: server.host(host), clock, logger, random, agentSocket: null });
    shells.push(shell);
    return shell;
  };

  describe('trusts only the pinned host key:', () => {
    it('refuses an unknown one with its fingerprint and how to trust it', async () => {
      const error = await rejection(open({ fingerprint: null }).run('true', options));
      expect(error.code).to.equal('HOST_KEY_UNKNOWN');
      expect(error.details).to.include({ fingerprint: server.fingerprint, host: 'spark-1' });
      expect(error.message).to.include(server.fingerprint).and.to.include('ssh-keygen -lf').and.to.include('ssh-ed25519');
      expect(server.execs).to.equal(0);
    });

    it('refuses a changed one and never tries again', async () => {
      const shell = open({ fingerprint: `SHA256:${'A'.repeat(43)}` });
      for (let call = 0; call < 3; call += 1) {
        const error = await rejection(shell.run('true', options));
        expect(error).to.include({ code: 'HOST_KEY_MISMATCH', retryable: false });
        expect(error.details).to.include({ fingerprint: server.fingerprint });
        await clock.advance(3_600_000);
      }
      expect(server.logins).to.equal(1);
    });
  });

  describe('stops after a refused login', () => {
    beforeEach(() => {
      server.behaviour.acceptLogin = false;
    });

    it('until somebody asks for another attempt', async () => {
      const shell = open();
      for (let call = 0; call < 3; call += 1) {
        expect(await rejection(shell.run('true', options))).to.include({ code: 'HOST_AUTH_FAILED' });
        await clock.advance(3_600_000);
      }
      expect(server.logins).to.equal(1);
      server.behaviour.acceptLogin = true;
      shell.forgetRefusal();
      expect((await shell.run('echo in', options)).stdout).to.equal('in\n');
    });

    it('until the settings change', async () => {
      const pool = new ShellPool({ clock });
      await rejection(pool.shell(server.host()).run('true', options));
      expect(pool.shell(server.host())).to.equal(pool.shell(server.host()));
      server.behaviour.acceptLogin = true;
      expect((await pool.shell(server.host({ user: 'other' })).run('echo in', options)).stdout).to.equal('in\n');
      await pool.close();
    });
  });

  describe('is not even tried with', () => {
    const write = (name: string, content: string, mode = 0o600): string => {
      const path = join(server.folder, name);
      writeFileSync(path, content);
      chmodSync(path, mode);
      return path;
    };
    const generate = (name: string, passphrase: string): string => {
      const path = join(server.folder, name);
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', passphrase, '-f', path]);
      return path;
    };
    const cases: readonly [string, () => string | null, RegExp][] = [
      ['a key file that is missing', () => join(server.folder, 'nowhere'), /does not exist/],
      ['a key file that others can read', () => write('open', 'x', 0o644), /can be read by other users.*chmod 600/],
      ['a key file that is a folder', () => server.folder, /folder|other users/],
      ['a key with a passphrase', () => generate('locked', 'open sesame'), /passphrase.*agent/],
      ['a public key', () => `${generate('pair', '')}.pub`, /public key|other users/],
      ['something that is no key', () => write('noise', 'not a key'), /does not hold a private key/],
      ['no key file and no agent', () => null, /no key_file.*SSH_AUTH_SOCK/],
    ];
    for (const [what, make, message] of cases) {
      it(what, async () => {
        const error = await rejection(open({ identityFile: make() }).run('true', options));
        expect(error.code).to.equal('HOST_AUTH_FAILED');
        expect(error.message).to.match(message);
        expect(server.logins).to.equal(0);
      });
    }

    it('a bad key, and says so once in the log however often it is asked', async () => {
      const reasons: unknown[] = [];
      const logger = {
        ...silentLogger,
        warn: (_: string, fields?: Readonly<Record<string, unknown>>) => void reasons.push(fields?.['reason']),
      };
      const path = join(server.folder, 'nowhere');
      const shell = open({ identityFile: path }, logger);
      for (let index = 0; index < 3; index += 1) await rejection(shell.run('true', options));
      expect(reasons).to.have.length(1);
      expect(reasons[0]).to.contain(`${path} of`).and.to.contain('does not exist');
    });

    it('a bad key again and again: a repaired one is taken without a restart', async () => {
      const path = write('late', 'not a key');
      const shell = open({ identityFile: path });
      await rejection(shell.run('true', options));
      writeFileSync(path, execFileSync('cat', [server.keyFile]));
      expect((await shell.run('echo in', options)).stdout).to.equal('in\n');
    });
  });

  describe('backs off', () => {
    it('after 1, 2, 5, 15, 30 and 60 s, and says when it will try again', async () => {
      await server.refuse();
      const warnings: string[] = [];
      const shell = open({}, { ...silentLogger, warn: (message) => void warnings.push(message) });
      const waits: unknown[] = [];
      for (let failure = 1; failure <= 7; failure += 1) {
        expect(await rejection(shell.run('true', options))).to.include({ code: 'HOST_UNREACHABLE', retryable: true });
        expect(warnings.length, 'attempts').to.equal(failure);
        const meanwhile = await rejection(shell.run('true', options));
        expect(meanwhile.message).to.match(/refuses connections.*Next attempt in \d+ s/);
        waits.push(meanwhile.details.retryAfterSeconds);
        await clock.advance(Number(meanwhile.details.retryAfterSeconds) * 1000);
      }
      expect(waits).to.deep.equal([1, 2, 5, 15, 30, 60, 60]);
    });

    it('longer by the jitter, never shorter', async () => {
      await server.refuse();
      const shell = open({}, silentLogger, () => 0.99);
      await rejection(shell.run('true', options));
      expect((await rejection(shell.run('true', options))).details.retryAfterSeconds).to.equal(2);
    });

    it('and starts from the beginning after a success', async () => {
      await server.refuse();
      const shell = open();
      for (const seconds of [1, 2, 5]) {
        await rejection(shell.run('true', options));
        await clock.advance(seconds * 1000);
      }
      await server.listen();
      await shell.run('true', options);
      await server.refuse();
      await clock.advance(1000);
      await eventually(async () => (await rejection(shell.run('true', options))).message.includes('refuses'));
      expect((await rejection(shell.run('true', options))).details.retryAfterSeconds).to.equal(1);
    });

    it('while a caller that is ready to wait gets through as soon as the host is back', async () => {
      await server.refuse();
      const shell = open();
      await rejection(shell.run('true', options));
      const patient = shell.run('echo finally', { ...options, wait: true });
      await clock.advance(1000);
      await server.listen();
      await eventually(async () => {
        await clock.advance(100);
        return server.execs > 0;
      });
      expect((await patient).stdout).to.equal('finally\n');
    });
  });

  it('is made at most once a second, however often it is lost', async () => {
    const shell = open();
    await shell.run('true', options);
    server.dropAll();
    await eventually(async () => (await shell.run('true', options).catch(() => null)) === null);
    expect(server.logins).to.equal(1);
    await clock.advance(999);
    expect(await rejection(shell.run('true', options))).to.include({ code: 'HOST_UNREACHABLE' });
    expect(server.logins).to.equal(1);
    await clock.advance(1);
    expect((await shell.run('echo again', options)).stdout).to.equal('again\n');
    expect(server.logins).to.equal(2);
  });

  it('is shared by callers that ask for it at the same moment', async () => {
    const shell = open();
    await Promise.all(Array.from({ length: 5 }, () => shell.run('true', options)));
    expect(server.logins).to.equal(1);
  });

  it('is given up by a caller that aborts while it is made', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as { port: number };
    const stop = new AbortController();
    const waiting = open({ sshPort: port }).run('true', { ...options, signal: stop.signal });
    const reason = new Error('too slow');
    setImmediate(() => stop.abort(reason));
    expect(await waiting.catch((error: unknown) => error)).to.equal(reason);
    silent.close();
  });

  it('fails when a server takes the call and says nothing', async () => {
    const silent = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as { port: number };
    const link = new SshLink({
      host: server.host({ sshPort: port }),
      clock: systemClock,
      logger: silentLogger,
      random: () => 0,
      agentSocket: null,
      readyTimeoutMs: 100,
    });
    expect(await rejection(link.acquire(false, NEVER))).to.include({ code: 'HOST_UNREACHABLE' });
    link.close();
    silent.close();
  });
});
