/** A copy that the vector store has made of one of its collections (`null`: of the whole storage). `bytes: null`: it did not say. */
export type VectorSnapshot = Readonly<{ collection: string | null; name: string; bytes: number | null }>;

/** A snapshot as the store lists it. `collection: null`: of the whole storage. Times by the store's own clock, ms since the epoch. */
export type StoredSnapshot = Readonly<{
  collection: string | null;
  name: string;
  bytes: number | null;
  createdAt: number | null;
  checksum: string | null;
}>;

export type VectorCollection = Readonly<{ name: string; points: number | null; status: string | null; vectorSize: number | null }>;

/** What an automation asks for. `service: null`: the first one of kind `qdrant`; `collection: null`: all of them. */
export type SnapshotWish = Readonly<{
  service: string | null;
  collection: string | null;
  keepCount: number | null;
  keepDays: number | null;
  requestedBy: string;
  reason: string | null;
}>;

export interface VectorStore {
  /**
   * Copies collections, verifies the copies and clears old ones away; resolves when all of that is done. `remarks`: what did not go
   * as wished though the copies are good. Rejects NOT_SUPPORTED where there is no vector store, COLLECTION_NOT_FOUND,
   * OPERATION_IN_PROGRESS, UPSTREAM_FAILED, UPSTREAM_TIMEOUT.
   */
  snapshot(
    wish: SnapshotWish,
    signal: AbortSignal,
  ): Promise<Readonly<{ made: readonly VectorSnapshot[]; removed: number; remarks: readonly string[] }>>;
}

/**
 * What can be asked of a vector store; `service` is the key of a service of kind `qdrant`. All reject UPSTREAM_FAILED,
 * UPSTREAM_TIMEOUT, SERVICE_NOT_FOUND, and COLLECTION_NOT_FOUND or SNAPSHOT_NOT_FOUND for what is not there. No message of theirs holds the key.
 */
export interface VectorAdmin {
  collections(service: string, signal: AbortSignal): Promise<readonly VectorCollection[]>;
  snapshots(service: string, collection: string | null, signal: AbortSignal): Promise<readonly StoredSnapshot[]>;
  /** Resolves when it is made, with what the store answered. */
  create(service: string, collection: string | null, signal: AbortSignal): Promise<StoredSnapshot>;
  remove(service: string, snapshot: Pick<StoredSnapshot, 'collection' | 'name'>, signal: AbortSignal): Promise<void>;
  /** Puts a collection back to a snapshot that the store itself holds. */
  recover(service: string, snapshot: Pick<StoredSnapshot, 'collection' | 'name' | 'checksum'>, signal: AbortSignal): Promise<void>;
}
