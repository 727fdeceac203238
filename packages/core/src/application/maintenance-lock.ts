import type { Actor } from '../audit/audit-entry.ts';
import { SparkError } from '../errors.ts';
import type { LockId } from '../ids.ts';
import type { MaintenanceDeps } from './maintenance-api.ts';
import type { MaintenanceInput } from './maintenance-input.ts';
import type { MaintenanceReport } from './maintenance-parts.ts';
import type { OperationContext } from './operation-api.ts';
import { type LockTools, takeLock, underTakenLock } from './under-lock.ts';

/** Name of the secret with which the desk hands the lock to the work. */
export const LOCK_SECRET = 'lock_id';
/** After a restart the lock of the last process may live for two minutes more, and what was waiting may be first. */
const RESUME_WAIT_MS = 900_000;

export type HeldLock = Readonly<{
  /** `null`: the caller's, whose id went with the process that was given it. */
  lockId: LockId | null;
  /** The caller's own. */
  isForeign: boolean;
  /** Aborts also when the lock is lost. */
  signal: AbortSignal;
  /** @throws {SparkError} FENCED_OFF when the caller's lock is over, of which this process hears in no other way. */
  assertHeld: () => void;
}>;

/** Does the work under the lock that the operation was begun with, or under the one that it takes after a restart. */
export async function holdLock<T>(
  deps: MaintenanceDeps,
  context: OperationContext,
  input: MaintenanceInput,
  report: MaintenanceReport,
  work: (lock: HeldLock) => Promise<T>,
): Promise<T> {
  const tools: LockTools = { locks: deps.core.locks, clock: deps.clock, logger: deps.logger };
  const given = context.secrets[LOCK_SECRET] ?? null;
  if (given === null && !input.isOwnLock) return await work(foreign(deps, context, input));
  if (given === null) report.label('waiting for the lock of the cluster');
  const { cluster, requestedBy, isOwnLock } = input;
  const need = {
    cluster,
    lockId: given,
    holder: requestedBy,
    reason: reasonOf(context),
    actor: actorNamed(requestedBy),
    waitMs: RESUME_WAIT_MS,
  };
  const taken = await takeLock(tools, need, context.signal);
  return await underTakenLock(tools, { ...taken, isOurs: isOwnLock }, context.signal, (signal) =>
    work({ lockId: taken.lockId, isForeign: !isOwnLock, signal, assertHeld: () => undefined }),
  );
}

/** The lock is renewed by its holder; whether it is still the same one can be seen by anybody. */
function foreign({ core }: MaintenanceDeps, { signal }: OperationContext, { cluster, lease }: MaintenanceInput): HeldLock {
  const assertHeld = (): void => {
    const { lock } = core.locks.view(cluster);
    if (lock?.fence === lease) return;
    throw new SparkError('FENCED_OFF', `The lock that this was begun under is over on ${cluster}.`);
  };
  return { lockId: null, isForeign: true, signal, assertHeld };
}

const reasonOf = ({ operation }: OperationContext): string =>
  `${operation.kind === 'host_reboot' ? 'reboot' : 'update'} of ${operation.subject}`;

export const actorNamed = (name: string): Actor => ({ name, address: null, requestId: null });
