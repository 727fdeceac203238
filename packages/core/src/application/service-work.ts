import { SparkError } from '../errors.ts';
import type { ClusterKey } from '../ids.ts';
import type { Operation, OperationKind, OperationPart, Plain } from '../operation/operation.ts';
import type { Service } from '../service/service.ts';
import { gpuClusterOf, servicePlace } from '../service/service-place.ts';
import type { NewOperation, OperationContext } from './operation-api.ts';
import type { PatchPlan, ServiceOrder } from './service-api.ts';
import type { ServiceBoard } from './service-board.ts';
import type { ServiceDeskDeps } from './service-deps.ts';
import { assertConfirmed, preparePatch } from './service-patches.ts';
import { hostOf, revive, workOn } from './service-revival.ts';
import { type LockTools, type TakenLock, takeLock, underTakenLock } from './under-lock.ts';

type Begun = Pick<NewOperation, 'kind' | 'input' | 'audit'> & Readonly<{ verb: string; steps: readonly Step[] }>;
type Step = keyof typeof LABELS;
type Result = Readonly<Record<string, Plain>>;

const LABELS = { files: 'Files of the container', restart: 'Restart', health: 'Health' } as const;
const NEVER = new AbortController().signal;

/** The long work on services: what disturbs a GPU is done under the lock of its cluster. */
export class ServiceWork {
  readonly #deps: ServiceDeskDeps;
  readonly #board: ServiceBoard;
  readonly #locks: LockTools;
  /** Locks of work that is about to begin: how they reach it without being stored. Not by lock id, since a caller may do several things under one. */
  readonly #taken = new Map<string, TakenLock>();
  #begun = 0;

