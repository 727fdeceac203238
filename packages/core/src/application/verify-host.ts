import { SparkError } from '../errors.ts';
import type { HostCondition } from '../ports/host-maintenance.ts';
import type { SideService } from './maintenance-api.ts';
import type { HostWork } from './maintenance-host.ts';
import type { HostTask } from './maintenance-input.ts';

/** Waits until what answered before answers again: Docker, the driver, the GPU. Rejects RUNTIME_REJECTED with what does not. */
export async function awaitHealth(work: HostWork, task: HostTask, look: () => Promise<HostCondition>): Promise<HostCondition> {
  const { clock } = work.deps;
  const until = clock.monotonic() + work.times.verifyMs;
  for (;;) {
    const condition = await look();
    const missing = missingOf(condition, task);
    if (missing.length === 0) return condition;
    if (clock.monotonic() >= until) {
      const hint =
        'Look there: nvidia-smi, journalctl -b -u docker, dmesg | grep -i nvidia. The kernel of before can be chosen in the boot menu.';
      throw new SparkError('RUNTIME_REJECTED', `${missing.join(' and ')} after it was updated.`, { details: { host: task.host, hint } });
    }
    work.report.running(task, `waiting: ${missing.join(', ')}`);
    await clock.sleep(work.times.pollMs, work.signal);
  }
}

function missingOf({ dockerAnswers, driver, gpuAnswers }: HostCondition, task: HostTask): readonly string[] {
  return [
    ...(dockerAnswers ? [] : ['Docker does not answer']),
    ...(driver === null && task.driver !== null ? ['the driver is not loaded'] : []),
    ...(gpuAnswers === false || (gpuAnswers === null && task.gpuAnswered) ? ['the GPU does not answer'] : []),
  ];
}

/** Waits for the services that answered before. One sentence for each that does not: the host is well, and its update has not failed for that. */
export async function awaitServices(work: HostWork, task: HostTask): Promise<readonly string[]> {
  const { deps, times, signal, report } = work;
  if (task.services.length === 0 || deps.sideServices === undefined) return [];
  const until = deps.clock.monotonic() + times.servicesMs;
  for (;;) {
    const silent = await silentOnes(work, task);
    if (silent.length === 0) return [];
    if (deps.clock.monotonic() >= until)
      return silent.map(({ service, detail }) => `${service} on ${task.name} does not answer: ${detail}`);
    report.running(task, `waiting for ${silent.map(({ service }) => service).join(', ')}`);
    await deps.clock.sleep(times.pollMs, signal);
  }
}

async function silentOnes({ deps, signal }: HostWork, task: HostTask): Promise<readonly SideService[]> {
  try {
    const services = (await deps.sideServices?.(task.host, signal)) ?? [];
    return services.filter(({ service, ok }) => !ok && task.services.includes(service));
  } catch (error) {
    signal.throwIfAborted();
    deps.logger.warn('the services of a host could not be asked', { host: task.host, error });
    return task.services.map((service) => ({ service, ok: false, detail: 'it could not be asked.' }));
  }
}
