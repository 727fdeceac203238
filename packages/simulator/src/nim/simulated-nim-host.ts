import {
  type Clock,
  type Cluster,
  type HostKey,
  type NimHost,
  type NimImage,
  type NimOrder,
  type NimSite,
  type PullProgress,
  SparkError,
} from '@spark-control/core';
import { spedUp } from '../fake-vllm/clock.ts';

const GIB = 1024 ** 3;
const LAYERS: readonly number[] = [0.1 * GIB, 0.8 * GIB, 3.2 * GIB, 5.9 * GIB].map(Math.round);
const PULL_SECONDS = 12;
const LOAD_SECONDS = 15;
const TICK_MS = 500;

type Container = { job: string; image: string; port: number; running: boolean; startedAt: number; aside: Container | null };
type Site = { images: Set<string>; pulls: Map<string, number>; containers: Map<string, Container> };

export type SimulatedNimHostOptions = Readonly<{
  clusters: readonly Cluster[];
  clock: Clock;
  /** Simulated seconds in one second. Default 1. */
  speed?: number;
}>;

/**
 * {@link NimHost} for hosts that do not exist. Its registry gives any image to whoever has a key, and images with `public` in their name to
 * everybody; it refuses keys with `wrong` in them. Images with `amd64` in their name are made for that alone, those with `crash` end while they load.
 */
export class SimulatedNimHost implements NimHost {
  readonly #time: Clock;
  readonly #sites: ReadonlyMap<HostKey, Site>;

  constructor({ clusters, clock, speed = 1 }: SimulatedNimHostOptions) {
    this.#time = spedUp(clock, speed);
    const hosts = clusters.flatMap((cluster) => cluster.hosts);
    this.#sites = new Map(hosts.map(({ key }) => [key, { images: new Set(), pulls: new Map(), containers: new Map() }]));
  }

  async survey(host: HostKey, order: Pick<NimOrder, 'image' | 'container' | 'port' | 'cache'>, signal: AbortSignal): Promise<NimSite> {
    signal.throwIfAborted();
    const { containers, images } = this.#site(host);
    const own = containers.get(order.container);
    const [holder] = [...containers].find(([, one]) => one.running && one.port === order.port) ?? [];
    return {
      ...{ architecture: 'arm64', hasGpuRuntime: true, imageFreeBytes: 900 * GIB, cacheFreeBytes: 900 * GIB, memAvailableBytes: 100 * GIB },
      hasImage: images.has(order.image),
      portOwner: holder === undefined ? null : `container ${holder}`,
      container: own === undefined ? null : { running: own.running, job: own.job },
    };
  }

  async login(host: HostKey, _image: string, key: string, signal: AbortSignal): Promise<void> {
    this.#site(host);
    await this.#time.sleep(500, signal);
    if (key.includes('wrong')) throw rejected(host, 'The simulated registry refused the NGC key.');
  }

  async inspect(host: HostKey, image: string, key: string | null, signal: AbortSignal): Promise<NimImage> {
    this.#site(host);
    await this.#time.sleep(500, signal);
    if (key === null && !image.includes('public'))
      throw rejected(host, `The simulated registry gives ${image} to nobody without an NGC key.`);
    return { image, architectures: [image.includes('amd64') ? 'amd64' : 'arm64'], bytes: LAYERS.reduce((sum, bytes) => sum + bytes, 0) };
  }

  /** How far it is follows from when it began, so that it goes on while nobody looks. */
  async pull(
    host: HostKey,
    { job, image }: Pick<NimOrder, 'job' | 'image'>,
    _key: string | null,
    report: (progress: PullProgress) => void,
    log: (line: string) => void,
    signal: AbortSignal,
  ): Promise<void> {
    signal.throwIfAborted();
    const site = this.#site(host);
    if (!site.pulls.has(job)) {
      site.pulls.set(job, this.#time.monotonic());
      log(`Pulling ${image} from the simulated registry`);
    }
    const begun = site.pulls.get(job) ?? 0;
    for (;;) {
      const share = Math.min(1, (this.#time.monotonic() - begun) / (PULL_SECONDS * 1_000));
      LAYERS.forEach((totalBytes, at) => {
        const phase = share === 1 ? 'done' : 'downloading';
        report({
          host,
          layer: `5143a70e${String(at).padStart(4, '0')}`,
          phase,
          doneBytes: Math.floor(totalBytes * share),
          totalBytes,
          note: null,
        });
      });
      if (share === 1) break;
      await this.#time.sleep(TICK_MS, signal);
    }
    site.images.add(image);
  }

  async run(host: HostKey, order: NimOrder, _key: string | null, signal: AbortSignal): Promise<Readonly<{ hasGpus: boolean }>> {
    signal.throwIfAborted();
    const { containers } = this.#site(host);
    const { container, job, image, port, replace } = order;
    const before = containers.get(container) ?? null;
    if (before?.job === job) return { hasGpus: true };
    if (before !== null && !replace) throw rejected(host, `There is a container ${container} on ${host} already.`);
    const holder = [...containers.values()].find((one) => one !== before && one.running && one.port === port);
    if (holder !== undefined) throw rejected(host, `Port ${port} on ${host} is taken.`);
    if (before !== null) before.running = false;
    containers.set(container, { job, image, port, running: true, startedAt: this.#time.monotonic(), aside: before });
    return { hasGpus: true };
  }

  async ready(host: HostKey, order: NimOrder, signal: AbortSignal): Promise<Readonly<{ ready: boolean; detail: string }>> {
    signal.throwIfAborted();
    const container = this.#site(host).containers.get(order.container);
    if (container === undefined) throw rejected(host, `Container ${order.container} on ${host} has gone.`);
    const seconds = (this.#time.monotonic() - container.startedAt) / 1_000;
    if (container.image.includes('crash') && seconds > LOAD_SECONDS / 3) container.running = false;
    if (!container.running) throw rejected(host, `Container ${order.container} on ${host} is exited (exit code 1).`);
    if (seconds >= LOAD_SECONDS) return { ready: true, detail: 'It is loaded.' };
    return { ready: false, detail: `It answers with status 503. Loading, ${Math.floor((100 * seconds) / LOAD_SECONDS)} %.` };
  }

  async settle(
    host: HostKey,
    { job, container }: Pick<NimOrder, 'job' | 'container'>,
    keep: 'new' | 'old',
    signal: AbortSignal,
  ): Promise<boolean> {
    signal.throwIfAborted();
    const { containers } = this.#site(host);
    const made = containers.get(container);
    if (made?.job !== job) return false;
    const { aside } = made;
    if (keep === 'new') {
      made.aside = null;
      return aside !== null;
    }
    containers.delete(container);
    if (aside !== null) containers.set(container, { ...aside, running: true });
    return true;
  }

  #site(key: HostKey): Site {
    const site = this.#sites.get(key);
    if (site === undefined) throw new SparkError('HOST_NOT_FOUND', `There is no simulated host ${key}.`);
    return site;
  }
}

const rejected = (host: HostKey, message: string): SparkError => new SparkError('RUNTIME_REJECTED', message, { details: { host } });
