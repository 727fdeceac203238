import {
  type Cluster,
  type DownloadOrder,
  type DownloadProgress,
  type HostKey,
  type HostWeights,
  isRepository,
  localPathProblem,
  type ModelSource,
  type PathVerdict,
  type Removal,
  SparkError,
  type StoredWeights,
  type WeightStore,
  type WeightsQuestion,
} from '@spark-control/core';
import type { SimulatedHost } from './simulated-host.ts';

const GIB = 1024 ** 3;
/** Far quicker than any line: people wait for it. */
const HUB_BYTES_PER_SECOND = 1.5 * GIB;
const LINK_BYTES_PER_SECOND = 6 * GIB;
const LONGEST_SECONDS = 24;
const STEP_SECONDS = 0.25;

export type SimulatedWeightsOptions = Readonly<{
  cluster: Cluster;
  hosts: readonly SimulatedHost[];
  /** Size of the weights of a repo or path, in bytes. */
  weightsOf: (name: string) => number;
  /** Names that have a size of their own, for what else is in the cache. */
  knownNames: () => readonly string[];
  /** Why the hub does not give a repository; `null`: it does. */
  refusalOf: (repo: string) => string | null;
}>;

const nameOf = (source: ModelSource): string => (source.kind === 'repo' ? source.repo : source.path);

type Brought = Readonly<{ order: DownloadOrder; report: (progress: DownloadProgress) => void; signal: AbortSignal }>;

/** {@link WeightStore} of simulated hosts. Downloads take simulated seconds by their size, and what came stays. */
export class SimulatedWeights implements WeightStore {
  readonly #options: SimulatedWeightsOptions;
  /** Host and repository of what is written just now. */
  readonly #writing = new Set<string>();

  constructor(options: SimulatedWeightsOptions) {
    this.#options = options;
  }

  async survey(questions: readonly WeightsQuestion[], signal: AbortSignal): Promise<readonly HostWeights[]> {
    signal.throwIfAborted();
    const asked = new Set(questions.map(({ source }) => nameOf(source)));
    return this.#options.hosts.map((host): HostWeights => {
      const { key, name } = host.host;
      if (!host.isReachable) return { host: key, reachable: false, code: 'HOST_UNREACHABLE', reason: `${name} does not answer` };
      const stored = questions.flatMap((question) => this.#stored(host, question));
      const names = new Set([...this.#options.knownNames(), ...host.disk.names()].filter(isRepository));
      const others = [...names].flatMap((repo) => {
        const found = asked.has(repo) ? null : host.disk.weights(repo);
        return found === null ? [] : [{ repo, path: this.#pathOf(repo), bytes: found.bytes }];
      });
      return { host: key, reachable: true, stored, others, freeBytes: host.disk.freeBytes };
    });
  }

  #stored(host: SimulatedHost, { id, source }: WeightsQuestion): readonly StoredWeights[] {
    const name = nameOf(source);
    const found = host.disk.weights(name);
    const downloading = this.#writing.has(`${host.host.key} ${name}`);
    const path = source.kind === 'repo' ? this.#pathOf(name) : name;
    if (found === null) return downloading ? [{ id, path, bytes: 0, complete: false, downloading }] : [];
    return [{ id, path, ...found, downloading }];
  }

  async checkPath(path: string, roots: readonly string[], signal: AbortSignal): Promise<readonly PathVerdict[]> {
    signal.throwIfAborted();
    const form = localPathProblem(path, roots);
    return this.#options.hosts.map((host) => {
      const { key, name } = host.host;
      const missing = host.disk.weights(path) === null ? `It is not there on ${name}.` : null;
      if (form === null && !host.isReachable)
        return { host: key, ok: false, problem: `${name} cannot be asked: it does not answer.`, unknown: true };
      const problem = form === null ? missing : `The path ${form}.`;
      return { host: key, ok: problem === null, problem };
    });
  }

  async sizeOf(repo: string, _revision: string | null, _token: string | null, signal: AbortSignal): Promise<number | null> {
    signal.throwIfAborted();
    return this.#options.weightsOf(repo);
  }

