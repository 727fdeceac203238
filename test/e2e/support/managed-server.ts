import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createSparkControl, listen, type SparkControl, stop, urlOf } from '@spark-control/server';

const webRoot = fileURLToPath(new URL('../../../packages/web-ui/dist/www/', import.meta.url));

/** Simulated seconds in one second: slow enough that a download can be cancelled. */
const SPEED = 6;

const MODELS = `# What we serve.
models:
  alpha: { name: Alpha, repo: lab/alpha, weights_gib: 8, flags: { max-model-len: 4096, gpu-memory-utilization: 0.5 } } # fast
  beta: { repo: lab/beta, weights_gib: 8, flags: { max-model-len: 4096 } }
  huge: { repo: lab/huge, weights_gib: 500 }
`;

const SERVICES = `services:
  parakeet-asr:
    name: Parakeet
    kind: asr
    port: 5092
    container: parakeet-asr
    patches:
      - { name: server, source: patches/server.py, target: /app/server.py }
  qdrant: { name: Qdrant, kind: qdrant, port: 6333, container: qdrant }
  open-webui: { name: Open WebUI, kind: open_webui, port: 12000, container: open-webui }
`;

/** A server with files of its own: on simulated Sparks, or with a `spark.yaml` on hosts that the test brings. */
export class ManagedServer {
  readonly folder: string;
  readonly #control: SparkControl;
  readonly #server: Server;

  private constructor(folder: string, control: SparkControl, server: Server) {
    this.folder = folder;
    this.#control = control;
    this.#server = server;
  }

  static async start(sparkYaml: string | null = null): Promise<ManagedServer> {
    const folder = await mkdtemp(join(tmpdir(), 'spark-control-managed-'));
    await mkdir(join(folder, 'patches'));
    await writeFile(join(folder, 'patches', 'server.py'), 'print("patched")\n');
    await writeFile(join(folder, 'models.yaml'), MODELS);
    await writeFile(join(folder, 'services.yaml'), SERVICES);
    if (sparkYaml !== null) await writeFile(join(folder, 'spark.yaml'), sparkYaml);
    const dataFolder = join(folder, 'data');
    await mkdir(dataFolder);
    const control = await createSparkControl({
      dataFolder,
      configFolder: folder,
      webRoot,
      env: { PORT: '0' },
      simulation: { speed: SPEED },
    });
    return new ManagedServer(folder, control, await listen(control));
  }

  get url(): string {
    return urlOf(this.#server);
  }

  read(file: string): Promise<string> {
    return readFile(join(this.folder, file), 'utf8');
  }

  /** Asks as another program would, beside the page. */
  async ask(method: string, path: string, body: unknown): Promise<number> {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(this.url + path, { method, headers, body: JSON.stringify(body) });
    await response.arrayBuffer();
    return response.status;
  }

  async close(): Promise<void> {
    await stop(this.#server, this.#control);
    await rm(this.folder, { recursive: true, force: true });
  }
}
