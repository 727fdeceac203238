import type { Actor } from '../audit/audit-entry.ts';
import { SparkError } from '../errors.ts';
import type { HostKey } from '../ids.ts';
import type { Clock } from '../ports/clock.ts';
import type { AccessStep, HostAccess } from '../ports/host-access.ts';
import type { SparkCore } from './core-api.ts';

/** A connectivity test. `fingerprint`: of the key that the host shows, `null` when none was seen; `trusted`: it is the one that is pinned. */
export type HostTestReport = Readonly<{
  host: HostKey;
  ok: boolean;
  steps: readonly AccessStep[];
  fingerprint: string | null;
  trusted: boolean;
}>;

/** How hosts are reached and trusted. */
export interface HostDesk {
  /** Asked twice at once it is done once, since each costs the host a login. Rejects HOST_NOT_FOUND. */
  test(host: HostKey, signal: AbortSignal): Promise<HostTestReport>;
  /**
   * Pins the key that the host shows now, which has to have this fingerprint. Rejects HOST_NOT_FOUND, HOST_UNREACHABLE,
   * HOST_KEY_MISMATCH, READ_ONLY, STORE_UNAVAILABLE.
   */
  trust(host: HostKey, fingerprint: string, actor: Actor, signal: AbortSignal): Promise<void>;
  /** Fingerprint of the pin in force, `null`: none. Throws HOST_NOT_FOUND. */
  pinOf(host: HostKey): string | null;
}

export type HostDeskDeps = Readonly<{ core: Pick<SparkCore, 'clusters'>; access: HostAccess; clock: Clock }>;

export function createHostDesk(deps: HostDeskDeps): HostDesk {
  return new Desk(deps);
}

class Desk implements HostDesk {
  readonly #deps: HostDeskDeps;
  readonly #testing = new Map<HostKey, Promise<HostTestReport>>();

  constructor(deps: HostDeskDeps) {
    this.#deps = deps;
  }

  test(host: HostKey, signal: AbortSignal): Promise<HostTestReport> {
    const running = this.#testing.get(host);
    if (running !== undefined) return running;
    const testing = this.#test(host, signal).finally(() => this.#testing.delete(host));
    this.#testing.set(host, testing);
    return testing;
  }

  async trust(host: HostKey, fingerprint: string, actor: Actor, signal: AbortSignal): Promise<void> {
    const { access, clock } = this.#deps;
    const wanted = withoutPadding(fingerprint);
    const before = this.pinOf(host);
    const shown = await access.presented(host, signal);
    if (shown.fingerprint !== wanted) throw otherKey(host, wanted, shown.fingerprint);
    const note = before === null ? wanted : before === wanted ? `${wanted}, as before` : `${wanted} in place of ${before}`;
    const cluster = this.#deps.core.clusters.find(({ hosts }) => hosts.some(({ key }) => key === host))?.key ?? null;
    await access.pin(host, wanted, { at: clock.now(), actor, action: 'host_trusted', cluster, target: host, fence: null, note });
  }

  pinOf(host: HostKey): string | null {
    return this.#deps.access.pinned(host)?.fingerprint ?? null;
  }

  async #test(host: HostKey, signal: AbortSignal): Promise<HostTestReport> {
    const steps = await this.#deps.access.test(host, () => undefined, signal);
    const fingerprint = steps.find(({ name }) => name === 'host_key')?.measured ?? null;
    const ok = steps.every(({ status }) => status !== 'fail');
    return { host, ok, steps, fingerprint, trusted: fingerprint !== null && fingerprint === this.pinOf(host) };
  }
}

/** Some tools print the base 64 padded; `ssh-keygen` does not. */
const withoutPadding = (fingerprint: string): string => fingerprint.replace(/=+$/, '');

function otherKey(host: HostKey, wanted: string, shown: string): SparkError {
  const message = `${host} shows the host key ${shown}, not ${wanted}. Compare again on the host's own console; if neither is its own, somebody stands in between.`;
  return new SparkError('HOST_KEY_MISMATCH', message, { details: { host, fingerprint: shown } });
}
