import {
  type Actor,
  type AuditEntry,
  type Cluster,
  type ClusterKey,
  type ClusterView,
  clusterKey,
  createOperationDesk,
  createStorageDesk,
  type DownloadOrder,
  type HostImage,
  type HostWeights,
  type ImageStore,
  isSettled,
  type Model,
  modelKey,
  type Operation,
  type OperationDesk,
  type PullOrder,
  SparkError,
  type StorageDesk,
  type StorageRequest,
  type Swap,
  silentLogger,
  type WeightStore,
} from '../../src/index.ts';
import { aCluster, aModel } from './builders.ts';
import { FakeClock } from './fake-clock.ts';
import { MemoryOperations } from './memory-operations.ts';

const GIB = 2 ** 30;
const NEVER = new AbortController().signal;
export const ASKER: Actor = { name: 'tester', address: null, requestId: null };

type Stored = Readonly<{ bytes: number; complete: boolean; downloading?: boolean }>;

/** Weights and images of two hosts in memory. What a test does not set is there, whole, nowhere. */
export class FakeStorage implements WeightStore, ImageStore {
  /** By host, then by model key. */
  stored: Record<string, Record<string, Stored>> = { spark1: {}, spark2: {} };
  images: Record<string, string | null> = { spark1: 'sha256:a', spark2: 'sha256:a' };
  down = new Set<string>();
  freeBytes = 100 * GIB;
  size: number | null = 10 * GIB;
  surveys = 0;
  removed: string[] = [];
  orders: DownloadOrder[] = [];
  pulls: PullOrder[] = [];
  /** What a download does before all is there. */
  onDownload: (order: DownloadOrder, signal: AbortSignal) => Promise<void> = async () => {};
  onPull: () => void = () => {};
  onRemove: (host: string) => void = () => {};
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  survey: WeightStore['survey'] = async (questions) => {
    this.surveys += 1;
    return this.#cluster.hosts.map(({ key: host }): HostWeights => {
      if (this.down.has(host)) return { host, reachable: false, code: 'HOST_UNREACHABLE', reason: 'its cable is out' };
      const stored = questions.flatMap(({ id }) => {
        const found = this.stored[host]?.[id];
        return found === undefined ? [] : [{ id, path: `/cache/${id}`, downloading: false, ...found }];
      });
      return { host, reachable: true, stored, others: [], freeBytes: this.freeBytes };
    });
  };

  checkPath: WeightStore['checkPath'] = async () => [];
  sizeOf: WeightStore['sizeOf'] = async () => this.size;

  download: WeightStore['download'] = async (order, report, log, signal) => {
    this.orders.push(order);
    for (const host of order.hosts) report({ host, phase: 'downloading', doneBytes: GIB, totalBytes: 10 * GIB, note: null });
    log(order.hosts[0]!, `with ${order.token}`);
    await this.onDownload(order, signal);
    for (const host of order.hosts) {
      this.stored[host] = { ...this.stored[host], 'the-model': { bytes: 10 * GIB, complete: true } };
      report({ host, phase: 'done', doneBytes: 10 * GIB, totalBytes: 10 * GIB, note: null });
    }
  };

  remove: WeightStore['remove'] = async (host, repo) => {
    this.onRemove(host);
    this.removed.push(`${repo}@${host}`);
    return { host, path: '/cache/x', freedBytes: 10 * GIB, through: 'login' };
  };

  inspect: ImageStore['inspect'] = async () =>
    this.#cluster.hosts.map(({ key: host }): HostImage => {
      if (this.down.has(host)) return { host, reachable: false, code: 'HOST_UNREACHABLE', reason: 'its cable is out' };
      const id = this.images[host] ?? null;
      return { host, reachable: true, image: id === null ? null : { id, bytes: 20 * GIB, architecture: 'arm64', createdAt: null } };
    });

  pull: ImageStore['pull'] = async (order, report) => {
    this.pulls.push(order);
    for (const host of order.hosts) {
      report({ host, layer: 'aa', phase: 'downloading', doneBytes: 5, totalBytes: 10, note: null });
      report({ host, layer: null, phase: 'done', doneBytes: null, totalBytes: null, note: null });
    }
    this.onPull();
  };
}

