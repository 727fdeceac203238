import { createHash } from 'node:crypto';
import { type AuditEntry, type AuditLog, type AuditQuery, canonicalJson, type NumberedAuditEntry } from '../../src/index.ts';

/** The audit trail in memory: chained as in the real store. */
export class MemoryAudit implements AuditLog {
  readonly entries: NumberedAuditEntry[] = [];

  append(entries: readonly AuditEntry[]): void {
    for (const entry of entries) {
      const id = this.entries.length + 1;
      const text = (this.entries.at(-1)?.hash ?? '') + canonicalJson({ ...entry, id });
      this.entries.push({ ...entry, id, hash: createHash('sha256').update(text).digest('hex') });
    }
  }

  async list({ cluster, action, before, limit }: AuditQuery): Promise<readonly NumberedAuditEntry[]> {
    return this.entries
      .toReversed()
      .filter((entry) => cluster === undefined || entry.cluster === cluster)
      .filter((entry) => action === undefined || entry.action === action)
      .filter(({ id }) => before === undefined || id < before)
      .slice(0, limit);
  }

  /** Nobody can reach into a test's memory, so there is nothing to find. */
  async verify(): Promise<Readonly<{ entries: number; firstBroken: number | null }>> {
    return { entries: this.entries.length, firstBroken: null };
  }
}
