import type { Actor } from '../audit/audit-entry.ts';
import { nearMatches } from '../catalog/near-matches.ts';
import { isSparkError, SparkError } from '../errors.ts';
import type { Operation } from '../operation/operation.ts';
import type { ServiceControl } from '../ports/service-control.ts';
import type { ContainerFacts, Service } from '../service/service.ts';
import { baseUrlOf, changeProblem, containerProblem, gpuClusterOf, servicePlace } from '../service/service-place.ts';
import { notFound } from './not-found.ts';
import type {
  DeepReport,
  EndpointView,
  PatchPlan,
  ServiceAction,
  ServiceDesk,
  ServiceDetails,
  ServiceOrder,
  ServiceView,
} from './service-api.ts';
import { ServiceBoard } from './service-board.ts';
import { serviceControl } from './service-control.ts';
import { ServiceDeepChecks } from './service-deep.ts';
import type { ServiceDeskDeps } from './service-deps.ts';
import { endpointViews, webUiLink } from './service-links.ts';
import { assertConfirmed, preparePatch } from './service-patches.ts';
import { hostOf } from './service-revival.ts';
import { ServiceWork } from './service-work.ts';

const MIB = 2 ** 20;

/** Registers the work on services with `operations`; call it before those start. */
export const createServiceDesk = (deps: ServiceDeskDeps): ServiceDesk => new Desk(deps);

class Desk implements ServiceDesk {
  readonly control: ServiceControl;
  readonly #deps: ServiceDeskDeps;
  readonly #board: ServiceBoard;
  readonly #checks: ServiceDeepChecks;
  readonly #work: ServiceWork;
  readonly #closing = new AbortController();
  #watching: Promise<void> | null = null;

