import type { Actor } from '../audit/audit-entry.ts';
import { nearMatches } from '../catalog/near-matches.ts';
import { type Issue, SparkError } from '../errors.ts';
import { noRootRights, planUpdate, STALE_LISTS_MS, stepsOf, type UpdatePlan } from '../host/update-plan.ts';
import type { HostKey, ModelKey } from '../ids.ts';
import type { Operation } from '../operation/operation.ts';
import type { HostCondition, HostMaintenance } from '../ports/host-maintenance.ts';
import type { Cluster, Host } from '../topology/cluster.ts';
import type { MaintenanceDeps, MaintenanceDesk, RebootPolicy, RebootRequest, UpdateRequest } from './maintenance-api.ts';
import { type HostTask, type MaintenanceInput, storedInput } from './maintenance-input.ts';
import { LOCK_SECRET } from './maintenance-lock.ts';
import { maintenanceParts } from './maintenance-parts.ts';
import { maintenanceWorker } from './maintenance-worker.ts';
import { servingNow } from './serving-now.ts';
import { type LockTools, type TakenLock, takeLock, underTakenLock } from './under-lock.ts';

export function createMaintenanceDesk(deps: MaintenanceDeps): MaintenanceDesk {
  return new Desk(deps);
}

type Place = Readonly<{ host: Host; cluster: Cluster }>;
type Planned = Readonly<{ host: Host; plan: UpdatePlan; condition: HostCondition }>;
type Begin = Readonly<{
  kind: 'host_update' | 'host_reboot';
  place: Place;
  request: RebootRequest;
  reboot: RebootPolicy;
  firmware: boolean;
  note: string;
}>;

/** Nobody waits for an answer that the caller has given up, and each of these calls has a limit of its own. */
const NEVER = new AbortController().signal;

class Desk implements MaintenanceDesk {
  readonly #deps: MaintenanceDeps;
  readonly #tools: LockTools;

  constructor(deps: MaintenanceDeps) {
    this.#deps = deps;
    this.#tools = { locks: deps.core.locks, clock: deps.clock, logger: deps.logger };
    if (deps.maintenance === null) return;
    const worker = maintenanceWorker(deps, deps.maintenance);
    deps.operations.register('host_update', worker);
    deps.operations.register('host_reboot', worker);
  }

  async plan(key: HostKey): Promise<UpdatePlan> {
    const { host } = this.#find(key);
    return planUpdate(await this.#maintenance.survey(key, NEVER), host.user);
  }

  async update(request: UpdateRequest, actor: Actor): Promise<Operation> {
    const place = this.#find(request.host);
    const { reboot, firmware } = request;
    const hosts = request.scope === 'cluster' ? inOrder(place.cluster) : [place.host];
    const note = hosts.map(({ key }) => key).join(', ');
    return await this.#under({ kind: 'host_update', place, request, reboot, firmware, note }, actor, async () => {
      const planned = await Promise.all(hosts.map((host) => this.#planned(host)));
      refuseStale(planned, request);
      refuseBlocked(planned, request);
      return await Promise.all(planned.filter((one) => hasWork(one, request)).map((one) => this.#task(one, request)));
    });
  }

  async reboot(request: RebootRequest, actor: Actor): Promise<Operation> {
    const place = this.#find(request.host);
    const { host } = place;
    return await this.#under(
      { kind: 'host_reboot', place, request, reboot: 'always', firmware: false, note: host.key },
      actor,
      async () => {
        const condition = await this.#maintenance.condition(host.key, NEVER);
        if (!condition.mayBecomeRoot) throw refused([issue('/host', 'no_root_rights', `${host.name}: ${noRootRights(host.user)}`)]);
        return [await this.#task({ host, plan: null, condition }, null)];
      },
    );
  }

  /** Takes the lock, has `check` look at everything under it, and begins the operation, which the lock then belongs to. */
  async #under(begin: Begin, actor: Actor, check: () => Promise<readonly HostTask[]>): Promise<Operation> {
    const { request, place } = begin;
    const { requestedBy: holder, lockId } = request;
    const reason = `${begin.kind === 'host_reboot' ? 'reboot' : 'update'} of ${begin.note}`;
    if (this.#deps.maintenance === null) throw notSupported();
    const taken = await takeLock(this.#tools, { cluster: place.cluster.key, lockId, holder, reason, actor }, NEVER);
    let isGivenOn = false;
    try {
      this.#refuseInTheWay(place.cluster);
      const tasks = await underTakenLock(this.#tools, { ...taken, isOurs: false }, NEVER, check);
      const operation = await this.#begin(begin, taken, tasks, actor);
      isGivenOn = true;
      return operation;
    } finally {
      if (!isGivenOn && taken.isOurs) await this.#release(taken, actor);
    }
  }

  async #begin(begin: Begin, taken: TakenLock, tasks: readonly HostTask[], actor: Actor): Promise<Operation> {
    const { kind, place, request, reboot, firmware, note } = begin;
    const { cluster, host } = place;
    // Who proves a lock acts in the name of its holder.
    const requestedBy = taken.isOurs ? request.requestedBy : taken.lease.holder;
    const previous = request.restoreModel ? await this.#served(cluster) : null;
    const input: MaintenanceInput = {
      ...{ cluster: cluster.key, tasks, reboot, firmware, drainSeconds: request.drainSeconds, previous, requestedBy },
      ...{ lease: taken.lease.fence, isOwnLock: taken.isOurs },
    };
    return await this.#deps.operations.begin({
      ...{ kind, subject: host.key, cluster: cluster.key, exclusive: `maintenance:${cluster.key}`, requestedBy },
      ...{ reason: request.reason, input: storedInput(input), secrets: { [LOCK_SECRET]: taken.lockId }, actor },
      parts: maintenanceParts(input),
      audit: { action: kind === 'host_reboot' ? 'host_rebooted' : 'host_updated', note },
    });
  }

  async #planned(host: Host): Promise<Planned> {
    const [survey, condition] = await Promise.all([
      this.#maintenance.survey(host.key, NEVER),
      this.#maintenance.condition(host.key, NEVER),
    ]);
    return { host, plan: planUpdate(survey, host.user), condition };
  }

  async #task(
    { host, plan, condition }: Omit<Planned, 'plan'> & { plan: UpdatePlan | null },
    request: UpdateRequest | null,
  ): Promise<HostTask> {
    const { key, name, user } = host;
    const { bootId, kernel, driver, gpuAnswers } = condition;
    const services = (await this.#deps.sideServices?.(key, NEVER)) ?? [];
    const isOld = plan !== null && (plan.listsAt === null || plan.at - plan.listsAt > STALE_LISTS_MS);
    return {
      ...{ host: key, name, user, bootId, kernel, driver, gpuAnswered: gpuAnswers === true },
      plan: plan?.id ?? null,
      steps: plan === null || request === null ? [] : stepsOf(plan, request.firmware),
      packages: plan?.packages.length ?? 0,
      refresh: isOld,
      services: services.filter(({ ok }) => ok).map(({ service }) => service),
    };
  }

  /** What serves, to be loaded again. */
  async #served({ key }: Cluster): Promise<ModelKey | null> {
    const { core } = this.#deps;
    const view = core.views().find(({ cluster }) => cluster === key);
    const serving = view === undefined ? null : await servingNow(core, view);
    return serving?.kind === 'model' ? serving.model : null;
  }

