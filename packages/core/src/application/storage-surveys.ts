import type { ClusterKey } from '../ids.ts';
import type { HostWeights, WeightsQuestion } from '../ports/weight-store.ts';
import type { Cluster } from '../topology/cluster.ts';
import type { StorageDeskDeps } from './storage-api.ts';

/** So old may be what is shown. */
export const FRESH_MS = 30_000;

type Survey = Readonly<{ at: number; hosts: readonly HostWeights[] }>;

/** What the hosts have, by cluster: asked once for all models together, and kept. */
export class StorageSurveys {
  readonly #deps: StorageDeskDeps;
  readonly #last = new Map<ClusterKey, Survey>();
  readonly #running = new Map<ClusterKey, Promise<Survey>>();
  readonly #changes = new Map<ClusterKey, number>();
  readonly #closing = new AbortController();

  constructor(deps: StorageDeskDeps) {
    this.#deps = deps;
  }

  /** From memory; `null` when nobody has looked yet. A stale one is renewed in the background. */
  known(cluster: Cluster): readonly HostWeights[] | null {
    const last = this.#last.get(cluster.key);
    if ((last === undefined || this.#isStale(last)) && !this.#closing.signal.aborted) {
      this.#look(cluster).catch((error: unknown) => {
        if (!this.#closing.signal.aborted) this.#deps.logger.warn('the disks could not be looked at', { cluster: cluster.key, error });
      });
    }
    return last?.hosts ?? null;
  }

  /** Not older than half a minute. */
  async recent(cluster: Cluster): Promise<readonly HostWeights[]> {
    const last = this.#last.get(cluster.key);
    return last !== undefined && !this.#isStale(last) ? last.hosts : (await this.#look(cluster)).hosts;
  }

  /** As it is now: for what is decided by it. */
  async now(cluster: Cluster): Promise<readonly HostWeights[]> {
    return (await this.#ask(cluster)).hosts;
  }

  /** Something was changed there: what is being asked just now may be of before. */
  forget(cluster: ClusterKey): void {
    this.#changes.set(cluster, (this.#changes.get(cluster) ?? 0) + 1);
    this.#last.delete(cluster);
    this.#running.delete(cluster);
  }

  close(): void {
    this.#closing.abort(new Error('the control plane stops'));
  }

  #isStale({ at }: Survey): boolean {
    return this.#deps.clock.monotonic() - at > FRESH_MS;
  }

  /** Whoever asks while hosts are being asked shares the answer. */
  #look(cluster: Cluster): Promise<Survey> {
    const running = this.#running.get(cluster.key);
    if (running !== undefined) return running;
    const asked = this.#ask(cluster).finally(() => {
      if (this.#running.get(cluster.key) === asked) this.#running.delete(cluster.key);
    });
    this.#running.set(cluster.key, asked);
    return asked;
  }

  async #ask(cluster: Cluster): Promise<Survey> {
    const { core, clock, weights } = this.#deps;
    const questions = core.catalog().models.flatMap(({ key, source, clusters }): WeightsQuestion[] => {
      return clusters.length === 0 || clusters.includes(cluster.key) ? [{ id: key, source }] : [];
    });
    const changes = this.#changes.get(cluster.key);
    const hosts = (await weights.get(cluster.key)?.survey(questions, this.#closing.signal)) ?? [];
    const survey = { at: clock.monotonic(), hosts };
    if (this.#changes.get(cluster.key) === changes) this.#last.set(cluster.key, survey);
    return survey;
  }
}
