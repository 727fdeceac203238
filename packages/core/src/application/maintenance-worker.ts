import { isSparkError, SparkError } from '../errors.ts';
import type { Claim } from '../launch/launch-plan.ts';
import type { Plain } from '../operation/operation.ts';
import type { HostCondition, HostMaintenance } from '../ports/host-maintenance.ts';
import { whileAway } from './away-host.ts';
import { MAINTENANCE_TIMES, type MaintenanceDeps } from './maintenance-api.ts';
import { assertPlan, type HostOutcome, type HostWork, maintainHost, whileReachable } from './maintenance-host.ts';
import { type HostTask, readInput } from './maintenance-input.ts';
import { type HeldLock, holdLock } from './maintenance-lock.ts';
import { MaintenanceReport } from './maintenance-parts.ts';
import { causeOf, MaintenanceSwaps } from './maintenance-swaps.ts';
import type { OperationWorker } from './operation-api.ts';

type Early = Omit<HostWork, 'claim' | 'changing'>;

/**
 * Does an update or a reboot: unload under the lock, host after host with the head last, load again. Every step looks first what is done, so that the next
 * process goes on where this one stops. It can be cancelled until the unload; from there on half of it would be worse than all.
 */
export function maintenanceWorker(deps: MaintenanceDeps, maintenance: HostMaintenance): OperationWorker {
  return {
    resumable: true,
    cancellable: true,
    async run(context) {
      const input = readInput(context.input);
      const report = new MaintenanceReport(context, input);
      return await holdLock(deps, context, input, report, async (lock) => {
        if (input.tasks.length === 0) return { hosts: [], warnings: [], restored: null };
        const times = { ...MAINTENANCE_TIMES, ...deps.times };
        return await maintain({ deps, maintenance, times, context, input, report, signal: lock.signal }, lock);
      });
    },
  };
}

async function maintain(work: Early, lock: HeldLock): Promise<Readonly<Record<string, Plain>>> {
  const { deps, context, input } = work;
  const swaps = new MaintenanceSwaps(deps, context.operation, input);
  if (context.isResumed && (await swaps.unloadBegun()) !== null) await context.pointOfNoReturn();
  else {
    refuseWithoutLockId(lock);
    await checkAll(work);
    await context.pointOfNoReturn();
  }
  const warnings: string[] = [];
  const claim = await unload(work, swaps, lock, warnings);
  const outcomes = await eachHost(work, swaps, lock, claim);
  warnings.push(...outcomes.flatMap((outcome) => outcome.warnings), ...(await differences(work, outcomes)));
  const restored = await restore(work, swaps, lock, warnings);
  return { hosts: outcomes.map(hostResult), warnings, restored };
}

/** Before anything is disturbed: fresh package lists, and plans that still hold. */
async function checkAll(work: Early): Promise<void> {
  const { input, maintenance, context, report, signal } = work;
  for (const task of input.tasks) {
    if (task.refresh) {
      report.label(`${task.name}: fetching the package lists`);
      const order = { job: `${context.operation.id}-${task.host}-lists`, claim: null, steps: ['refresh'] as const };
      // The same job again tells its lines again.
      await whileReachable(work, task, () => maintenance.update(task.host, order, (line) => context.log(task.host, line), signal));
    }
    if (task.steps.length > 0) await assertPlan(work, task);
  }
}

async function unload(work: Early, swaps: MaintenanceSwaps, lock: HeldLock, warnings: string[]): Promise<Claim> {
  const { report, context, signal } = work;
  report.running('unload', 'unloading');
  const swap = await swaps.unload(lock.lockId, signal);
  if (swap.phase === 'ready') {
    report.done('unload', null);
    return await swaps.claimOf(swap, signal);
  }
  const cause = causeOf(swap);
  report.failed('unload', cause.message);
  // A host whose Docker hangs is just what a reboot is for: whoever has claimed the cluster may go on.
  const hasTried = swap.phase === 'failed' || swap.phase === 'rolled_back';
  const mayGoOn = context.operation.kind === 'host_reboot' && hasTried && swap.fence !== null && cause.code !== 'FENCED_OFF';
  if (!mayGoOn) throw cause;
  warnings.push(`The model could not be unloaded (${cause.message}); the reboot ended it.`);
  const absence = { clock: work.deps.clock, pollMs: work.times.pollMs, limitMs: work.times.rebootMs };
  const away = (seconds: number): void => report.label(`asking all hosts of ${swap.cluster} for their fence, ${seconds} s`);
  return await whileAway({ ...absence, away }, signal, () => swaps.claimOf(swap, signal));
}

