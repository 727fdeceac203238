import type { AuditEntry } from '../audit/audit-entry.ts';
import type { OperationId } from '../ids.ts';
import type { Operation, OperationKind, OperationState, Plain } from '../operation/operation.ts';

export type OperationQuery = Readonly<{
  kind?: OperationKind;
  subject?: string;
  state?: OperationState;
  /** Only operations older than this one. */
  before?: OperationId;
  /** At most this many, newest first. */
  limit: number;
}>;

/**
 * An operation and what its work was asked for, so that the next process can take it up. `input` holds no secret; `exclusive` names
 * what must not run twice at the same time.
 */
export type StoredOperation = Readonly<{ operation: Operation; input: Readonly<Record<string, Plain>>; exclusive: string | null }>;

/** Contract: writes are durable before they resolve, and reject STORE_UNAVAILABLE. At least the last 1,000 settled ones are kept. */
export interface OperationStore {
  /** Inserts or replaces, with its audit entry in the same transaction. */
  save(stored: StoredOperation, audit?: AuditEntry): Promise<void>;
  get(id: OperationId): Promise<Operation | null>;
  list(query: OperationQuery): Promise<readonly Operation[]>;
  /** Those of a process that has ended, oldest first. */
  unsettled(): Promise<readonly StoredOperation[]>;
}
