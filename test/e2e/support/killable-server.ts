import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const READY_TRIES = 3_000;

/** The built server as a process of its own, so that it can be killed and started again on the same data. Simulated Sparks. */
export class KillableServer {
  readonly #folder: string;
  readonly #port: number;
  readonly #env: Readonly<Record<string, string>>;
  #child: ChildProcess | null = null;
  #output = '';

  private constructor(folder: string, port: number, env: Readonly<Record<string, string>>) {
    this.#folder = folder;
    this.#port = port;
    this.#env = env;
  }

  static async start(env: Readonly<Record<string, string>> = {}): Promise<KillableServer> {
    const server = new KillableServer(await mkdtemp(join(tmpdir(), 'spark-control-kill-')), await freePort(), env);
    await server.up();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get folder(): string {
    return this.#folder;
  }

  get output(): string {
    return this.#output;
  }

  /** Starts it and waits until it is ready. */
  async up(): Promise<void> {
    const child = spawn(process.execPath, ['packages/server/dist/main.js'], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'] ?? '', PORT: String(this.#port), SPARK_CONTROL_DATA: this.#folder, LOG_LEVEL: 'warn', ...this.#env },
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    for (let tries = 0; tries < READY_TRIES; tries += 1) {
      if (child.exitCode !== null) break;
      const answer = await fetch(`${this.url}/readyz`).catch(() => null);
      if (answer?.ok) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`the server did not become ready: ${this.#output}`);
  }

  /** As a loss of power: nothing is finished, nothing is said. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  async close(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
      .once('error', reject)
      .listen(0, '127.0.0.1', () => {
        const address = server.address();
        server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
      });
  });
}
