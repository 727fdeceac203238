import { type AuditEntry, type HostKey, SparkError, type TrustStore } from '../../src/index.ts';

/** {@link TrustStore} in memory. */
export class MemoryTrust implements TrustStore {
  /** While true, writes reject STORE_UNAVAILABLE and change nothing, as on a full disk. */
  isUnavailable = false;
  readonly audit: AuditEntry[] = [];
  readonly #pins = new Map<HostKey, string>();

  get(host: HostKey): string | null {
    return this.#pins.get(host) ?? null;
  }

  async set(host: HostKey, fingerprint: string, audit: AuditEntry): Promise<void> {
    if (this.isUnavailable) throw new SparkError('STORE_UNAVAILABLE', 'The store takes no writes: this is a test of a full disk.');
    this.#pins.set(host, fingerprint);
    this.audit.push(audit);
  }
}
