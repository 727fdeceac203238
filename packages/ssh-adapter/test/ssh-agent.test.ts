import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ShellPool } from '../src/index.ts';
import { eventually } from './support/eventually.ts';
import { rejection } from './support/rejection.ts';
import { useSshd } from './support/sshd.ts';
import { systemClock } from './support/system-clock.ts';

const options = { timeoutMs: 10_000, signal: new AbortController().signal };

describe('a login with the SSH agent', function () {
  this.timeout(30_000);
  const hosts = useSshd(1);
  const started: ChildProcess[] = [];
  const pools: ShellPool[] = [];
  afterEach(async () => {
    for (const child of started.splice(0)) child.kill();
    await Promise.all(pools.splice(0).map((pool) => pool.close()));
  });
  const loginWith = (agentSocket: string): ReturnType<ShellPool['shell']> => {
    const pool = new ShellPool({ clock: systemClock, agentSocket });
    pools.push(pool);
    return pool.shell({ ...hosts()[0]!.host, identityFile: null });
  };
  const startAgent = async (): Promise<string> => {
    const socket = join(hosts()[0]!.folder, `agent-${started.length}-${pools.length}`);
    started.push(spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' }));
    await eventually(() => existsSync(socket));
    return socket;
  };

  it('takes the key that the agent holds', async () => {
    const socket = await startAgent();
    execFileSync('ssh-add', ['-q', join(hosts()[0]!.folder, 'user_key')], {
      env: { ...process.env, SSH_AUTH_SOCK: socket },
      stdio: 'ignore',
    });
    expect((await loginWith(socket).run('echo in', options)).stdout).to.equal('in\n');
  });

  it('is refused when the agent holds no key, and says where to look', async () => {
    const error = await rejection(loginWith(await startAgent()).run('true', options));
    expect(error.code).to.equal('HOST_AUTH_FAILED');
  });

  it('is refused when no agent is there, and says where to look', async () => {
    const error = await rejection(loginWith(join(hosts()[0]!.folder, 'nobody')).run('true', options));
    expect(error.code).to.equal('HOST_AUTH_FAILED');
    expect(error.message).to.match(/agent|authorized_keys/);
  });
});
