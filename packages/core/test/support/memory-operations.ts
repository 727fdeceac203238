import {
  type AuditEntry,
  type Operation,
  type OperationId,
  type OperationQuery,
  type OperationStore,
  SparkError,
  type StoredOperation,
} from '../../src/index.ts';
import { MemoryAudit } from './memory-audit.ts';

const KEPT = 1_000;

/** Values pass through JSON as they do in a real store. */
const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/** {@link OperationStore} in memory. */
export class MemoryOperations implements OperationStore {
  /** While true, writes reject STORE_UNAVAILABLE and change nothing, as on a full disk. */
  isUnavailable = false;
  /** All states that were stored, in order. */
  readonly saved: Operation[] = [];
  readonly audit: MemoryAudit;
  #rows: readonly StoredOperation[] = [];

  constructor(audit = new MemoryAudit()) {
    this.audit = audit;
  }

  async save(stored: StoredOperation, audit?: AuditEntry): Promise<void> {
    if (this.isUnavailable) throw new SparkError('STORE_UNAVAILABLE', 'The store takes no writes: this is a test of a full disk.');
    const { operation } = stored;
    const others = this.#rows.filter((other) => other.operation.id !== operation.id);
    const rows = [...others, copy(stored)].toSorted((a, b) => (a.operation.id < b.operation.id ? 1 : -1));
    const doomed = new Set(rows.filter((row) => row.operation.state !== 'running').slice(KEPT));
    this.#rows = operation.state === 'running' ? rows : rows.filter((row) => !doomed.has(row));
    this.saved.push(copy(operation));
    if (audit !== undefined) this.audit.append([audit]);
  }

  async get(id: OperationId): Promise<Operation | null> {
    return copy(this.#rows.find(({ operation }) => operation.id === id)?.operation ?? null);
  }

  async list({ kind, subject, state, before, limit }: OperationQuery): Promise<readonly Operation[]> {
    return copy(
      this.#rows
        .map(({ operation }) => operation)
        .filter((operation) => kind === undefined || operation.kind === kind)
        .filter((operation) => subject === undefined || operation.subject === subject)
        .filter((operation) => state === undefined || operation.state === state)
        .filter(({ id }) => before === undefined || id < before)
        .slice(0, limit),
    );
  }

  async unsettled(): Promise<readonly StoredOperation[]> {
    return copy(this.#rows.filter(({ operation }) => operation.state === 'running').toReversed());
  }
}