/** A view of a cluster that does nothing. */
export const aView = (over: Partial<ClusterView> = {}): ClusterView => ({
  ...{ cluster: clusterKey('default'), serving: { kind: 'nothing' }, runtime: 'absent', isHealthy: false, since: null },
  ...{
    servedModelName: null,
    maxModelLen: null,
    container: null,
    activeSwap: null,
    queued: [],
    drift: null,
    observedAt: 0,
    unreachable: [],
  },
  ...over,
});

/** The desk over real operations, in memory; `view` and `swaps` are what the core says. */
export class StorageBench {
  readonly clock = new FakeClock();
  readonly cluster: Cluster = aCluster();
  readonly storage = new FakeStorage(this.cluster);
  /** Taken away: a cluster whose disks are out of reach. */
  readonly byCluster = new Map<ClusterKey, FakeStorage>([[this.cluster.key, this.storage]]);
  readonly store = new MemoryOperations();
  readonly trail: AuditEntry[] = [];
  readonly desk: StorageDesk;
  operations: OperationDesk;
  models: Model[] = [aModel('the-model', { source: { kind: 'repo', repo: 'org/model', revision: null } })];
  view = aView();
  swaps: Swap[] = [];
  secrets: Record<string, string> = { HF_TOKEN: 'hf_of_the_environment' };
  diskFree: number | null = 100 * GIB;
  isTrailFull = false;

  constructor() {
    [this.operations, this.desk] = this.#open();
  }

  /** Another process over the same store. */
  async restart(): Promise<void> {
    await this.operations.close();
    [this.operations] = this.#open();
    await this.operations.start();
  }

  #open(): [OperationDesk, StorageDesk] {
    let ids = this.store.saved.length;
    const { clock, cluster } = this;
    const tools = { clock, logger: silentLogger };
    const operations = createOperationDesk({
      ...tools,
      store: this.store,
      ids: { next: (prefix) => `${prefix}_${++ids}` },
      isSimulated: false,
    });
    const byCluster = this.byCluster;
    const desk = createStorageDesk({
      ...tools,
      core: {
        clusters: [cluster],
        catalog: () => ({ revision: 1, models: this.models, fault: null }),
        views: () => [this.view],
        swap: async (id) => this.swaps.find((swap) => swap.id === id) ?? null,
        swaps: async () => this.swaps.filter(isSettled),
        hostReports: () =>
          cluster.hosts.map(({ key }) => ({
            ...{ host: key, cluster: cluster.key, at: 0, reachable: true },
            facts: { diskFreeBytes: this.diskFree } as never,
          })),
      },
      operations,
      weights: byCluster,
      images: byCluster,
      secrets: { read: (name) => this.secrets[name] ?? null },
      record: async (entry) => {
        if (this.isTrailFull) throw new SparkError('STORE_UNAVAILABLE', 'The disk is full.');
        this.trail.push(entry);
      },
    });
    return [operations, desk];
  }

  request(over: Partial<StorageRequest> = {}): StorageRequest {
    return { model: modelKey('the-model'), cluster: null, hosts: null, requestedBy: 'tester', reason: null, ...over };
  }

  download(over: Partial<StorageRequest> = {}): Promise<Operation> {
    return this.desk.download(this.request(over), ASKER, NEVER);
  }

  pull(over: Partial<StorageRequest> = {}): Promise<Operation> {
    return this.desk.pullImage(this.request(over), ASKER, NEVER);
  }

  remove(over: Partial<Readonly<{ host: string | null; dryRun: boolean; force: boolean }>> = {}) {
    return this.desk.remove({ model: modelKey('the-model'), host: null, dryRun: false, force: false, ...over }, ASKER, NEVER);
  }

  /** As it is when its work is over. */
  async settled({ id }: Operation): Promise<Operation> {
    const settled = this.operations.settled(id, NEVER);
    await this.clock.advance(5_000);
    return await settled;
  }

  place(host: string, over: Partial<Stored> = {}): void {
    this.storage.stored[host] = { 'the-model': { bytes: 10 * GIB, complete: true, ...over } };
  }
}
