import { createHash } from 'node:crypto';
import {
  ACCESS_STEPS,
  type AccessStep,
  type AuditEntry,
  type Clock,
  type Cluster,
  type HostAccess,
  type HostKey,
  headOf,
  type PresentedKey,
  SparkError,
  type TrustStore,
} from '@spark-control/core';
import type { SimulatedHost } from './simulated-host.ts';

export type SimulatedAccessOptions = Readonly<{ cluster: Cluster; hosts: readonly SimulatedHost[]; trust: TrustStore; clock: Clock }>;

type Finding = Pick<AccessStep, 'status' | 'detail' | 'measured'>;

/** {@link HostAccess} of simulated hosts: each shows a key made from its own name, which counts as trusted from the beginning. */
export class SimulatedAccess implements HostAccess {
  readonly #options: SimulatedAccessOptions;

  constructor(options: SimulatedAccessOptions) {
    this.#options = options;
  }

  async test(key: HostKey, onStep: (step: AccessStep) => void, signal: AbortSignal): Promise<readonly AccessStep[]> {
    const host = this.#find(key);
    const steps: AccessStep[] = [];
    for (const name of ACCESS_STEPS) {
      signal.throwIfAborted();
      const isLost = steps.some(({ status }) => status === 'fail');
      const found = isLost ? skip('Not tried, since the connection failed.') : this.#look(name, host);
      const hint = found.status === 'fail' ? 'Let the simulated host come back.' : null;
      const step: AccessStep = { name, ...found, hint, durationMs: 0 };
      steps.push(step);
      onStep(step);
    }
    return steps;
  }

  async presented(key: HostKey, signal: AbortSignal): Promise<PresentedKey> {
    const host = this.#find(key);
    signal.throwIfAborted();
    host.assertReachable();
    return { fingerprint: fingerprintOf(key), type: 'ssh-ed25519' };
  }

  pinned(key: HostKey): Readonly<{ fingerprint: string; from: 'file' | 'store' }> {
    this.#find(key);
    return { fingerprint: this.#options.trust.get(key) ?? fingerprintOf(key), from: 'store' };
  }

  async pin(key: HostKey, fingerprint: string, audit: AuditEntry): Promise<void> {
    this.#find(key);
    await this.#options.trust.set(key, fingerprint, audit);
  }

  #look(name: AccessStep['name'], host: SimulatedHost): Finding {
    const { cluster, clock } = this.#options;
    const { key, user, address, sshPort } = host.host;
    const isHead = headOf(cluster).key === key;
    switch (name) {
      case 'resolve':
        return pass(`${address} needs no look-up.`, address);
      case 'port':
        if (!host.isReachable) return { status: 'fail', detail: `${host.host.name} does not answer.`, measured: null };
        return pass(`Port ${sshPort} takes connections, as far as a simulation has ports.`);
      case 'host_key':
        return pass(`It shows ${fingerprintOf(key)} (ssh-ed25519), which is trusted.`, fingerprintOf(key));
      case 'login':
        return pass(`Logged in as ${user}.`, user);
      case 'docker':
        return pass(`A simulated Docker ${host.system.running.docker} answers.`, host.system.running.docker);
      case 'launcher':
        return skip('The cluster is simulated and needs no launcher.');
      case 'image':
        return host.disk.missingImages.has(cluster.image)
          ? { status: 'warn', detail: `The image ${cluster.image} is not there.`, measured: null }
          : pass(`The image ${cluster.image} is there.`);
      case 'api_port':
        return isHead ? this.#port(host) : skip(`Only the head, ${headOf(cluster).name}, serves the API.`);
      case 'time':
        return pass(`Its clock is ours, ${new Date(clock.now()).toISOString()}.`, '+0.0 s');
      default:
        return name satisfies never;
    }
  }

  #port(host: SimulatedHost): Finding {
    const { port } = this.#options.cluster;
    const owner = host.portOwner(port);
    return owner === null ? pass(`Port ${port} is free.`, 'free') : pass(`Port ${port} is served by ${owner}.`, owner);
  }

  #find(key: HostKey): SimulatedHost {
    const host = this.#options.hosts.find((candidate) => candidate.host.key === key);
    if (host !== undefined) return host;
    throw new SparkError('HOST_NOT_FOUND', `There is no host "${key.slice(0, 100)}". GET /api/hosts lists them.`);
  }
}

const pass = (detail: string, measured: string | null = null): Finding => ({ status: 'pass', detail, measured });
const skip = (detail: string): Finding => ({ status: 'skip', detail, measured: null });

const fingerprintOf = (key: HostKey): string =>
  `SHA256:${createHash('sha256').update(`simulated host ${key}`).digest('base64').slice(0, 43)}`;

/** Where pins live when nobody keeps them. */
export class ForgetfulTrust implements TrustStore {
  readonly #pins = new Map<HostKey, string>();

  get(host: HostKey): string | null {
    return this.#pins.get(host) ?? null;
  }

  async set(host: HostKey, fingerprint: string): Promise<void> {
    this.#pins.set(host, fingerprint);
  }
}
