import type { AuditEntry } from '../audit/audit-entry.ts';
import type { HostKey } from '../ids.ts';

export const ACCESS_STEPS = ['resolve', 'port', 'host_key', 'login', 'docker', 'launcher', 'image', 'api_port', 'time'] as const;

/** One step of a connectivity test. `skip`: not tried, since one before it failed or the cluster needs none. `measured`: for example a fingerprint or a version. */
export type AccessStep = Readonly<{
  name: (typeof ACCESS_STEPS)[number];
  status: 'pass' | 'warn' | 'fail' | 'skip';
  detail: string;
  hint: string | null;
  measured: string | null;
  durationMs: number;
}>;

/** A host key as it is shown to whoever connects. */
export type PresentedKey = Readonly<{ fingerprint: string; type: string }>;

/** How hosts are reached and trusted. All reject HOST_NOT_FOUND for a key of no cluster. */
export interface HostAccess {
  /** Every step in order, each told to `onStep` as it ends. Never rejects for what it tests. */
  test(host: HostKey, onStep: (step: AccessStep) => void, signal: AbortSignal): Promise<readonly AccessStep[]>;
  /** The key that the host shows now, without logging in. Rejects HOST_UNREACHABLE. */
  presented(host: HostKey, signal: AbortSignal): Promise<PresentedKey>;
  /** The pin in force: of spark.yaml, else of the trust store; `null`: none. */
  pinned(host: HostKey): Readonly<{ fingerprint: string; from: 'file' | 'store' }> | null;
  /**
   * Pins a fingerprint from now on, with its audit entry, and lets connections be tried again. Rejects READ_ONLY when the configuration
   * pins another, STORE_UNAVAILABLE.
   */
  pin(host: HostKey, fingerprint: string, audit: AuditEntry): Promise<void>;
}

/** Where pins live that are in no file. Contract: `set` is durable, with its audit entry in the same transaction, before it resolves; `get` is of memory. */
export interface TrustStore {
  get(host: HostKey): string | null;
  set(host: HostKey, fingerprint: string, audit: AuditEntry): Promise<void>;
}