  async download(
    order: DownloadOrder,
    report: (progress: DownloadProgress) => void,
    log: (host: HostKey, line: string) => void,
    signal: AbortSignal,
  ): Promise<void> {
    signal.throwIfAborted();
    const brought: Brought = { order, report, signal };
    const wanted = order.hosts.map((key) => this.#host(key));
    for (const host of wanted) say(brought, host, 'waiting', null, null);
    for (const host of wanted) host.assertReachable();
    const missing = wanted.filter((host) => host.disk.shareOf(order.repo) < 1);
    for (const host of wanted) if (!missing.includes(host)) say(brought, host, 'done', this.#options.weightsOf(order.repo), null);
    if (missing.length === 0) return;
    const source = this.#options.hosts.find((host) => host.isReachable && host.disk.shareOf(order.repo) === 1);
    const [first] = missing;
    if (source === undefined && first !== undefined) {
      const refusal = this.#options.refusalOf(order.repo);
      say(brought, first, 'downloading', 0, null);
      if (refusal !== null) throw failed(brought, first, 'RUNTIME_REJECTED', `${order.repo}: ${refusal}`);
      log(first.host.key, `Fetching ${order.repo} from the simulated hub`);
      await this.#write(brought, first, 'downloading');
    }
    const others = missing.filter((host) => source !== undefined || host !== first);
    for (const host of others) log(host.host.key, `Copying ${order.repo} over the fast link`);
    await Promise.all(others.map((host) => this.#write(brought, host, 'copying')));
  }

  async #write(brought: Brought, host: SimulatedHost, phase: 'downloading' | 'copying'): Promise<void> {
    const { repo } = brought.order;
    const bytes = this.#options.weightsOf(repo);
    const missing = bytes * (1 - host.disk.shareOf(repo));
    if (missing > host.disk.freeBytes) throw failed(brought, host, 'NOT_ENOUGH_DISK', `The disk of ${host.host.name} is full.`);
    const rate = phase === 'downloading' ? HUB_BYTES_PER_SECOND : LINK_BYTES_PER_SECOND;
    const seconds = Math.min(LONGEST_SECONDS, bytes / rate);
    const writing = `${host.host.key} ${repo}`;
    this.#writing.add(writing);
    try {
      while (host.disk.shareOf(repo) < 1) {
        say(brought, host, phase, Math.floor(bytes * host.disk.shareOf(repo)), bytes);
        await host.world.time.sleep(STEP_SECONDS * 1000, brought.signal);
        // A host that is cut off goes on when it is back, as the real one's client would try again.
        if (!host.isReachable) continue;
        host.disk.setShare(repo, host.disk.shareOf(repo) + Math.max(STEP_SECONDS / seconds, 0.001));
      }
    } finally {
      this.#writing.delete(writing);
      host.world.saved();
    }
    say(brought, host, 'verifying', bytes, bytes);
    say(brought, host, 'done', bytes, bytes);
  }

  async remove(key: HostKey, repo: string, signal: AbortSignal): Promise<Removal> {
    signal.throwIfAborted();
    const host = this.#host(key);
    host.assertReachable();
    if (!isRepository(repo)) throw new SparkError('NOT_SUPPORTED', 'Only a repository of the cache is deleted.');
    const alive = [...host.containers.values()].find((container) => container.isAlive && container.record.argv.includes(repo));
    if (alive !== undefined) {
      throw new SparkError('MODEL_IN_USE', `${alive.record.name} on ${host.host.name} serves ${repo}. Nothing was deleted there.`, {
        details: { host: key },
      });
    }
    const freedBytes = host.disk.weights(repo)?.bytes ?? 0;
    host.disk.setShare(repo, 0);
    host.world.saved();
    return { host: key, path: this.#pathOf(repo), freedBytes, through: 'login' };
  }

  #pathOf(repo: string): string {
    return `${this.#options.cluster.hfCache}/hub/models--${repo.replaceAll('/', '--')}`;
  }

  #host(key: HostKey): SimulatedHost {
    const host = this.#options.hosts.find((candidate) => candidate.host.key === key);
    if (host === undefined) throw new SparkError('HOST_NOT_FOUND', `Host ${key} is not in cluster ${this.#options.cluster.key}.`);
    return host;
  }
}

function say(
  { report }: Brought,
  host: SimulatedHost,
  phase: DownloadProgress['phase'],
  doneBytes: number | null,
  totalBytes: number | null,
  note: string | null = null,
): void {
  report({ host: host.host.key, phase, doneBytes, totalBytes: totalBytes ?? (phase === 'done' ? doneBytes : null), note });
}

function failed(brought: Brought, host: SimulatedHost, code: 'RUNTIME_REJECTED' | 'NOT_ENOUGH_DISK', message: string): SparkError {
  say(brought, host, 'failed', null, null, message);
  return new SparkError(code, message, { details: { host: host.host.key } });
}
