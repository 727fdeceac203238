import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Cluster, ClusterKey, SwapId } from '@spark-control/core';
import type { WireSwap } from '@spark-control/schema';
import { openStore } from '@spark-control/store-adapter';
import { eventually } from './commands.ts';
import { WORKSPACE } from './paths.ts';
import type { Rig } from './rig.ts';

/** One entry of models.yaml, in its own words. JSON is YAML, so entries are written as JSON. */
export type ModelEntry = Readonly<Record<string, unknown>>;

/** `body` of an answer without one is `undefined`. */
export type Answer<T> = Readonly<{ status: number; body: T; headers: Headers }>;
export type ProblemBody = Readonly<{ code: string; detail: string; issues?: readonly { path: string; code: string; message: string }[] }>;

export type SwapWish = Readonly<{ model: string | null; cluster?: string; [option: string]: unknown }>;

/** The real server as a process of its own, over the rig's hosts. It can be killed and started again on the same data folder. */
export class ControlPlane {
  readonly #folder: string;
  #port = 0;
  #child: ChildProcess | null = null;
  #output = '';

  constructor(rig: Rig, clusters: readonly Cluster[], models: Readonly<Record<string, ModelEntry>>) {
    this.#folder = mkdtempSync(join(rig.directory, 'control-'));
    mkdirSync(join(this.#folder, 'config'));
    this.configure('spark.yaml', sparkYaml(clusters));
    this.setModels(models);
  }

  get dataFolder(): string {
    return join(this.#folder, 'data');
  }

  get output(): string {
    return this.#output;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  setModels(models: Readonly<Record<string, ModelEntry>>): void {
    this.configure('models.yaml', { models });
  }

  async start(env: Readonly<Record<string, string>> = {}): Promise<this> {
    if (this.#port === 0) this.#port = await freePort();
    const child = spawn(process.execPath, ['packages/server/dist/main.js'], {
      cwd: WORKSPACE,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: this.#folder,
        PORT: String(this.#port),
        LOG_LEVEL: 'info',
        SPARK_CONTROL_DATA: this.dataFolder,
        SPARK_CONTROL_CONFIG: join(this.#folder, 'config'),
        ...env,
      },
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    await eventually('the control plane to be ready', async () => {
      if (child.exitCode !== null) throw new Error(`the control plane ended with ${child.exitCode}: ${this.#output}`);
      const answer = await fetch(`${this.url}/readyz`).catch(() => null);
      return answer?.ok;
    });
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async call<T>(method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer<T>> {
    const init =
      body === undefined ? { headers } : { body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } };
    const response = await fetch(`${this.url}${path}`, { method, ...init });
    const text = await response.text();
    return { status: response.status, body: (text === '' ? undefined : JSON.parse(text)) as T, headers: response.headers };
  }

  requestSwap(wish: SwapWish): Promise<Answer<WireSwap & ProblemBody>> {
    return this.call('POST', '/api/swap', { drain_seconds: 1, ...wish });
  }

  /** Requests, and waits until it has settled. */
  async swap(wish: SwapWish): Promise<WireSwap> {
    const { status, body } = await this.requestSwap(wish);
    if (status !== 202) throw new Error(`the swap was answered ${status} ${body.code}: ${body.detail}`);
    return this.settled(body.id);
  }

  async get(id: string): Promise<WireSwap> {
    return (await this.call<WireSwap>('GET', `/api/swap/${id}`)).body;
  }

  async settled(id: string, timeoutMs = 90_000): Promise<WireSwap> {
    return eventually(
      `swap ${id} to settle`,
      async () => {
        const { body } = await this.call<WireSwap>('GET', `/api/swap/${id}?wait_seconds=5`);
        return body.settled ? body : null;
      },
      timeoutMs,
    );
  }

  async inPhase(id: string, phase: string): Promise<WireSwap> {
    return eventually(`swap ${id} to be ${phase}`, async () => {
      const swap = await this.get(id);
      return swap.phase === phase || swap.settled ? swap : null;
    });
  }

  /** Resolves when the process has ended, by itself or by somebody else's signal. */
  async ended(): Promise<void> {
    const child = this.#child;
    if (child !== null && child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    this.#child?.kill(signal);
    await this.ended();
    return this.#child?.exitCode ?? null;
  }

  /** The journal as it lies on disk, read while no server runs. */
  async journalled(id: SwapId): Promise<readonly string[]> {
    const store = await openStore({ folder: this.dataFolder });
    try {
      return (await store.journal.transitions(id)).map((row) => row.to);
    } finally {
      await store.close();
    }
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get configFolder(): string {
    return join(this.#folder, 'config');
  }

  /** Writes a file of the configuration. Text is written as it is. */
  configure(name: string, content: unknown): void {
    writeFileSync(join(this.configFolder, name), typeof content === 'string' ? content : JSON.stringify(content, null, 1));
  }
}

function sparkYaml(clusters: readonly Cluster[]): unknown {
  const hosts = clusters.flatMap((cluster) => cluster.hosts);
  return {
    hosts: Object.fromEntries(
      hosts.map((host) => [
        host.key,
        {
          address: host.address,
          port: host.sshPort,
          user: host.user,
          key_file: host.identityFile,
          fingerprint: host.fingerprint,
          fabric_address: host.fabricAddress,
        },
      ]),
    ),
    clusters: Object.fromEntries(clusters.map((cluster): [ClusterKey, unknown] => [cluster.key, clusterEntry(cluster)])),
  };
}

function clusterEntry(cluster: Cluster): unknown {
  return {
    hosts: cluster.hosts.map((host) => host.key),
    launcher: cluster.launcher,
    port: cluster.port,
    container: cluster.container,
    image: cluster.image,
    model_roots: cluster.modelRoots,
    ...(cluster.launcherDirectory === null ? {} : { launcher_directory: cluster.launcherDirectory }),
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
