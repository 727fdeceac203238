import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type Agent, get } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The program as `npm start` runs it once built, on a data folder of its own. */
export class ServerProcess {
  readonly port: number;
  readonly #data: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;

  private constructor(port: number, env: Readonly<Record<string, string>>) {
    this.port = port;
    this.#data = mkdtempSync(join(tmpdir(), 'spark-control-bench-'));
    const environment = { ...process.env, PORT: String(port), SPARK_CONTROL_DATA: this.#data, ...env };
    const program = ['--max-semi-space-size=2', 'scripts/start.mjs'];
    this.#child = spawn(process.execPath, program, { cwd: ROOT, env: environment, stdio: 'ignore' });
    this.#exited = new Promise((resolve) => this.#child.once('exit', resolve));
  }

  /** Resolves when `/readyz` says yes. */
  static async start(env: Readonly<Record<string, string>> = {}): Promise<ServerProcess> {
    const server = new ServerProcess(await freePort(), env);
    for (let tries = 0; tries < 2_000; tries += 1) {
      if ((await ask(server.port, '/readyz')) === 200) return server;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await server.stop();
    throw new Error('the server did not become ready');
  }

  get residentMiB(): number {
    const [, kib = 'NaN'] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${this.#child.pid}/status`, 'utf8')) ?? [];
    return Number(kib) / 1_024;
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.#exited;
    rmSync(this.#data, { recursive: true, force: true });
  }
}

/** Status of a GET, 0 when there is no answer. */
export const ask = (port: number, path: string, agent?: Agent): Promise<number> =>
  new Promise((resolve) => {
    get({ host: '127.0.0.1', port, path, agent }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0));
    }).once('error', () => resolve(0));
  });

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
