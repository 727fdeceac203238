import type { ClusterKey } from '../ids.ts';
import type { HostReport } from '../ports/host-probe.ts';
import type { Serving } from '../swap/swap.ts';
import { type Cluster, endpointOf } from '../topology/cluster.ts';
import { baselineOf, modelNotices } from '../webhook/notices-of.ts';
import { viewEndpoint } from '../webhook/served-endpoint.ts';
import type { ClusterView } from './cluster-view.ts';
import type { CoreDeps } from './core-deps.ts';
import type { Feed } from './feed.ts';
import { describeDrift, type Reading, readSighting, type Sighting } from './observe.ts';
import type { ClusterPorts } from './step-ports.ts';
import { type TimedLook, timedLook } from './timed-look.ts';

const OBSERVE_EVERY_MS = 2_000;
const TELEMETRY_EVERY_MS = 5_000;
/** A host that takes longer is unknown for now; what the others said is shown all the same. */
const HOST_LIMIT_MS = 4_000;
/** One look may not take longer, whatever it hangs on. */
const LOOK_LIMIT_MS = 5_000;

export type StampedReport = HostReport & Readonly<{ cluster: ClusterKey; at: number }>;

type QueueState = Pick<ClusterView, 'activeSwap' | 'queued'>;

/** Looks at one cluster again and again, and keeps the view that everybody is shown. It never changes anything on the hosts. */
export class ClusterWatch {
  readonly #cluster: Cluster;
  readonly #ports: ClusterPorts;
  readonly #deps: CoreDeps;
  readonly #feed: Feed;
  readonly #queueState: () => QueueState;
  readonly #closing = new AbortController();
  #view: ClusterView;
  #expected: Serving = { kind: 'unknown' };
  #looking: Readonly<{ generation: number; done: Promise<void> }> | null = null;
  /** Rises when a swap settles: a look begun before says nothing about what came after. */
  #generation = 0;
  /** Generation of the look that the view comes from. */
  #seen = 0;
  #published = '';
  /** What webhooks were last told of, or may take for known. */
  #told: ClusterView | null = null;
  #reports: readonly StampedReport[] = [];
  #loops: readonly Promise<void>[] = [];

