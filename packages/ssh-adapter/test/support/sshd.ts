import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect as connectTo, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Host, hostKey } from '@spark-control/core';

const SSHD = '/usr/sbin/sshd';

/** Why real sshd cannot run here, or `null`. */
export const sshdProblem = (): string | null => (existsSync(SSHD) ? null : 'openssh-server is not installed');

/** A real sshd on a free port of 127.0.0.1 with its own keys, whose sessions have a home of their own in a temporary folder. */
export class Sshd {
  readonly folder = mkdtempSync(join(tmpdir(), 'spark-sshd-'));
  readonly home = join(this.folder, 'home');
  readonly #name: string;
  #port = 0;
  #process: ChildProcess | null = null;

  constructor(name = 'spark-1') {
    this.#name = name;
  }

  async start(): Promise<this> {
    mkdirSync(this.home);
    // sshd as root insists on its folder for the unprivileged child, and on /run being its place.
    if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
    for (const key of ['host_key', 'user_key']) {
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(this.folder, key)]);
    }
    writeFileSync(join(this.folder, 'authorized_keys'), readFileSync(join(this.folder, 'user_key.pub')), { mode: 0o600 });
    this.#port = await freePort();
    writeFileSync(join(this.folder, 'config'), this.#config());
    await this.#spawn();
    return this;
  }

  /** Removes what is in the home folder. */
  empty(): void {
    for (const entry of readdirSync(this.home)) rmSync(join(this.home, entry), { recursive: true, force: true });
  }

  get host(): Host {
    const line = execFileSync('ssh-keygen', ['-lf', join(this.folder, 'host_key.pub')], { encoding: 'utf8' });
    return {
      key: hostKey(this.#name),
      name: this.#name,
      address: '127.0.0.1',
      sshPort: this.#port,
      user: userInfo().username,
      identityFile: join(this.folder, 'user_key'),
      fingerprint: line.split(' ')[1] ?? null,
      fabricAddress: null,
    };
  }

  /** Ends every session the hard way, then sshd itself, as a crash of the link's far end would. Commands that detached go on. */
  async killSessions(): Promise<void> {
    const children = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' }).split('\n');
    for (const line of children) {
      const [pid, parent] = line.trim().split(/\s+/).map(Number);
      if (pid !== undefined && parent === this.#process?.pid) process.kill(pid, 'SIGKILL');
    }
  }

  /** Ends sshd and every session; the files stay. */
  async goDown(): Promise<void> {
    if (this.#process === null) return;
    const closed = once(this.#process, 'close');
    await this.killSessions();
    this.#process.kill('SIGKILL');
    await closed;
    this.#process = null;
  }

  /** Listens again where it did. */
  async comeUp(): Promise<void> {
    await this.#spawn();
  }

  async stop(): Promise<void> {
    await this.goDown();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #config(): string {
    return [
      `Port ${this.#port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${join(this.folder, 'host_key')}`,
      `AuthorizedKeysFile ${join(this.folder, 'authorized_keys')}`,
      `PidFile ${join(this.folder, 'pid')}`,
      // Nobody listens there: what would ask the hub of models does not leave the machine.
      `SetEnv HOME=${this.home} HF_ENDPOINT=http://127.0.0.1:9`,
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'PermitRootLogin yes',
      'StrictModes no',
      'UsePAM no',
      '',
    ].join('\n');
  }

  async #spawn(): Promise<void> {
    this.#process = spawn(SSHD, ['-D', '-e', '-f', join(this.folder, 'config')], { stdio: ['ignore', 'ignore', 'ignore'] });
    for (let attempt = 0; attempt < 200; attempt += 1) {
      if (await answers(this.#port)) return;
      await pause(10);
    }
    throw new Error('sshd did not start');
  }
}

/** Starts `count` hosts before the tests of a `describe` and ends them after. Skipped, and said so, where no sshd is installed; in CI that fails. */
export function useSshd(count: number): () => readonly Sshd[] {
  let hosts: readonly Sshd[] = [];
  before(async function startHosts() {
    const problem = sshdProblem();
    if (problem !== null) {
      if (process.env['CI']) throw new Error(problem);
      this.skip();
    }
    hosts = await Promise.all(Array.from({ length: count }, (_, at) => new Sshd(`spark-${at + 1}`).start()));
  });
  after(async () => {
    await Promise.all(hosts.map((host) => host.stop()));
  });
  // Each test finds hosts that nobody used before.
  beforeEach(() => {
    for (const host of hosts) host.empty();
  });
  return () => hosts;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTo(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
