import { lookup as systemLookup } from 'node:dns/promises';
import {
  ACCESS_STEPS,
  type AccessStep,
  type AuditEntry,
  type Clock,
  type Cluster,
  type Host,
  type HostAccess,
  type HostKey,
  type PresentedKey,
  SparkError,
  type TrustStore,
} from '@spark-control/core';
import { apiPortStep, brokenStep, dockerStep, imageStep, launcherStep, type Reached, timeStep } from './access-checks.ts';
import { type Finding, skip } from './access-finding.ts';
import { keyStep, knock, type Lookup, loginStep, type Pin, portStep, resolveStep } from './access-way.ts';
import type { ShellPool } from './shell-pool.ts';

export type SshHostAccessOptions = Readonly<{
  clusters: readonly Cluster[];
  pool: ShellPool;
  trust: TrustStore;
  clock: Clock;
  /** Addresses of a name. Default: the resolver of this machine. */
  lookup?: Lookup;
}>;

type StepName = AccessStep['name'];
type Place = Readonly<{ host: Host; cluster: Cluster }>;

const lookupAll: Lookup = async (name) => (await systemLookup(name, { all: true })).map(({ address }) => address);

/**
 * {@link HostAccess} over SSH. A test logs in anew, beside the connection that all other work shares, so that it shows what a new
 * login would meet; it also lets refused hosts be tried again. A host of several clusters is tested for its first one.
 */
export class SshHostAccess implements HostAccess {
  readonly #options: SshHostAccessOptions;

  constructor(options: SshHostAccessOptions) {
    this.#options = options;
  }

  async test(key: HostKey, onStep: (step: AccessStep) => void, signal: AbortSignal): Promise<readonly AccessStep[]> {
    const place = this.#placeOf(key);
    const steps: AccessStep[] = [];
    const take = async (name: StepName, look: () => Promise<Finding> | Finding): Promise<boolean> => {
      const step = await this.#timed(name, look, signal);
      steps.push(step);
      onStep(step);
      return step.status !== 'fail';
    };
    const failedAt = (await this.#findWay(place, take, signal)) ?? (await this.#lookAround(place, take, signal));
    for (const name of ACCESS_STEPS.slice(steps.length)) await take(name, () => skip(`Not tried, since ${SAID[failedAt ?? name]} failed.`));
    return steps;
  }

  presented(key: HostKey, signal: AbortSignal): Promise<PresentedKey> {
    return Promise.resolve().then(() => knock(this.#placeOf(key).host, signal).key);
  }

  pinned(key: HostKey): Pin | null {
    const { fingerprint } = this.#placeOf(key).host;
    if (fingerprint !== null) return { fingerprint, from: 'file' };
    const trusted = this.#options.trust.get(key);
    return trusted === null ? null : { fingerprint: trusted, from: 'store' };
  }

  async pin(key: HostKey, fingerprint: string, audit: AuditEntry): Promise<void> {
    const { host } = this.#placeOf(key);
    if (host.fingerprint === null) await this.#options.trust.set(key, fingerprint, audit);
    else if (host.fingerprint !== fingerprint) throw pinnedInFile(host, host.fingerprint);
    this.#options.pool.forgetRefusals();
  }

  /** The steps up to the host key; the one that failed, or `null`. */
  async #findWay({ host }: Place, take: Take, signal: AbortSignal): Promise<StepName | null> {
    const { lookup = lookupAll } = this.#options;
    if (!(await take('resolve', () => resolveStep(host, lookup)))) return 'resolve';
    const door = knock(host, signal);
    if (!(await take('port', () => portStep(host, door, signal)))) return 'port';
    return (await take('host_key', () => keyStep(host, door, this.pinned(host.key), signal))) ? null : 'host_key';
  }

  /** The steps from the login on; `login` when that failed. The others do not need each other. */
  async #lookAround({ host, cluster }: Place, take: Take, signal: AbortSignal): Promise<StepName | null> {
    const { pool, clock } = this.#options;
    const shell = pool.ownShell(host);
    try {
      if (!(await take('login', () => loginStep(host, shell, pool.agentSocket, signal)))) return 'login';
      pool.forgetRefusals(); // what stood in the way has been put right
      const reached: Reached = { host, cluster, shell, pooled: pool.shell(host), clock, signal };
      const hasDocker = await take('docker', () => dockerStep(reached));
      await take('launcher', () => launcherStep(reached));
      await take('image', () => imageStep(reached, hasDocker));
      await take('api_port', () => apiPortStep(reached));
      await take('time', () => timeStep(reached));
      return null;
    } finally {
      await shell.close();
    }
  }

  async #timed(name: StepName, look: () => Promise<Finding> | Finding, signal: AbortSignal): Promise<AccessStep> {
    const { clock } = this.#options;
    signal.throwIfAborted();
    const began = clock.monotonic();
    let finding: Finding;
    try {
      finding = await look();
    } catch (error) {
      signal.throwIfAborted();
      finding = brokenStep(error);
    }
    return { name, ...finding, durationMs: Math.max(0, Math.round(clock.monotonic() - began)) };
  }

  #placeOf(key: HostKey): Place {
    for (const cluster of this.#options.clusters) {
      const host = cluster.hosts.find((candidate) => candidate.key === key);
      if (host !== undefined) return { host, cluster };
    }
    throw new SparkError('HOST_NOT_FOUND', `There is no host "${key.slice(0, 100)}". GET /api/hosts lists them.`);
  }
}

type Take = (name: StepName, look: () => Promise<Finding> | Finding) => Promise<boolean>;

const SAID: Readonly<Record<StepName, string>> = {
  resolve: 'the look-up of its name',
  port: 'the connection',
  host_key: 'the check of its host key',
  login: 'the login',
  docker: 'Docker',
  launcher: 'the launcher',
  image: 'the image',
  api_port: 'the API port',
  time: 'the time',
};

function pinnedInFile(host: Host, fingerprint: string): SparkError {
  const message = `The configuration pins ${fingerprint} for ${host.name}. Change the fingerprint of ${host.key} there (spark.yaml, or SPARK<n>_FINGERPRINT), or take it out to trust keys here.`;
  return new SparkError('READ_ONLY', message, { details: { host: host.key, fingerprint } });
}
