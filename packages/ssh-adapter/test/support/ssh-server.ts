import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
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
};

/** An SSH server in this process, which does to a client what a real one does only with luck. Without `onExec` it runs the command in a process group of its own, as sshd does. */
export class FakeSshServer {
  readonly behaviour: ServerBehaviour = { acceptLogin: true, onExec: null };
  readonly folder = mkdtempSync(join(tmpdir(), 'spark-ssh-'));
  readonly keyFile = join(this.folder, 'key');
  /** Connections taken so far, commands so far, and the most that ran at once. */
  logins = 0;
  execs = 0;
  mostAtOnce = 0;
  #running = 0;
  #port = 0;
  readonly #hostKey = ssh2.utils.generateKeyPairSync('ed25519');
  readonly #userKey = ssh2.utils.generateKeyPairSync('ed25519');
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
    for (const connection of this.#connections) (connection as unknown as { _sock: { destroy(): void } })._sock.destroy();
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
    connection.on('error', () => {});
    connection.on('close', () => this.#connections.delete(connection));
    connection.on('authentication', (context) => {
      if (this.behaviour.acceptLogin && context.method === 'publickey') context.accept();
      else context.reject(['publickey']);
    });
    connection.on('session', (accept) => {
      accept().on('exec', (acceptExec, _reject, info) => this.#exec(acceptExec(), info.command));
    });
  }

  #exec(channel: ServerChannel, command: string): void {
    this.execs += 1;
    this.#running += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#running);
    channel.on('close', () => {
      this.#running -= 1;
    });
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
      if (code !== null) channel.exit(code);
      else channel.exit(signal?.replace('SIG', '') ?? 'TERM');
      channel.end();
    });
  }
}
