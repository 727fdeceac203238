import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Host, hostKey } from '@spark-control/core';
import ssh2, { type Connection, type ServerChannel } from 'ssh2';
import { fingerprintOf } from '../../src/index.ts';

export type ServerBehaviour = {
  /** Answers a login; default: takes the right key. */
  acceptLogin: boolean;
  /** In place of running the script. */
  onExec: ((channel: ServerChannel) => void) | null;
  /** How many of the next sessions are refused, as sshd does above MaxSessions. */
  refuseSessions: number;
};

/** An SSH server in this process, which does to a client what a real one does only with luck. Without `onExec` it runs the command in a process group of its own, as sshd does. */
export class FakeSshServer {
  readonly behaviour: ServerBehaviour = { acceptLogin: true, onExec: null, refuseSessions: 0 };
  readonly folder = mkdtempSync(join(tmpdir(), 'spark-ssh-'));
  readonly keyFile = join(this.folder, 'key');
  /** Connections taken so far, commands so far, and the most that ran at once. */
  logins = 0;
  execs = 0;
  readonly commands: string[] = [];
  mostAtOnce = 0;
  #running = 0;
  #port = 0;
  readonly #hostKey = newKey();
  readonly #userKey = newKey();
  readonly #connections = new Set<Connection>();
  readonly #server = new ssh2.Server({ hostKeys: [this.#hostKey.private] }, (connection) => this.#accept(connection));

  async start(): Promise<void> {
    writeFileSync(this.keyFile, this.#userKey.private, { mode: 0o600 });
    await this.listen();
  }

  async listen(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  get connections(): number {
    return this.#connections.size;
  }

  get fingerprint(): string {
    const key = ssh2.utils.parseKey(this.#hostKey.public);
    if (key instanceof Error) throw key;
    return fingerprintOf(key.getPublicSSH());
  }

  host(changes: Partial<Host> = {}): Host {
    return {
      key: hostKey('spark-1'),
      name: 'Spark 1',
      address: '127.0.0.1',
      sshPort: this.#port,
      user: 'spark',
      identityFile: this.keyFile,
      fingerprint: this.fingerprint,
      fabricAddress: null,
      ...changes,
    };
  }

  /** Drops all connections at once, as a pulled cable would in the end. */
  dropAll(): void {
    for (const connection of this.#connections) socketOf(connection).destroy();
  }

  /** Nobody listens any more. */
  async refuse(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.dropAll();
    await closed;
  }

  async stop(): Promise<void> {
    await this.refuse();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #accept(connection: Connection): void {
    this.logins += 1;
    this.#connections.add(connection);
    socketOf(connection).setNoDelay(true);
    connection.on('error', () => {});
    connection.on('close', () => this.#connections.delete(connection));
    connection.on('authentication', (context) => {
      if (this.behaviour.acceptLogin && context.method === 'publickey') context.accept();
      else context.reject(['publickey']);
    });
    connection.on('session', (accept, reject) => {
      if (this.behaviour.refuseSessions > 0) {
        this.behaviour.refuseSessions -= 1;
        reject();
        return;
      }
      accept().on('exec', (acceptExec, _reject, info) => this.#exec(acceptExec(), info.command));
    });
  }

  #exec(channel: ServerChannel, command: string): void {
    this.execs += 1;
    this.commands.push(command);
    this.#running += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#running);
    if (this.behaviour.onExec !== null) {
      this.behaviour.onExec(channel);
      return;
    }
    const child = spawn('/bin/sh', ['-c', command], { detached: true, stdio: 'pipe' });
    channel.on('error', () => {});
    child.stdin.on('error', () => {});
    channel.pipe(child.stdin);
    channel.on('close', () => child.stdin.end());
    child.stdout.on('data', (chunk: Buffer) => channel.write(chunk));
    child.stderr.on('data', (chunk: Buffer) => channel.stderr.write(chunk));
    child.on('close', (code, signal) => {
      this.#running -= 1;
      if (code !== null) channel.exit(code);
      else channel.exit(signal?.replace('SIG', '') ?? 'TERM');
      channel.end();
    });
  }
}

/** About one in 256 of the keys that ssh2 1.17 makes cannot be read by ssh2 itself: a zero byte at an end of the key is lost. */
function newKey(): Readonly<{ private: string; public: string }> {
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync('ed25519');
    if (!(ssh2.utils.parseKey(pair.private) instanceof Error)) return pair;
  }
}

const socketOf = (connection: Connection): Socket => (connection as unknown as { _sock: Socket })._sock;
