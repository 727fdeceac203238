import {
  type Claim,
  type HostCondition,
  type HostKey,
  type HostMaintenance,
  hostKey,
  type PackageChange,
  SparkError,
  type UpdateOrder,
  type UpdateSurvey,
} from '../../src/index.ts';
import type { FakeClock } from './fake-clock.ts';
import type { FakeCluster } from './fake-cluster.ts';
import { aSurvey, upgrade } from './update-samples.ts';

const LINE_MS = 2_000;
const LINES = ['Unpacking linux-image ...', 'Setting up linux-image ...', 'Setting up docker-ce ...'];
const DOWN_MS = 60_000;

type Job = { begunAt: number; order: UpdateOrder; hasTakenEffect: boolean };

export type FakeHost = {
  packages: readonly PackageChange[];
  /** What remains to be done after an update; the next survey tells. */
  later: readonly PackageChange[];
  survey: Partial<UpdateSurvey>;
  kernel: string;
  nextKernel: string;
  driver: string | null;
  bootId: string;
  rebootRequiredBy: readonly string[];
  gpuAnswers: boolean | null;
  dockerAnswers: boolean;
  /** After its next boot. */
  afterBoot: Partial<Pick<FakeHost, 'driver' | 'gpuAnswers' | 'dockerAnswers'>>;
  isCut: boolean;
  downUntil: number;
  neverReturns: boolean;
  /** The update fails with this. */
  failure: SparkError | null;
  jobs: Map<string, Job>;
};

/** Two hosts with an update each, in clock time, over the same fence and model servers as a {@link FakeCluster}. */
export class FakeMaintenance implements HostMaintenance {
  /** What was really done, in order: `update spark2`, `reboot spark2`. */
  readonly done: string[] = [];
  /** What must never happen. */
  readonly violations: string[] = [];
  readonly hosts: Readonly<Record<string, FakeHost>>;
  mayBecomeRoot = true;
  /** Called before every call that reaches a host. */
  onCall: (name: string) => void = () => undefined;
  readonly #clock: FakeClock;
  readonly #cluster: FakeCluster;

  constructor(clock: FakeClock, cluster: FakeCluster, keys: readonly string[]) {
    this.#clock = clock;
    this.#cluster = cluster;
    this.hosts = Object.fromEntries(keys.map((key) => [key, newHost(key)]));
  }

  host(key: string): FakeHost {
    const host = this.hosts[key];
    if (host === undefined) throw new Error(`no host ${key}`);
    return host;
  }

  async survey(key: HostKey, signal: AbortSignal): Promise<UpdateSurvey> {
    const host = this.#reach(key, 'survey', signal);
    const { packages, kernel, driver, rebootRequiredBy, survey } = host;
    const at = this.#clock.now();
    return aSurvey({
      host: key,
      at,
      listsAt: at,
      packages,
      kernel,
      driver,
      rebootRequiredBy,
      mayBecomeRoot: this.mayBecomeRoot,
      ...survey,
    });
  }

  async hasBegun(key: HostKey, job: string, signal: AbortSignal): Promise<boolean> {
    return this.#reach(key, 'hasBegun', signal).jobs.has(job);
  }

  async update(key: HostKey, order: UpdateOrder, onLine: (line: string) => void, signal: AbortSignal): Promise<void> {
    const host = this.#reach(key, 'update', signal);
    if (!host.jobs.has(order.job)) {
      this.#check(order.claim);
      this.#disturbs(order, `update ${key}`);
      host.jobs.set(order.job, { begunAt: this.#clock.monotonic(), order, hasTakenEffect: false });
      this.done.push(`${order.steps.join('+')} ${key}`);
    }
    const { begunAt } = host.jobs.get(order.job) as Job;
    for (const [at, line] of LINES.entries()) {
      await this.#clock.sleep(Math.max(0, begunAt + (at + 1) * LINE_MS - this.#clock.monotonic()), signal);
      this.#reach(key, 'line', signal);
      onLine(line);
    }
    if (host.failure !== null) throw host.failure;
  }

  async reboot(key: HostKey, bootId: string, claim: Claim, signal: AbortSignal): Promise<void> {
    const host = this.#reach(key, 'reboot', signal);
    this.#check(claim);
    if (host.bootId !== bootId || host.downUntil > this.#clock.monotonic()) return;
    this.#disturbs(null, `reboot ${key}`);
    this.done.push(`reboot ${key}`);
    const [, name = '', count = '0'] = /^(\w+)-(\d+)$/.exec(host.bootId) ?? [];
    Object.assign(host, { bootId: `${name}-${Number(count) + 1}`, kernel: host.nextKernel, rebootRequiredBy: [] }, host.afterBoot);
    host.downUntil = host.neverReturns ? Number.POSITIVE_INFINITY : this.#clock.monotonic() + DOWN_MS;
    this.#cluster.servers = [];
  }

  async condition(key: HostKey, signal: AbortSignal): Promise<HostCondition> {
    const { bootId, kernel, driver, gpuAnswers, dockerAnswers, rebootRequiredBy } = this.#reach(key, 'condition', signal);
    return { bootId, kernel, driver, gpuAnswers, dockerAnswers, rebootRequiredBy, mayBecomeRoot: this.mayBecomeRoot };
  }

  #reach(key: HostKey, name: string, signal: AbortSignal): FakeHost {
    signal.throwIfAborted();
    this.onCall(`${name} ${key}`);
    const host = this.host(key);
    this.#takeEffects(host);
    if (!host.isCut && host.downUntil <= this.#clock.monotonic()) return host;
    throw new SparkError('HOST_UNREACHABLE', `${key} does not answer.`, { details: { host: key } });
  }

  /** A job goes on whoever follows it. */
  #takeEffects(host: FakeHost): void {
    for (const job of host.jobs.values()) {
      const isOver = job.begunAt + LINES.length * LINE_MS <= this.#clock.monotonic();
      if (job.hasTakenEffect || !isOver || host.failure !== null) continue;
      job.hasTakenEffect = true;
      if (!job.order.steps.includes('packages')) continue;
      host.packages = host.later;
      host.rebootRequiredBy = ['a new kernel is installed.'];
    }
  }

  #disturbs(order: UpdateOrder | null, what: string): void {
    if (order !== null && !order.steps.includes('packages')) return;
    if (this.#cluster.serving() !== undefined) this.violations.push(`${what} while a model serves`);
  }

  #check(claim: Claim | null): void {
    const held = this.#cluster.held;
    if (claim === null || (held?.fence === claim.fence && held.swap === claim.swap && held.controller === claim.controller)) return;
    throw new SparkError('FENCED_OFF', `The fence no longer holds claim ${claim.fence}: another claim took over.`);
  }
}

const newHost = (key: string): FakeHost => ({
  packages: [upgrade('docker-ce', '5:28.5.1-1', '5:29.0.1-1'), upgrade('openssl', '3.0.13', '3.0.14')],
  ...{
    later: [],
    survey: {},
    kernel: '6.17.0-1021-nvidia',
    nextKernel: '6.17.0-1032-nvidia',
    driver: '580.142',
    bootId: `${hostKey(key)}-1`,
  },
  ...{ rebootRequiredBy: [], gpuAnswers: true, dockerAnswers: true, afterBoot: {}, isCut: false, downUntil: 0, neverReturns: false },
  ...{ failure: null, jobs: new Map() },
});
