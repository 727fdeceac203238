import { type HostImage, type HostKey, type ImageStore, type PullOrder, type PullProgress, SparkError } from '@spark-control/core';
import type { SimulatedHost } from './simulated-host.ts';

const MIB = 1024 ** 2;
/** A base, the driver's libraries, the engine and its wheels. */
const LAYER_BYTES: readonly number[] = [30 * MIB, 2_100 * MIB, 6_400 * MIB, 9_300 * MIB];
const IMAGE_BYTES = LAYER_BYTES.reduce((sum, bytes) => sum + bytes, 0);
const STEPS = 12;
const STEP_SECONDS = 0.3;

export type SimulatedImagesOptions = Readonly<{
  hosts: readonly SimulatedHost[];
  /** Why no registry gives an image; `null`: one does. */
  refusalOf: (image: string) => string | null;
}>;

/** {@link ImageStore} of simulated hosts. */
export class SimulatedImages implements ImageStore {
  readonly #options: SimulatedImagesOptions;

  constructor(options: SimulatedImagesOptions) {
    this.#options = options;
  }

  async inspect(image: string, signal: AbortSignal): Promise<readonly HostImage[]> {
    signal.throwIfAborted();
    return this.#options.hosts.map((host): HostImage => {
      const { key, name } = host.host;
      if (!host.isReachable) return { host: key, reachable: false, code: 'HOST_UNREACHABLE', reason: `${name} does not answer` };
      const id = imageIdOn(host, image);
      return { host: key, reachable: true, image: id === null ? null : { id, bytes: IMAGE_BYTES, architecture: 'arm64', createdAt: null } };
    });
  }

  async pull(
    { image, hosts }: PullOrder,
    report: (progress: PullProgress) => void,
    log: (host: HostKey, line: string) => void,
    signal: AbortSignal,
  ): Promise<void> {
    signal.throwIfAborted();
    const wanted = hosts.map((key) => this.#host(key));
    for (const host of wanted) host.assertReachable();
    await Promise.all(
      wanted.map(async (host) => {
        const say = (phase: PullProgress['phase'], note: string | null): void =>
          report({ host: host.host.key, layer: null, phase, doneBytes: null, totalBytes: null, note });
        say('downloading', null);
        const refusal = this.#options.refusalOf(image);
        if (refusal !== null) {
          say('failed', refusal);
          throw new SparkError('RUNTIME_REJECTED', `${image}: ${refusal}`, { details: { host: host.host.key } });
        }
        log(host.host.key, `Pulling ${image} from the simulated registry`);
        await pullLayers(host, image, report, signal);
        host.disk.missingImages.delete(image);
        host.disk.imageIds.delete(image);
        host.world.saved();
        say('done', null);
      }),
    );
  }

  #host(key: HostKey): SimulatedHost {
    const host = this.#options.hosts.find((candidate) => candidate.host.key === key);
    if (host === undefined) throw new SparkError('HOST_NOT_FOUND', `There is no simulated host ${key}.`);
    return host;
  }
}

async function pullLayers(
  host: SimulatedHost,
  image: string,
  report: (progress: PullProgress) => void,
  signal: AbortSignal,
): Promise<void> {
  const layers = LAYER_BYTES.map((totalBytes, at) => ({ id: digestOf(`${image} ${at}`).slice(0, 12), totalBytes }));
  const tell = (phase: PullProgress['phase'], share: number): void => {
    for (const { id, totalBytes } of layers) {
      report({ host: host.host.key, layer: id, phase, doneBytes: Math.floor(totalBytes * share), totalBytes, note: null });
    }
  };
  for (let step = 0; step < STEPS; step += 1) {
    tell('downloading', step / STEPS);
    await host.world.time.sleep(STEP_SECONDS * 1000, signal);
  }
  tell('extracting', 1);
  await host.world.time.sleep(STEP_SECONDS * 1000, signal);
  tell('done', 1);
}

/** The same name has the same id on every host, in the shape of Docker's; `null`: it is not there. */
export function imageIdOn({ disk }: SimulatedHost, image: string): string | null {
  return disk.missingImages.has(image) ? null : (disk.imageIds.get(image) ?? `sha256:${digestOf(image)}`);
}

function digestOf(text: string): string {
  let hash = 2166136261;
  for (const char of text) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 16777619) >>> 0;
  return hash.toString(16).padStart(8, '0').repeat(8);
}
