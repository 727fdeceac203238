import type { Actor, AuditEntry } from '../audit/audit-entry.ts';
import type { Operation } from '../operation/operation.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { ServiceRegistry } from '../ports/service-registry.ts';
import type { StoredSnapshot, VectorAdmin, VectorCollection, VectorStore } from '../ports/vector-store.ts';
import type { Retention } from '../vector/retention.ts';
import type { StorageRestore } from '../vector/storage-restore.ts';
import type { OperationDesk } from './operation-api.ts';

/** `service: null`: the first one of kind `qdrant`. */
type Asked = Readonly<{ service: string | null; requestedBy: string; reason: string | null }>;

/** `collections`: one by name, or `null` all of them; `storage`: the whole storage in one file. */
export type SnapshotRequest = Asked & Retention & Readonly<{ what: Readonly<{ collections: string | null } | 'storage'> }>;

/** `confirm`: the name of the collection again, since what is in it now is lost. */
export type RestoreRequest = Asked & Readonly<{ collection: string; snapshot: string; confirm: string }>;

/**
 * Snapshots of the vector store. All reject NOT_SUPPORTED where no service of kind `qdrant` is configured, SERVICE_NOT_FOUND,
 * COLLECTION_NOT_FOUND, UPSTREAM_FAILED, UPSTREAM_TIMEOUT.
 */
export interface VectorDesk extends VectorStore {
  collections(service: string | null, signal: AbortSignal): Promise<readonly VectorCollection[]>;
  /** Of one collection; without one those of every collection and of the whole storage. Newest first. */
  snapshots(service: string | null, collection: string | null, signal: AbortSignal): Promise<readonly StoredSnapshot[]>;
  /** Begins an operation `vector_snapshot`. Rejects OPERATION_IN_PROGRESS, STORE_UNAVAILABLE. */
  create(request: SnapshotRequest, actor: Actor, signal: AbortSignal): Promise<Operation>;
  /** Rejects SNAPSHOT_NOT_FOUND, OPERATION_IN_PROGRESS, STORE_UNAVAILABLE. */
  remove(service: string | null, snapshot: Pick<StoredSnapshot, 'collection' | 'name'>, actor: Actor, signal: AbortSignal): Promise<void>;
  /** Begins an operation `vector_restore`. Rejects INVALID_REQUEST, SNAPSHOT_NOT_FOUND, OPERATION_IN_PROGRESS, STORE_UNAVAILABLE. */
  restore(request: RestoreRequest, actor: Actor, signal: AbortSignal): Promise<Operation>;
  /** What to do by hand to put the whole storage back. Answers also while the store is down. */
  storageRestore(service: string | null, signal: AbortSignal): Promise<StorageRestore>;
}

export type VectorDeskDeps = Readonly<{
  operations: OperationDesk;
  admin: VectorAdmin;
  services: Pick<ServiceRegistry, 'all'>;
  /** Writes an entry of the audit trail; durable before it resolves. Rejects STORE_UNAVAILABLE. */
  record: (entry: AuditEntry) => Promise<void>;
  clock: Clock;
  logger: Logger;
}>;
