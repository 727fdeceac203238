import type { Service, ServiceStatus } from '../service/service.ts';
import { baseUrlOf } from '../service/service-place.ts';
import type { ServiceDeskDeps } from './service-deps.ts';
import { sideBySide } from './side-by-side.ts';

const AT_ONCE = 8;
const DEFAULT_EVERY_MS = 15_000;

/** `asked`: whom the status is of. `failures`: how often in a row nothing answered. */
type Entry = Readonly<{ asked: string; status: ServiceStatus; failures: number; models: readonly string[] | null }>;

/** The last status of every service that is not disabled, and the asking for it. */
export class ServiceBoard {
  readonly #deps: ServiceDeskDeps;
  readonly #entries = new Map<string, Entry>();

  constructor(deps: ServiceDeskDeps) {
    this.#deps = deps;
  }

  enabled(): readonly Service[] {
    return this.#deps.registry.all().filter(({ isDisabled }) => !isDisabled);
  }

  status(service: Service): ServiceStatus {
    return (
      this.#entryOf(service)?.status ?? { service: service.key, state: 'unknown', detail: 'It was not asked yet.', latencyMs: null, at: 0 }
    );
  }

  /** Model ids that an Open WebUI knew when it was asked last; empty when it does not tell. */
  models(service: Service): readonly string[] {
    return this.#entryOf(service)?.models ?? [];
  }

  /** Asks until `signal` aborts. */
  async watch(signal: AbortSignal): Promise<void> {
    const { clock, logger, pollEveryMs = DEFAULT_EVERY_MS } = this.#deps;
    while (!signal.aborted) {
      try {
        await sideBySide(AT_ONCE, this.enabled(), (service) => this.ask(service, signal));
        this.#forgetOthers();
      } catch (error) {
        if (!signal.aborted) logger.error('services could not be polled', { error });
      }
      await clock.sleep(pollEveryMs, signal).catch(() => undefined);
    }
  }

  /** Asks one service now. Rejects on abort only. */
  async ask(service: Service, signal: AbortSignal): Promise<ServiceStatus> {
    const { probe, clock, core } = this.#deps;
    const baseUrl = baseUrlOf(service, core.clusters);
    if (baseUrl === null) {
      const detail = `Its host ${service.host ?? ''} is in no cluster.`;
      return this.#keep(service, { service: service.key, state: 'unknown', detail, latencyMs: null, at: clock.now() }, null);
    }
    const seen = await probe.status(service, baseUrl, signal);
    const tells = service.kind === 'open_webui' && seen.state === 'up';
    return this.#keep(service, seen, tells ? await probe.models(service, baseUrl, signal) : null);
  }

  /** One miss after an answer is no outage yet: services are busy at times, and links drop packets. */
  #keep(service: Service, seen: ServiceStatus, models: Entry['models']): ServiceStatus {
    const before = this.#entryOf(service);
    const hadAnswered = before !== null && before.failures === 0 && before.status.state !== 'unknown';
    const isFirstMiss = seen.state === 'down' && hadAnswered;
    const status: ServiceStatus = isFirstMiss ? { ...seen, state: 'degraded' } : seen;
    const failures = seen.state === 'down' ? (before?.failures ?? 0) + 1 : 0;
    this.#entries.set(service.key, { asked: whom(service), status, failures, models });
    return status;
  }

  #entryOf(service: Service): Entry | null {
    const entry = this.#entries.get(service.key);
    return entry?.asked === whom(service) ? entry : null;
  }

  #forgetOthers(): void {
    const known = new Set(this.enabled().map(({ key }) => key));
    for (const key of this.#entries.keys()) if (!known.has(key)) this.#entries.delete(key);
  }
}

/** What was learned of a service at another address is not of this one. */
const whom = ({ url, host, port, kind, healthPath }: Service): string => JSON.stringify([url, host, port, kind, healthPath]);
