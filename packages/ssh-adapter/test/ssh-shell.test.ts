import { spawnSync } from 'node:child_process';
import { getEventListeners } from 'node:events';
import { silentLogger } from '@spark-control/core';
import { expect } from 'chai';
import { FakeClock } from '../../core/test/support/fake-clock.ts';
import { SshShell, type SshShellOptions } from '../src/index.ts';
import { eventually } from './support/eventually.ts';
import { rejection } from './support/rejection.ts';
import { FakeSshServer } from './support/ssh-server.ts';
import { systemClock } from './support/system-clock.ts';

const NEVER = new AbortController().signal;
const options = { timeoutMs: 10_000, signal: NEVER };
const isRunning = (text: string): boolean => spawnSync('pgrep', ['-f', text]).status === 0;

describe('SshShell', () => {
  let server: FakeSshServer;
  const shells: SshShell[] = [];
  beforeEach(async () => {
    server = new FakeSshServer();
    await server.start();
  });
  afterEach(async () => {
    await Promise.all(shells.splice(0).map((shell) => shell.close()));
    await server.stop();
  });
  const open = (changes: Partial<SshShellOptions> = {}): SshShell => {
    const shell = new SshShell({
      host: server.host(),
      clock: systemClock,
      logger: silentLogger,
      random: () => 0,
      agentSocket: null,
      ...changes,
    });
    shells.push(shell);
    return shell;
  };

  it('gives both outputs and the exit code', async () => {
    const result = await open().run('echo out; echo err >&2; exit 7', options);
    expect(result).to.deep.equal({ exitCode: 7, stdout: 'out\n', stderr: 'err\n', truncated: false });
  });

  it('gives the exit code of the last command when the script just ends', async () => {
    expect((await open().run('false', options)).exitCode).to.equal(1);
    expect((await open().run('', options)).exitCode).to.equal(0);
  });

  it('shows nothing of a script in any argument list', async () => {
    await open().run('token=\'hf_secret\'; echo "$token" >/dev/null', options);
    expect(server.commands).to.deep.equal(['sh -s']);
  });

  it('gives commands an empty standard input', async () => {
    expect((await open().run('cat; echo done', options)).stdout).to.equal('done\n');
  });

  it('logs in once for many commands and runs at most eight at a time', async () => {
    const shell = open();
    const results = await Promise.all(Array.from({ length: 20 }, (_, at) => shell.run(`sleep 0.05; echo ${at}`, options)));
    expect(results.map(({ stdout }) => stdout.trim())).to.deep.equal(results.map((_, at) => String(at)));
    expect(server.logins).to.equal(1);
    expect(server.mostAtOnce).to.be.within(2, 8);
  });

  it('keeps half of its channels for commands when many streams run', async () => {
    const shell = open();
    const stop = new AbortController();
    const streams = Array.from({ length: 10 }, () => shell.stream('sleep 100', () => {}, stop.signal));
    await eventually(() => server.execs === 4);
    expect((await shell.run('echo free', options)).stdout).to.equal('free\n');
    stop.abort(new Error('over'));
    expect(await Promise.all(streams)).to.deep.equal(streams.map(() => ({ exitCode: null })));
  });

  it('tries again when the server has no free session for the moment', async () => {
    server.behaviour.refuseSessions = 2;
    expect((await open().run('echo in', options)).stdout).to.equal('in\n');
  });

  describe('reads as unknown, never as success,', () => {
    it('a channel that closes without an exit code', async () => {
      server.behaviour.onExec = (channel) => {
        channel.write('\u001ebegin\nall of the output\n');
        channel.close();
      };
      const result = await open().run('true', options);
      expect(result).to.include({ exitCode: null, stdout: 'all of the output\n' });
    });

    it('a shell that was killed', async () => {
      expect((await open().run('kill -KILL 0', options)).exitCode).to.equal(null);
    });

    it('a link that is cut in the middle', async () => {
      const running = open().run('echo before; sleep 100', options);
      await eventually(() => server.execs === 1);
      await new Promise((resolve) => setTimeout(resolve, 50));
      server.dropAll();
      expect((await running).exitCode).to.equal(null);
    });
  });

  it('drops output above the limit and says so', async () => {
    const result = await open().run('head -c 5000000 /dev/zero | tr "\\0" x', { ...options, maxOutputBytes: 1000 });
    expect(result.stdout.length).to.be.at.most(1000);
    expect(result).to.include({ exitCode: 0, truncated: true });
  });

  it('ends the command on the host as soon as the caller aborts', async () => {
    const stop = new AbortController();
    const running = open().run('sleep 71.25; echo too late', { ...options, signal: stop.signal });
    await eventually(() => isRunning('^sleep 71.25'));
    const reason = new Error('changed my mind');
    stop.abort(reason);
    expect(await running.catch((error: unknown) => error)).to.equal(reason);
    await eventually(() => !isRunning('^sleep 71.25'));
  });

  it('ends the command on the host when the link goes', async () => {
    const running = open().run('sleep 72.25', options);
    await eventually(() => isRunning('^sleep 72.25'));
    server.dropAll();
    await running;
    await eventually(() => !isRunning('^sleep 72.25'));
  });

  it('gives up when the time is over', async () => {
    const clock = new FakeClock();
    const running = open({ clock }).run('sleep 73.25', { timeoutMs: 5000, signal: NEVER });
    const failed = rejection(running);
    await eventually(() => isRunning('^sleep 73.25'));
    await clock.advance(5000);
    expect(await failed).to.include({ code: 'HOST_UNREACHABLE' });
    await eventually(() => !isRunning('^sleep 73.25'));
  });

  it('says that the login shell refused, when the script never began', async () => {
    server.behaviour.onExec = (channel) => {
      channel.write('This account is currently not available.\n');
      channel.exit(1);
      channel.end();
    };
    const error = await rejection(open().run('true', options));
    expect(error.code).to.equal('RUNTIME_REJECTED');
    expect(error.message).to.include('login shell');
  });

  it('leaves nothing behind on the signals of its callers, which may live as long as the program', async () => {
    const shell = open();
    const caller = new AbortController();
    for (let call = 0; call < 3; call += 1) await shell.run('true', { ...options, signal: caller.signal });
    await shell.stream('true', () => {}, caller.signal);
    expect(getEventListeners(caller.signal, 'abort')).to.deep.equal([]);
  });

  it('streams output while the script runs', async () => {
    const chunks: string[] = [];
    const end = await open().stream('echo one; sleep 0.05; echo two >&2; exit 3', (chunk) => chunks.push(chunk.toString()), NEVER);
    expect(chunks.join('')).to.equal('one\ntwo\n');
    expect(end).to.deep.equal({ exitCode: 3 });
  });

  it('takes no command any more once it is closed, and leaves no connection', async () => {
    const shell = open();
    const running = shell.run('sleep 100', options);
    await eventually(() => server.execs === 1);
    await shell.close();
    expect((await running).exitCode).to.equal(null);
    expect(await rejection(shell.run('true', options))).to.include({ code: 'HOST_UNREACHABLE' });
    await eventually(() => server.connections === 0);
  });
});
