import { isSparkError, SparkError } from '../errors.ts';
import type { HostCondition } from '../ports/host-maintenance.ts';
import type { HostWork } from './maintenance-host.ts';
import type { HostTask } from './maintenance-input.ts';

/** A host that still answers as before gets the order again after this time: an ordered stop may take minutes. */
const ORDER_AGAIN_MS = 120_000;

/** What a host that is about to come up may answer: nothing, a refused login (pam_nologin), or half of what was asked. */
const NOT_YET: readonly string[] = ['HOST_UNREACHABLE', 'HOST_AUTH_FAILED', 'RUNTIME_REJECTED'];

export type Return = Readonly<{
  work: Pick<HostWork, 'deps' | 'times' | 'report' | 'signal'>;
  task: HostTask;
  bootId: string;
  order: () => Promise<void>;
  look: () => Promise<HostCondition>;
}>;

/**
 * Orders a reboot and waits until the host answers as another boot. Rejects HOST_UNREACHABLE when it does not in time, and what `order` was refused with.
 */
export async function awaitReturn({ work, task, bootId, order, look }: Return): Promise<void> {
  const { deps, times, report, signal } = work;
  const { clock } = deps;
  const begunAt = clock.monotonic();
  const elapsed = (): number => clock.monotonic() - begunAt;
  let orderedAt = Number.NEGATIVE_INFINITY;
  for (;;) {
    const found = await asked(look, NOT_YET, signal);
    if (found !== null && found.bootId !== bootId) return;
    if (elapsed() >= times.rebootMs) throw tooLate(task, found, times.rebootMs);
    if (found !== null && clock.monotonic() - orderedAt >= ORDER_AGAIN_MS) {
      // The order may be lost with the link; the next look tells.
      await asked(order, ['HOST_UNREACHABLE'], signal);
      orderedAt = clock.monotonic();
    }
    report.running(task, `waiting for ${task.name} to come back, ${Math.round(elapsed() / 1_000)} s`);
    await clock.sleep(times.pollMs, signal);
  }
}

async function asked<T>(ask: () => Promise<T>, expected: readonly string[], signal: AbortSignal): Promise<T | null> {
  try {
    return await ask();
  } catch (error) {
    signal.throwIfAborted();
    if (isSparkError(error) && expected.includes(error.code)) return null;
    throw error;
  }
}

function tooLate({ name, host }: HostTask, found: HostCondition | null, limitMs: number): SparkError {
  const minutes = Math.round(limitMs / 60_000);
  const message =
    found === null
      ? `${name} did not come back within ${minutes} min of its reboot.`
      : `${name} was told to reboot ${minutes} min ago and still runs since before.`;
  const hint =
    found === null
      ? 'Look at its console and its power button. Once it is up: sudo dpkg --audit there, then ask again.'
      : 'Look there what holds it up: systemctl list-jobs.';
  return new SparkError('HOST_UNREACHABLE', message, { details: { host, hint } });
}
