import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Host } from '@spark-control/core';
import type { RemoteShell, ShellPool } from '../../src/index.ts';

const FAKE = fileURLToPath(new URL('./nim-docker.sh', import.meta.url));
const LISTENER = fileURLToPath(new URL('./nim-listener.mjs', import.meta.url));

/** A docker of files, and its engine on a socket, in the home folder of a host of the tests. */
export class NimBench {
  readonly pulled: { path: string; auth: string }[] = [];
  /** What the engine says of an image of which the client knows nothing. */
  platforms: readonly string[] = ['arm64'];
  /** Awaited between two lines of a pull. */
  pulling: () => Promise<void> = async () => undefined;
  readonly #home: string;
  readonly #key: string;
  #engine: Server | null = null;
  #listener: ChildProcess | null = null;

  constructor(home: string, key: string) {
    this.#home = home;
    this.#key = key;
  }

  get state(): string {
    return join(this.#home, 'docker');
  }

  read(name: string): string {
    const path = join(this.state, name);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  put(name: string, text = ''): void {
    writeFileSync(join(this.state, name), text);
  }

  async start(port: number): Promise<void> {
    mkdirSync(join(this.#home, 'fake'), { recursive: true });
    mkdirSync(join(this.state, 'images'), { recursive: true });
    copyFileSync(FAKE, join(this.#home, 'fake', 'docker'));
    chmodSync(join(this.#home, 'fake', 'docker'), 0o755);
    this.put('key', this.#key);
    this.put('auth', Buffer.from(`$oauthtoken:${this.#key}`).toString('base64'));
    this.put(`served.${port}`);
    this.pulled.length = 0;
    this.#engine = createServer((request, response) => {
      const auth = Buffer.from(String(request.headers['x-registry-auth'] ?? ''), 'base64url').toString();
      const path = request.url ?? '';
      if (path.startsWith('/distribution/')) {
        if (!auth.includes(this.#key)) return void response.writeHead(401).end('{"message":"unauthorized"}');
        if (path.includes('missing')) return void response.writeHead(404).end('{"message":"manifest unknown"}');
        const list = this.platforms.map((architecture) => ({ architecture, os: 'linux' }));
        return void response.end(JSON.stringify({ Descriptor: { size: 1 }, Platforms: list }));
      }
      this.pulled.push({ path, auth });
      void this.#pull(path, auth, (line) => void response.write(`${JSON.stringify(line)}\r\n`)).then(() => response.end());
    });
    await listening(this.#engine, join(this.state, 'docker.sock'));
    this.#listener = spawn(process.execPath, [LISTENER, this.state, String(port)], { stdio: ['pipe', 'pipe', 'ignore'] });
    await once(this.#listener.stdout as NonNullable<ChildProcess['stdout']>, 'data');
  }

  async stop(): Promise<void> {
    const listener = this.#listener;
    if (listener !== null) {
      const ended = once(listener, 'exit');
      listener.stdin?.end();
      await ended;
    }
    this.#engine?.closeAllConnections();
    if (this.#engine?.listening) await new Promise((resolve) => this.#engine?.close(resolve));
  }

  async #pull(path: string, auth: string, say: (line: object) => void): Promise<void> {
    const query = new URL(path, 'http://engine').searchParams;
    const image = `${query.get('fromImage')}:${query.get('tag')}`;
    if (!auth.includes(this.#key)) return say({ errorDetail: { message: 'unauthorized' }, error: 'unauthorized: no key' });
    say({ status: 'Pulling fs layer', progressDetail: {}, id: 'a1b2c3d4e5f6' });
    for (const current of [10, 500, 1_000]) {
      say({ status: 'Downloading', progressDetail: { current, total: 1_000 }, id: 'a1b2c3d4e5f6' });
      await this.pulling();
    }
    say({ status: 'Pull complete', progressDetail: {}, id: 'a1b2c3d4e5f6' });
    this.put(`images/${image.replaceAll(/[/:]/g, '_')}`);
  }
}

/** Puts the fake docker before the real one. */
export const withFakeDocker = (pool: ShellPool) => ({
  shell(host: Host): RemoteShell {
    const inner = pool.shell(host);
    const prelude = 'PATH="$HOME/fake:$PATH"\nexport PATH\n';
    return {
      host: inner.host,
      run: (script, options) => inner.run(prelude + script, options),
      stream: (script, onChunk, signal) => inner.stream(prelude + script, onChunk, signal),
      close: () => inner.close(),
    };
  },
});

export async function freePort(): Promise<number> {
  const server = createServer();
  await listening(server, 0, '127.0.0.1');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const listening = (server: Server, ...where: [string] | [number, string]): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(...(where as [number, string]), resolve);
  });
