import type { AuditQuery, NumberedAuditEntry } from '../audit/audit-entry.ts';

/**
 * Reading side of the audit trail. Entries are written with the change that they tell of, in one transaction
 * ({@link JournalEntry}), are never changed and never removed by pruning anything else.
 */
export interface AuditLog {
  /** Newest first. */
  list(query: AuditQuery): Promise<readonly NumberedAuditEntry[]>;
  /** Walks the whole chain; `firstBroken` is the id of the first entry whose hash does not fit, `null` when all do. */
  verify(): Promise<Readonly<{ entries: number; firstBroken: number | null }>>;
}