  /** @throws {SparkError} SWAP_IN_PROGRESS: one under the same lock; UNMANAGED_MODEL: what we did not start is not ours to end, and could not be started again. */
  #refuseInTheWay({ key }: Cluster): void {
    const view = this.#deps.core.views().find(({ cluster }) => cluster === key);
    if (view === undefined) return;
    const { activeSwap, serving, container } = view;
    if (activeSwap !== null) {
      throw new SparkError('SWAP_IN_PROGRESS', `Swap ${activeSwap} runs on ${key}; wait for its end.`, { details: { swapId: activeSwap } });
    }
    if (serving.kind !== 'unmanaged') return;
    const what = container ?? 'Something';
    throw new SparkError('UNMANAGED_MODEL', `${what} serves on ${key} and was not started by Spark Control. Stop it yourself first.`);
  }

  async #release(taken: TakenLock, actor: Actor): Promise<void> {
    await this.#deps.core.locks.release(taken.lockId, actor).catch((error: unknown) => {
      this.#deps.logger.warn('a lock could not be released; it expires by itself', { error });
    });
  }

  #find(key: HostKey): Place {
    const places = this.#deps.core.clusters.flatMap((cluster) => cluster.hosts.map((host) => ({ host, cluster })));
    const found = places.find(({ host }) => host.key === key);
    if (found !== undefined) return found;
    const near = nearMatches(
      key,
      places.map(({ host }) => host.key),
    );
    const hint = near.length === 0 ? ' GET /api/hosts lists them.' : ` Did you mean ${near.join(' or ')}?`;
    throw new SparkError('HOST_NOT_FOUND', `There is no host "${key.slice(0, 100)}".${hint}`);
  }

  get #maintenance(): HostMaintenance {
    const { maintenance } = this.#deps;
    if (maintenance !== null) return maintenance;
    throw notSupported();
  }
}

const notSupported = (): SparkError => new SparkError('NOT_SUPPORTED', 'These hosts were given without a way to update or reboot them.');

/** Workers before the head: it is the head that a client talks to, and that should change when the others are known to be well. */
const inOrder = ({ hosts }: Cluster): readonly Host[] => [...hosts.slice(1), ...hosts.slice(0, 1)];

/** Whether anything is to be done on a host: what there is to install, or a reboot. */
function hasWork({ plan, condition }: Planned, { firmware, reboot }: UpdateRequest): boolean {
  if (stepsOf(plan, firmware).length > 0 || reboot === 'always') return true;
  return reboot === 'if_required' && condition.rebootRequiredBy.length > 0;
}

function refuseStale(planned: readonly Planned[], { host, plan: agreed }: UpdateRequest): void {
  const found = planned.find((one) => one.host.key === host)?.plan.id;
  if (found === agreed) return;
  const message = `The update of ${host} would do something else by now than plan ${agreed.slice(0, 60)}. Look at its plan again, and send its id.`;
  throw new SparkError('STALE_REVISION', message, { details: { host } });
}

function refuseBlocked(planned: readonly Planned[], { acceptDanger }: UpdateRequest): void {
  const blockers = planned.flatMap(({ host, plan }) => plan.blockers.map((words) => issue('/plan', 'blocked', `${host.name}: ${words}`)));
  const dangers = planned.flatMap(({ host, plan }) =>
    plan.packages
      .filter(({ risk }) => risk === 'danger')
      .map(({ name, note }) => issue('/accept_danger', 'danger', `${host.name}, ${name}: ${note ?? 'it is known to be bad.'}`)),
  );
  const issues = acceptDanger ? blockers : [...blockers, ...dangers];
  if (issues.length > 0) throw refused(issues);
}

const issue = (path: string, code: string, message: string): Issue => ({ path, code, message });

function refused(issues: readonly Issue[]): SparkError {
  return new SparkError('PREFLIGHT_FAILED', issues.map(({ message }) => message).join(' '), { details: { issues } });
}