  constructor(deps: ServiceDeskDeps) {
    this.#deps = deps;
    this.#board = new ServiceBoard(deps);
    this.#checks = new ServiceDeepChecks(deps, this.#closing.signal);
    this.#work = new ServiceWork(deps, this.#board);
    this.control = serviceControl(deps, this.#board);
  }

  list(): readonly ServiceView[] {
    return this.#board.enabled().map((service) => this.#view(service));
  }

  async details(key: string, signal: AbortSignal): Promise<ServiceDetails> {
    const service = this.#find(key);
    const { probe, core } = this.#deps;
    const baseUrl = baseUrlOf(service, core.clusters);
    const asked = baseUrl === null ? Promise.resolve(null) : probe.models(service, baseUrl, signal);
    const [found, models] = await Promise.all([this.#facts(service, signal), asked]);
    return { ...this.#view(service, models), ...found, deep: this.#checks.last(key), models };
  }

  deep(signal: AbortSignal): Promise<DeepReport> {
    return orAborted(this.#checks.report(this.#board.enabled()), signal);
  }

  async logs(key: string, lines: number, signal: AbortSignal): Promise<Readonly<{ at: number; lines: readonly string[] }>> {
    const service = this.#find(key);
    const found = await hostOf(this.#deps, service).logs(service, lines, signal);
    return { at: this.#deps.clock.now(), lines: found };
  }

  async restart(key: string, order: ServiceOrder): Promise<Operation> {
    return this.#work.restart(this.#changeable(key), order);
  }

  async limitMemory(key: string, bytes: number | null, actor: Actor, signal: AbortSignal): Promise<number | null> {
    const service = this.#changeable(key);
    const host = hostOf(this.#deps, service);
    const used = bytes === null ? null : ((await host.facts(service, signal))?.memoryUsedBytes ?? null);
    if (bytes !== null && used !== null && bytes < used) throw belowUse(service, bytes, used);
    const note = bytes === null ? 'memory cap taken away' : `memory cap of ${Math.round(bytes / MIB)} MiB`;
    const place = servicePlace(service, this.#deps.core.clusters);
    const entry = { at: this.#deps.clock.now(), actor, cluster: place?.cluster.key ?? null, target: key, fence: null, note };
    await this.#deps.record({ ...entry, action: 'service_limited' });
    return host.limitMemory(service, bytes, signal);
  }

  async patchPlan(key: string, action: PatchPlan['action'], signal: AbortSignal): Promise<PatchPlan> {
    return (await preparePatch(this.#deps, this.#changeable(key), action, signal)).plan;
  }

  async patch(key: string, action: PatchPlan['action'], confirm: string, order: ServiceOrder, signal: AbortSignal): Promise<Operation> {
    const plan = await this.patchPlan(key, action, signal);
    assertConfirmed(plan, confirm);
    return this.#work.patch(this.#changeable(key), plan, order);
  }

  endpoints(): readonly EndpointView[] {
    const { core, registry } = this.#deps;
    return endpointViews(core.clusters, core.views(), registry.all());
  }

  start(): void {
    this.#watching ??= this.#board.watch(this.#closing.signal);
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('the control plane stops'));
    await this.#watching;
  }

  #find(key: string): Service {
    const enabled = this.#board.enabled();
    const service = enabled.find((candidate) => candidate.key === key);
    if (service !== undefined) return service;
    if (this.#deps.registry.all().some((candidate) => candidate.key === key)) {
      throw new SparkError('SERVICE_NOT_FOUND', `The service ${key} is disabled by DISABLED_SERVICES.`);
    }
    throw notFound(
      'SERVICE_NOT_FOUND',
      key,
      nearMatches(
        key,
        enabled.map((candidate) => candidate.key),
      ),
    );
  }

  #changeable(key: string): Service {
    const service = this.#find(key);
    const problem = changeProblem(service, this.#deps.core.clusters);
    if (problem !== null) throw new SparkError('NOT_SUPPORTED', `This cannot be done with ${service.name}: ${problem}.`);
    hostOf(this.#deps, service);
    return service;
  }

  /** `known`: model ids that an Open WebUI has just named; `null`: those of the last poll count. */
  #view(service: Service, known: readonly string[] | null = null): ServiceView {
    const { core } = this.#deps;
    return {
      service,
      host: servicePlace(service, core.clusters)?.host.key ?? null,
      baseUrl: baseUrlOf(service, core.clusters),
      lock: gpuClusterOf(service, core.clusters),
      status: this.#board.status(service),
      link: webUiLink(service, core.clusters, core.views(), known ?? this.#board.models(service)),
      actions: this.#actions(service),
    };
  }

  #actions(service: Service): readonly ServiceAction[] {
    const { core, host } = this.#deps;
    const mayLook = host !== null && containerProblem(service, core.clusters) === null;
    const mayChange = host !== null && changeProblem(service, core.clusters) === null;
    return [
      ...(mayChange ? (['restart'] as const) : []),
      ...(mayLook ? (['logs'] as const) : []),
      ...(mayChange ? (['memory'] as const) : []),
      ...(mayChange && service.patches.length > 0 ? (['patches'] as const) : []),
      ...(service.kind === 'qdrant' ? (['snapshots'] as const) : []),
    ];
  }

  async #facts(service: Service, signal: AbortSignal): Promise<Readonly<{ facts: ContainerFacts | null; factsProblem: string | null }>> {
    try {
      const facts = await hostOf(this.#deps, service).facts(service, signal);
      return { facts, factsProblem: facts === null ? `There is no container ${service.container ?? ''}.` : null };
    } catch (error) {
      signal.throwIfAborted();
      if (!isSparkError(error)) throw error;
      return { facts: null, factsProblem: error.message };
    }
  }
}

/** The kernel would kill it at once. */
function belowUse(service: Service, bytes: number, used: number): SparkError {
  const [cap, now] = [Math.round(bytes / MIB), Math.ceil(used / MIB)];
  const message = `${service.name} uses ${now} MiB now, so a cap of ${cap} MiB would end it. Choose more, or restart it first.`;
  return new SparkError('INVALID_REQUEST', message, { details: { issues: [{ path: '/limit_mib', code: 'below_use', message }] } });
}

/** The checks go on for others who wait for them. */
function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const leave = (): void => reject(signal.reason);
    signal.addEventListener('abort', leave, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}
