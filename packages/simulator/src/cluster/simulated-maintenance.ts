import {
  type Claim,
  type HostCondition,
  type HostKey,
  type HostMaintenance,
  SparkError,
  type UpdateOrder,
  type UpdateSurvey,
} from '@spark-control/core';
import type { SimulatedHost } from './simulated-host.ts';
import { SIMULATED_OS } from './simulated-system.ts';

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;

/** {@link HostMaintenance} of simulated hosts: one update waits on each, and a reboot makes it real. */
export class SimulatedMaintenance implements HostMaintenance {
  readonly #hosts: readonly SimulatedHost[];

  constructor(hosts: readonly SimulatedHost[]) {
    this.#hosts = hosts;
  }

  async survey(key: HostKey, signal: AbortSignal): Promise<UpdateSurvey> {
    const { system, world, disk } = this.#reach(key, signal);
    const { packages, listsAt, rebootRequiredBy, running } = system;
    const root = disk.freeBytes;
    return {
      ...{ host: key, at: world.clock.now(), os: SIMULATED_OS, listsAt, packages, rebootRequiredBy },
      ...{ kernel: running.kernel, driver: running.driver, dockerVersion: running.docker, held: [], broken: [], firmware: [] },
      downloadBytes: packages.length === 0 ? 0 : 812 * MIB,
      unpackBytes: packages.length === 0 ? 0 : 640 * MIB,
      free: [
        { path: '/', bytes: root },
        { path: '/boot', bytes: 2 * GIB },
        { path: '/var', bytes: root },
      ],
      ...{ busyWith: null, mayBecomeRoot: true },
    };
  }

  async hasBegun(key: HostKey, job: string, signal: AbortSignal): Promise<boolean> {
    return this.#reach(key, signal).system.job(job) !== null;
  }

  async update(key: HostKey, { job: name, claim, steps }: UpdateOrder, onLine: (line: string) => void, signal: AbortSignal): Promise<void> {
    const host = this.#reach(key, signal);
    const { system, world } = host;
    if (system.job(name) === null) {
      if (claim !== null) host.assertClaim(claim);
      system.begin(name, steps);
      world.saved();
    }
    const job = system.job(name);
    for (const { at, line } of job === null ? [] : system.linesOf(job)) {
      await world.clock.sleep(Math.max(0, at - world.clock.now()), signal);
      host.assertReachable();
      onLine(line);
    }
    world.saved();
  }

  async reboot(key: HostKey, bootId: string, claim: Claim, signal: AbortSignal): Promise<void> {
    const host = this.#reach(key, signal);
    host.assertClaim(claim);
    if (host.system.bootId === bootId) await host.reboot();
  }

  async condition(key: HostKey, signal: AbortSignal): Promise<HostCondition> {
    const { bootId, running, rebootRequiredBy } = this.#reach(key, signal).system;
    const { kernel, driver } = running;
    return { bootId, kernel, driver, gpuAnswers: true, dockerAnswers: true, rebootRequiredBy, mayBecomeRoot: true };
  }

  #reach(key: HostKey, signal: AbortSignal): SimulatedHost {
    signal.throwIfAborted();
    const host = this.#hosts.find((candidate) => candidate.host.key === key);
    if (host === undefined) throw new SparkError('HOST_NOT_FOUND', `There is no simulated host ${key.slice(0, 100)}.`);
    host.assertReachable();
    return host;
  }
}