  constructor(deps: ServiceDeskDeps, board: ServiceBoard) {
    this.#deps = deps;
    this.#board = board;
    this.#locks = { locks: deps.core.locks, clock: deps.clock, logger: deps.logger };
    const register = (
      kind: OperationKind,
      work: (service: Service, context: OperationContext, signal: AbortSignal) => Promise<Result>,
    ): void =>
      // None of it is begun again by another process: a restart that was asked for once should not come at another time.
      deps.operations.register(kind, { resumable: false, cancellable: true, run: (context) => this.#run(context, work) });
    register('service_restart', (service, context, signal) => this.#restart(service, context, signal));
    register('patches_apply', (service, context, signal) => this.#patch('apply', service, context, signal));
    register('patches_undo', (service, context, signal) => this.#patch('undo', service, context, signal));
  }

  restart(service: Service, order: ServiceOrder): Promise<Operation> {
    const audit = { action: 'service_restarted', note: order.reason } as const;
    return this.#begin(service, order, { kind: 'service_restart', input: {}, audit, verb: 'restart', steps: ['restart', 'health'] });
  }

  patch(service: Service, plan: PatchPlan, order: ServiceOrder): Promise<Operation> {
    const isApply = plan.action === 'apply';
    const note = plan.files.map(({ target, change }) => `${change} ${target}`).join(', ');
    return this.#begin(service, order, {
      kind: isApply ? 'patches_apply' : 'patches_undo',
      input: { plan: plan.id },
      audit: { action: isApply ? 'patches_applied' : 'patches_undone', note },
      verb: isApply ? 'patching' : 'unpatching',
      steps: ['files', 'restart', 'health'],
    });
  }

  async #begin(service: Service, order: ServiceOrder, { verb, steps, ...begun }: Begun): Promise<Operation> {
    const { operations, core } = this.#deps;
    const { lockId, requestedBy, reason, actor } = order;
    const cluster = lockedCluster(service, this.#deps);
    const need = { lockId, holder: requestedBy, reason: `${verb} of ${service.key}`, actor };
    const taken = cluster === null ? null : await takeLock(this.#locks, { ...need, cluster }, NEVER);
    const ticket = String(++this.#begun);
    if (taken !== null) this.#taken.set(ticket, taken);
    try {
      const host = servicePlace(service, core.clusters)?.host.key ?? null;
      return await operations.begin({
        ...begun,
        ...{ subject: service.key, cluster, exclusive: workOn(service.key), reason, actor },
        // Who proves a lock acts in the name of its holder.
        requestedBy: taken === null || taken.isOurs ? requestedBy : taken.lease.holder,
        parts: steps.map((step) => partOf(step, host, 'pending')),
        ...(taken === null ? {} : { secrets: { ticket, lock: taken.lockId } }),
      });
    } catch (error) {
      if (taken !== null) {
        this.#taken.delete(ticket);
        if (taken.isOurs) await underTakenLock(this.#locks, taken, NEVER, async () => undefined);
      }
      throw error;
    }
  }

  async #run(
    context: OperationContext,
    work: (service: Service, context: OperationContext, signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    const ticket = context.secrets['ticket'] ?? '';
    const taken = this.#taken.get(ticket);
    this.#taken.delete(ticket);
    const { subject, cluster } = context.operation;
    const task = async (signal: AbortSignal): Promise<Result> => {
      const service = this.#deps.registry.all().find(({ key, isDisabled }) => key === subject && !isDisabled);
      if (service === undefined) throw new SparkError('SERVICE_NOT_FOUND', `The service ${subject} has gone from the configuration.`);
      return work(service, context, signal);
    };
    if (taken !== undefined) return underTakenLock(this.#locks, taken, context.signal, task);
    if (cluster !== null) throw new SparkError('LOCK_EXPIRED', `The lock of cluster ${cluster} for this work is not known any more.`);
    return task(context.signal);
  }

  async #restart(service: Service, context: OperationContext, signal: AbortSignal): Promise<Result> {
    const progress = new Steps(this.#deps, service, ['restart', 'health'], context);
    await context.pointOfNoReturn();
    const { detail, latencyMs } = await revive(this.#deps, this.#board, service, signal, (step) => progress.at(step));
    progress.over();
    return { detail, latency_ms: latencyMs };
  }

  async #patch(action: PatchPlan['action'], service: Service, context: OperationContext, signal: AbortSignal): Promise<Result> {
    const progress = new Steps(this.#deps, service, ['files', 'restart', 'health'], context);
    progress.at('files');
    const { patches } = hostOf(this.#deps, service);
    const { plan, contents } = await preparePatch(this.#deps, service, action, signal);
    assertConfirmed(plan, String(context.input['plan']));
    await context.pointOfNoReturn();
    const backup = plan.backup ?? context.operation.id;
    if (action === 'apply') await patches.apply(service, contents, backup, signal);
    else await patches.undo(service, backup, signal);
    for (const { target, change } of plan.files) context.log(progress.host, `${change} ${target}`);
    try {
      await revive(this.#deps, this.#board, service, signal, (step) => progress.at(step));
    } catch (error) {
      signal.throwIfAborted();
      throw action === 'apply' ? undoable(service, error) : error;
    }
    progress.over();
    return { container: plan.container, files: plan.files.length, backup: action === 'apply' ? backup : null };
  }
}

/** The cluster on whose GPU it works, where restarting it takes a lock. */
const lockedCluster = (service: Service, { core }: ServiceDeskDeps): ClusterKey | null => gpuClusterOf(service, core.clusters);

/** Whether the patch is the reason, a person has to say: it may as well be a model that is slow to load. */
function undoable(service: Service, error: unknown): unknown {
  if (!(error instanceof SparkError)) return error;
  const hint = `The files are patched. POST /api/services/${service.key}/undo-patches brings the old ones back.`;
  return new SparkError(error.code, error.message, { cause: error, details: { ...error.details, hint } });
}

const partOf = (step: Step, host: OperationPart['host'], status: OperationPart['status']): OperationPart => ({
  ...{ key: step, host, label: LABELS[step], status, note: null },
  ...{ doneBytes: null, totalBytes: null, fraction: status === 'done' ? 1 : status === 'pending' ? 0 : null },
});

/** Tells which of a few steps the work is at. */
class Steps {
  readonly host: OperationPart['host'];
  readonly #steps: readonly Step[];
  readonly #context: OperationContext;

  constructor({ core }: ServiceDeskDeps, service: Service, steps: readonly Step[], context: OperationContext) {
    this.host = servicePlace(service, core.clusters)?.host.key ?? null;
    this.#steps = steps;
    this.#context = context;
  }

  at(step: Step): void {
    this.#tell(this.#steps.indexOf(step), LABELS[step]);
  }

  over(): void {
    this.#tell(this.#steps.length, 'Done');
  }

  #tell(now: number, label: string): void {
    const status = (index: number): OperationPart['status'] => (index < now ? 'done' : index === now ? 'running' : 'pending');
    this.#context.report(
      this.#steps.map((step, index) => partOf(step, this.host, status(index))),
      label,
    );
  }
}
