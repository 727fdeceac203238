import { isSparkError, SparkError } from '../errors.ts';
import { AptProgress } from '../host/apt-progress.ts';
import { planUpdate } from '../host/update-plan.ts';
import type { Claim } from '../launch/launch-plan.ts';
import type { HostCondition, HostMaintenance, UpdateStep } from '../ports/host-maintenance.ts';
import { whileAway } from './away-host.ts';
import { awaitReturn } from './host-return.ts';
import type { MaintenanceDeps, MaintenanceTimes, RebootPolicy } from './maintenance-api.ts';
import type { HostTask, MaintenanceInput } from './maintenance-input.ts';
import type { MaintenanceReport } from './maintenance-parts.ts';
import type { OperationContext } from './operation-api.ts';
import { stepFailure } from './step-failure.ts';
import { awaitHealth, awaitServices } from './verify-host.ts';

/** So many last lines of an update go into the cause of its failure. */
const TAIL = 6;

export type HostWork = Readonly<{
  deps: MaintenanceDeps;
  maintenance: HostMaintenance;
  times: MaintenanceTimes;
  context: OperationContext;
  input: MaintenanceInput;
  report: MaintenanceReport;
  claim: Claim;
  signal: AbortSignal;
  /** From here on something on the hosts is not as it was. */
  changing: () => void;
}>;

export type HostOutcome = Readonly<{ task: HostTask; condition: HostCondition; rebooted: boolean; warnings: readonly string[] }>;

/** Updates, reboots and verifies one host, or goes on where an earlier process stopped: what is done is seen on the host, and not done again. */
export async function maintainHost(work: HostWork, task: HostTask): Promise<HostOutcome> {
  const { report } = work;
  const tail: string[] = [];
  let step = 'look';
  try {
    const begins = (name: string): void => {
      step = name;
    };
    const bootId = await updated(work, task, tail, begins);
    const before = await condition(work, task);
    const reboots = isDue(work.input.reboot, task, before) && before.bootId === bootId;
    if (reboots) {
      begins('reboot');
      await reboot(work, task, bootId);
    }
    begins('verify');
    const after = await awaitHealth(work, task, () => condition(work, task));
    const silent = await awaitServices(work, task);
    const rebooted = after.bootId !== task.bootId;
    report.done(task, rebooted ? 'rebooted, driver and Docker answer' : 'driver and Docker answer');
    const due = after.rebootRequiredBy.map((cause) => `${task.name} still asks for a reboot: ${cause}`);
    return { task, condition: after, rebooted, warnings: [...silent, ...due] };
  } catch (error) {
    // A lock that was lost aborts with a SparkError; a cancel, or a control plane that stops, with something else.
    const reason: unknown = work.signal.aborted ? work.signal.reason : error;
    if (!isSparkError(reason)) throw reason;
    const failure = stepFailure(task, step, reason, step === 'update' ? tail : []);
    report.failed(task, failure.message);
    throw failure;
  }
}

/** Firmware lies ready and is written by the next boot, which nothing on the system asks for. */
const isDue = (policy: RebootPolicy, { steps }: HostTask, { rebootRequiredBy }: HostCondition): boolean =>
  policy === 'always' || (policy === 'if_required' && (rebootRequiredBy.length > 0 || steps.includes('firmware')));

/** Runs the update, if there is one. Resolves with the boot that the host was in when its update began. */
async function updated(work: HostWork, task: HostTask, tail: string[], begins: (step: string) => void): Promise<string> {
  const { maintenance, signal, context, changing } = work;
  if (task.steps.length === 0) {
    changing();
    return task.bootId;
  }
  const job = `${context.operation.id}-${task.host}`;
  const hasBegun = await whileReachable(work, task, () => maintenance.hasBegun(task.host, job, signal));
  let { bootId } = task;
  if (!hasBegun) {
    begins('check');
    work.report.running(task, 'looking whether the plan still holds');
    await assertPlan(work, task);
    // Somebody may have rebooted it since it was asked for.
    bootId = (await condition(work, task)).bootId;
  }
  changing();
  begins('update');
  await runUpdate(work, task, job, tail);
  return bootId;
}

/** @throws {SparkError} STALE_REVISION when the update would do something else than was agreed to. */
export async function assertPlan(work: Omit<HostWork, 'claim' | 'changing'>, task: HostTask): Promise<void> {
  const { maintenance, signal } = work;
  const survey = await whileReachable(work, task, () => maintenance.survey(task.host, signal));
  const plan = planUpdate(survey, task.user);
  if (plan.blockers.length > 0) throw new SparkError('PREFLIGHT_FAILED', plan.blockers.join(' '));
  if (plan.id === task.plan) return;
  const message = `The update of ${task.name} would do something else by now than what was agreed to. Look at its plan again, and ask with that.`;
  throw new SparkError('STALE_REVISION', message, { details: { host: task.host } });
}

async function runUpdate(work: HostWork, task: HostTask, job: string, tail: string[]): Promise<void> {
  const { maintenance, signal, context, report, claim, times, deps } = work;
  const words = wordsOf(task.steps);
  let told = 0;
  report.running(task, words, 0);
  const absence = {
    ...{ clock: deps.clock, pollMs: times.pollMs, limitMs: times.awayInUpdateMs },
    away: (seconds: number) => report.running(task, `cannot be reached for ${seconds} s; its update goes on there`),
  };
  await whileAway(absence, signal, async (heard) => {
    // Asked again, it tells all lines from the first on.
    const progress = new AptProgress(task.packages);
    let seen = 0;
    await maintenance.update(
      task.host,
      { job, claim, steps: task.steps },
      (line) => {
        heard();
        const share = progress.take(line);
        seen += 1;
        if (seen <= told) return;
        told = seen;
        if (tail.push(line) > TAIL) tail.shift();
        context.log(task.host, line);
        report.running(task, words, share);
      },
      signal,
    );
  });
}

async function reboot(work: HostWork, task: HostTask, bootId: string): Promise<void> {
  const { maintenance, signal, report, claim, context } = work;
  report.running(task, 'rebooting');
  context.log(task.host, 'rebooting');
  const order = (): Promise<void> => maintenance.reboot(task.host, bootId, claim, signal);
  await awaitReturn({ work, task, bootId, order, look: () => maintenance.condition(task.host, signal) });
}

const condition = (work: HostWork, task: HostTask): Promise<HostCondition> =>
  whileReachable(work, task, () => work.maintenance.condition(task.host, work.signal));

export function whileReachable<T>(work: Omit<HostWork, 'claim' | 'changing'>, task: HostTask, ask: () => Promise<T>): Promise<T> {
  const { times, deps, report, signal } = work;
  const away = (seconds: number): void => report.running(task, `cannot be reached for ${seconds} s`);
  return whileAway({ clock: deps.clock, pollMs: times.pollMs, limitMs: times.awayMs, away }, signal, ask);
}

const wordsOf = (steps: readonly UpdateStep[]): string => (steps.includes('packages') ? 'updating packages' : 'updating firmware');
