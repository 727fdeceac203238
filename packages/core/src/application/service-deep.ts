import { isSparkError } from '../errors.ts';
import type { DeepHealth } from '../ports/service-probe.ts';
import type { Service } from '../service/service.ts';
import { baseUrlOf } from '../service/service-place.ts';
import { type Cluster, endpointOf } from '../topology/cluster.ts';
import type { DeepItem, DeepReport } from './service-api.ts';
import type { ServiceDeskDeps } from './service-deps.ts';
import { sideBySide } from './side-by-side.ts';

/** Real requests cost GPU time: who asks again at once gets the same answer. */
const FRESH_MS = 10_000;
const AT_ONCE = 4;

type Kept = Readonly<{ asked: string; begunAt: number; item: Promise<DeepItem> }>;

/** One real request to each service and to each model that serves. */
export class ServiceDeepChecks {
  readonly #deps: ServiceDeskDeps;
  /** Of the desk: a check that several wait for must not end with the first who leaves. */
  readonly #closing: AbortSignal;
  readonly #kept = new Map<string, Kept>();
  readonly #last = new Map<string, DeepItem>();

  constructor(deps: ServiceDeskDeps, closing: AbortSignal) {
    this.#deps = deps;
    this.#closing = closing;
  }

  async report(services: readonly Service[]): Promise<DeepReport> {
    const { core, clock } = this.#deps;
    const checks = [
      ...core.clusters.map((cluster) => () => this.#fresh(`cluster ${cluster.key}`, endpointOf(cluster), () => this.#model(cluster))),
      ...services.map((service) => () => this.#fresh(service.key, JSON.stringify(service), () => this.#service(service))),
    ];
    const items = await sideBySide(AT_ONCE, checks, (check) => check());
    return { ok: items.every(({ status }) => status !== 'fail'), at: clock.now(), items };
  }

  /** The last answer of a service, however old; `null`: there was none. */
  last(key: string): DeepItem | null {
    return this.#last.get(key) ?? null;
  }

  async #fresh(key: string, asked: string, check: () => Promise<DeepItem>): Promise<DeepItem> {
    const now = this.#deps.clock.monotonic();
    const kept = this.#kept.get(key);
    if (kept !== undefined && kept.asked === asked && now - kept.begunAt < FRESH_MS) return kept.item;
    const item = check();
    this.#kept.set(key, { asked, begunAt: now, item });
    // A check that was broken off is no answer to the next who asks.
    item.then(
      (done) => this.#last.set(key, done),
      () => this.#kept.delete(key),
    );
    return item;
  }

  async #service(service: Service): Promise<DeepItem> {
    const { probe, core, clock } = this.#deps;
    const { key, name, kind, host } = service;
    const baseUrl = baseUrlOf(service, core.clusters);
    const health: DeepHealth =
      baseUrl === null
        ? { service: key, status: 'fail', detail: `Its host ${host ?? ''} is in no cluster.`, latencyMs: null, at: clock.now() }
        : await probe.deep(service, baseUrl, this.#closing);
    return { ...health, name, kind };
  }

  async #model(cluster: Cluster): Promise<DeepItem> {
    const { clock } = this.#deps;
    const begun = clock.monotonic();
    const outcome = await this.#ask(cluster);
    const latencyMs = outcome.status === 'pass' ? Math.max(0, Math.round(clock.monotonic() - begun)) : null;
    return { service: cluster.key, name: cluster.name, kind: 'vllm', ...outcome, latencyMs, at: clock.now() };
  }

  async #ask(cluster: Cluster): Promise<Pick<DeepHealth, 'status' | 'detail'>> {
    const { core, endpoint } = this.#deps;
    const view = core.views().find((candidate) => candidate.cluster === cluster.key);
    if (view?.activeSwap != null) return { status: 'skip', detail: 'A swap is running.' };
    const serving = view?.serving ?? { kind: 'unknown' };
    if (serving.kind === 'nothing') return { status: 'skip', detail: 'Nothing serves.' };
    if (serving.kind === 'unknown') return { status: 'fail', detail: 'It is not known what serves: its hosts could not be asked.' };
    try {
      const own = view?.servedModelName ?? (serving.kind === 'model' ? serving.model : null);
      const name = own ?? (await endpoint.models(endpointOf(cluster), this.#closing))[0]?.id;
      if (name === undefined) return { status: 'fail', detail: 'It serves no model.' };
      await endpoint.completeOneToken(endpointOf(cluster), name, this.#closing);
      return { status: 'pass', detail: `${name} made one token.` };
    } catch (error) {
      this.#closing.throwIfAborted();
      return { status: 'fail', detail: isSparkError(error) ? error.message : 'It could not be asked.' };
    }
  }
}