async function eachHost(work: Early, swaps: MaintenanceSwaps, lock: HeldLock, claim: Claim): Promise<readonly HostOutcome[]> {
  const { input, report } = work;
  const outcomes: HostOutcome[] = [];
  let hasChanged = input.tasks.some((task) => report.isDone(task));
  const changing = (): void => {
    hasChanged = true;
  };
  try {
    for (const task of input.tasks) {
      lock.assertHeld();
      // What an earlier process was done with is looked at again, which is quick, and not done again.
      outcomes.push(await maintainHost({ ...work, claim, changing }, task));
    }
    return outcomes;
  } catch (error) {
    if (!isSparkError(error)) throw error;
    // Nothing was changed yet: then there is no reason to leave the cluster without its model.
    const loadedAgain = !hasChanged && !work.signal.aborted ? await restore(work, swaps, lock, []) : null;
    report.skipRest();
    throw afterwards(error, work, outcomes.length, loadedAgain);
  }
}

function afterwards(error: SparkError, { input }: Early, done: number, loadedAgain: string | null): SparkError {
  const left = input.tasks.slice(done + 1).map(({ name }) => name);
  const words = [
    error.message,
    ...(left.length === 0 ? [] : [`Left alone: ${left.join(', ')}.`]),
    loadedAgain === null ? `Nothing is loaded on ${input.cluster} now.` : `${loadedAgain} was loaded again.`,
  ];
  return new SparkError(error.code, words.join(' '), { cause: error, details: error.details });
}

/** `null`: nothing was loaded, which is in the warnings when it should have been. */
async function restore(work: Early, swaps: MaintenanceSwaps, lock: HeldLock, warnings: string[]): Promise<string | null> {
  const { input, report, signal, context } = work;
  const { previous } = input;
  if (previous === null) return null;
  report.running('load', `loading ${previous} again`);
  const failed = (why: string): null => {
    report.failed('load', why);
    context.log(null, why);
    warnings.push(why);
    return null;
  };
  if (lock.lockId === null && lock.isForeign) {
    return failed(`${previous} was not loaded again: the id of the lock went with the restart of the control plane. Load it yourself.`);
  }
  try {
    const swap = await swaps.load(previous, lock.lockId, signal);
    if (swap.phase !== 'ready') return failed(`${previous} could not be loaded again: ${causeOf(swap).message}`);
    report.done('load', null);
    return previous;
  } catch (error) {
    signal.throwIfAborted();
    if (!isSparkError(error)) throw error;
    return failed(`${previous} could not be loaded again: ${error.message}`);
  }
}

function refuseWithoutLockId({ isForeign, lockId }: HeldLock): void {
  if (!isForeign || lockId !== null) return;
  const message = 'The control plane was restarted before anything was changed, and keeps no lock id of yours. Ask again.';
  throw new SparkError('INTERRUPTED', message);
}

/** Kernel and driver have to be the same on all hosts of a cluster: one model runs on them. */
async function differences(work: Early, outcomes: readonly HostOutcome[]): Promise<readonly string[]> {
  const { deps, input, maintenance, signal } = work;
  const hosts = deps.core.clusters.find(({ key }) => key === input.cluster)?.hosts ?? [];
  const conditions = await Promise.all(
    hosts.map(async ({ key, name }): Promise<Named | null> => {
      const known = outcomes.find(({ task }) => task.host === key)?.condition;
      const found = known ?? (await maintenance.condition(key, signal).catch(() => null));
      return found === null ? null : { name, condition: found };
    }),
  );
  signal.throwIfAborted();
  const seen = conditions.filter((entry) => entry !== null);
  return [...unlike('kernel', seen, ({ kernel }) => kernel), ...unlike('driver', seen, ({ driver }) => driver)];
}

type Named = Readonly<{ name: string; condition: HostCondition }>;

function unlike(what: string, seen: readonly Named[], versionOf: (condition: HostCondition) => string | null): readonly string[] {
  const values = seen.map(({ name, condition }) => ({ name, value: versionOf(condition) ?? 'none' }));
  if (new Set(values.map(({ value }) => value)).size < 2) return [];
  return [`The hosts differ in their ${what}: ${values.map(({ name, value }) => `${name} has ${value}`).join(', ')}.`];
}

const hostResult = ({ task, condition, rebooted }: HostOutcome): Readonly<Record<string, Plain>> => ({
  host: task.host,
  rebooted,
  updated: task.steps.length > 0,
  ...versions(task, condition),
});

const versions = ({ kernel, driver }: HostTask, after: HostCondition): Readonly<Record<string, Plain>> => ({
  ...{ kernel_before: kernel, kernel: after.kernel, driver_before: driver, driver: after.driver },
});
