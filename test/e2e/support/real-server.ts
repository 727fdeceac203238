import { mkdtemp, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { HostKey, SwapId } from '@spark-control/core';
import type { WireSwap, WireSwapRequest } from '@spark-control/schema';
import { createSparkControl, listen, type SimulationOptions, type SparkControl, stop, urlOf } from '@spark-control/server';
import type { SimulationControl } from '@spark-control/simulator';

const repository = new URL('../../../', import.meta.url);

/** Simulated seconds in one second: a default swap is then over in about one. */
const SPEED = 5;

/** The server as a newcomer gets it, on two simulated Sparks of its own and with an empty data folder. */
export class RealServer {
  readonly #dataFolder: string;
  readonly #profiles: NonNullable<SimulationOptions['profiles']>;
  #control: SparkControl;
  #server: Server;

  private constructor(dataFolder: string, profiles: NonNullable<SimulationOptions['profiles']>, parts: Parts) {
    this.#dataFolder = dataFolder;
    this.#profiles = profiles;
    this.#control = parts.control;
    this.#server = parts.server;
  }

  static async start(profiles: NonNullable<SimulationOptions['profiles']> = {}): Promise<RealServer> {
    const dataFolder = await mkdtemp(join(tmpdir(), 'spark-control-e2e-'));
    return new RealServer(dataFolder, profiles, await open(dataFolder, profiles, 0));
  }

  get url(): string {
    return urlOf(this.#server);
  }

  /** The hand of fate over the simulated hosts. */
  get fate(): SimulationControl {
    const [simulation] = this.#control.simulations;
    if (simulation === undefined) throw new Error('nothing is simulated');
    return simulation.control;
  }

  /** The hosts by key, head first. */
  get hosts(): readonly HostKey[] {
    return this.#control.core.clusters.flatMap((cluster) => cluster.hosts.map(({ key }) => key));
  }

  /** How many lines of log the server has of a swap. */
  logLines(id: string): number {
    return this.#control.core.logTail(id as SwapId).length;
  }

  /** Asks for a swap as a program would, and waits for its end. */
  async swap(model: string | null, options: Partial<WireSwapRequest> = {}): Promise<WireSwap> {
    const started = await this.#json<WireSwap>('/api/swap', { model, drain_seconds: 0, ...options });
    return this.#json<WireSwap>(`/api/swap/${started.id}?wait_seconds=30`);
  }

  async #json<T>(path: string, body?: unknown): Promise<T> {
    const request = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const response = await fetch(this.url + path, body === undefined ? {} : request);
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as T;
  }

  /** Resolves when a browser has asked for the event stream once more. Call it before what makes the browser ask. */
  nextStream(): Promise<void> {
    return new Promise((resolve) => {
      const server = this.#server;
      server.on('request', function onRequest({ url }) {
        if (url?.startsWith('/api/events') !== true) return;
        server.off('request', onRequest);
        resolve();
      });
    });
  }

  /** Cuts every line at once, as a network does. */
  cut(): void {
    this.#server.closeAllConnections();
  }

  /** Stops it as SIGTERM does and starts it again, on the same port and data. `meanwhile` runs while nothing answers. */
  async restart(meanwhile: () => Promise<unknown> = async () => undefined): Promise<void> {
    const { port } = this.#server.address() as AddressInfo;
    await stop(this.#server, this.#control);
    await meanwhile();
    const parts = await open(this.#dataFolder, this.#profiles, port);
    this.#control = parts.control;
    this.#server = parts.server;
  }

  async close(): Promise<void> {
    await stop(this.#server, this.#control);
    await rm(this.#dataFolder, { recursive: true, force: true });
  }
}

type Parts = Readonly<{ control: SparkControl; server: Server }>;

async function open(dataFolder: string, profiles: NonNullable<SimulationOptions['profiles']>, port: number): Promise<Parts> {
  const control = await createSparkControl({
    dataFolder,
    configFolder: fileURLToPath(new URL('config/', repository)),
    webRoot: fileURLToPath(new URL('packages/web-ui/dist/www/', repository)),
    env: { PORT: String(port) },
    simulation: { speed: SPEED, profiles },
  });
  return { control, server: await listen(control) };
}