  constructor(cluster: Cluster, ports: ClusterPorts, deps: CoreDeps, feed: Feed, queueState: () => QueueState) {
    this.#cluster = cluster;
    this.#ports = ports;
    this.#deps = deps;
    this.#feed = feed;
    this.#queueState = queueState;
    this.#view = {
      cluster: cluster.key,
      serving: { kind: 'unknown' },
      runtime: 'unknown',
      isHealthy: false,
      since: null,
      servedModelName: null,
      maxModelLen: null,
      container: null,
      activeSwap: null,
      queued: [],
      drift: null,
      observedAt: null,
      unreachable: [],
    };
  }

  get view(): ClusterView {
    return { ...this.#view, ...this.#queueState() };
  }

  get reports(): readonly StampedReport[] {
    return this.#reports;
  }

  /** A swap has settled since the look that the view comes from. */
  get isBehind(): boolean {
    return this.#seen !== this.#generation;
  }

  /** Says what the last swap left; anything else that is seen while no swap runs is drift. */
  expect(serving: Serving): void {
    this.#expected = serving;
    this.#generation += 1;
    this.#view = { ...this.#view, drift: null };
  }

  start(): void {
    const { observeEveryMs = OBSERVE_EVERY_MS, telemetryEveryMs = TELEMETRY_EVERY_MS } = this.#deps;
    this.#loops = [this.#repeat(observeEveryMs, () => this.refresh()), this.#repeat(telemetryEveryMs, () => this.#readTelemetry())];
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('the watch ends'));
    await Promise.allSettled([...this.#loops, this.#looking?.done]);
  }

  /** Looks once; calls that come meanwhile share the look. Does not reject for hosts that cannot be reached. */
  async refresh(): Promise<void> {
    if (this.#looking !== null && this.#looking.generation !== this.#generation) await this.#looking.done;
    this.#looking ??= { generation: this.#generation, done: this.#look() };
    await this.#looking.done;
  }

  /** Like {@link refresh}, but never shares a look that began before this call. */
  async lookAgain(): Promise<void> {
    await this.#looking?.done;
    await this.refresh();
  }

  async #look(): Promise<void> {
    const generation = this.#generation;
    const wasIdle = this.#queueState().activeSwap === null;
    const timed = this.#timed();
    try {
      const sighting = await this.#sight(timed);
      const isCurrent = generation === this.#generation;
      this.#seen = generation;
      this.#view = this.#viewOf(sighting, readSighting(this.#cluster, sighting), isCurrent && wasIdle);
      await this.publishChange();
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#deps.logger.warn('a look at the cluster failed', { cluster: this.#cluster.key, error });
    } finally {
      timed.done();
      this.#looking = null;
    }
  }

  async #sight({ signal, orUnreachable }: TimedLook): Promise<Sighting> {
    const baseUrl = endpointOf(this.#cluster);
    const [hosts, health] = await Promise.all([
      orUnreachable((limited) => this.#ports.runtime.observe(limited, HOST_LIMIT_MS)),
      this.#deps.endpoint.health(baseUrl, signal),
    ]);
    const models = health.kind === 'healthy' ? await this.#deps.endpoint.models(baseUrl, signal).catch(() => null) : null;
    return { at: this.#deps.clock.now(), hosts, health, models };
  }

  #viewOf(sighting: Sighting, reading: Reading, tellsDrift: boolean): ClusterView {
    const isIdle = tellsDrift && this.#queueState().activeSwap === null;
    const [served] = sighting.models ?? [];
    const { container } = reading;
    return {
      ...this.#view,
      serving: reading.serving,
      runtime: reading.runtime,
      isHealthy: reading.isHealthy,
      since: container?.startedAt ?? null,
      servedModelName: served?.id ?? null,
      maxModelLen: served?.maxModelLen ?? null,
      container: container === null ? reading.unmanaged : `${container.name} on ${container.host}`,
      drift: isIdle ? describeDrift(this.#expected, reading) : null,
      observedAt: sighting.at,
      unreachable: sighting.hosts.flatMap((host) => (host.reachable ? [] : [{ host: host.host, reason: host.reason }])),
    };
  }

  /** Journals and publishes the view when something a person would notice has changed. */
  async publishChange(): Promise<void> {
    const view = this.view;
    const { observedAt: _age, ...noticed } = view;
    const text = JSON.stringify(noticed);
    if (text === this.#published) return;
    // Older than the end of the swap: webhooks are told by the look that comes, which knows the new model's endpoint.
    const isStale = this.isBehind;
    this.#published = isStale ? '' : text;
    if (view.drift !== null) this.#deps.logger.warn('drift', { cluster: view.cluster, drift: view.drift });
    try {
      const at = this.#deps.clock.now();
      const notices = isStale ? [] : modelNotices(this.#told, view, viewEndpoint(this.#cluster, view));
      const events = await this.#deps.journal.commit({
        events: [{ kind: 'model', cluster: view.cluster, swapId: null, at, view }],
        ...(notices.length === 0 ? {} : { notices }),
      });
      if (!isStale) this.#told = baselineOf(this.#told, view);
      for (const event of events) this.#feed.publish(event);
    } catch (error) {
      this.#published = ''; // said again with the next look
      this.#deps.logger.warn('a change of the view could not be journalled', { cluster: view.cluster, error });
    }
  }

  async #readTelemetry(): Promise<void> {
    const timed = this.#timed();
    try {
      const reports = await timed.orUnreachable((signal) =>
        this.#ports.probe.inspect({ image: null, source: null, hostLimitMs: HOST_LIMIT_MS }, signal),
      );
      const at = this.#deps.clock.now();
      this.#reports = reports.map((report) => ({ ...report, cluster: this.#cluster.key, at }));
      this.#feed.publish({ kind: 'host', cluster: this.#cluster.key, at, observedAt: this.#view.observedAt, reports });
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#deps.logger.debug('telemetry failed', { cluster: this.#cluster.key, error });
    } finally {
      timed.done();
    }
  }

  #timed(): TimedLook {
    return timedLook(this.#cluster, this.#deps.clock, LOOK_LIMIT_MS, this.#closing.signal);
  }

  async #repeat(everyMs: number, task: () => Promise<void>): Promise<void> {
    for (;;) {
      await task();
      try {
        await this.#deps.clock.sleep(everyMs, this.#closing.signal);
      } catch {
        return;
      }
    }
  }
}
