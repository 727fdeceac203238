/** A copy that the vector store has made of one of its collections. `bytes: null`: it did not say. */
export type VectorSnapshot = Readonly<{ collection: string; name: string; bytes: number | null }>;

/** A snapshot as the store lists it. `collection: null`: of the whole storage. */
export type StoredSnapshot = Readonly<{
  collection: string | null;
  name: string;
  bytes: number | null;
  createdAt: number | null;
  checksum: string | null;
}>;

export type VectorCollection = Readonly<{ name: string; points: number | null; status: string | null; vectorSize: number | null }>;

export interface VectorStore {
  /** Copies one collection, or with `null` all of them. Rejects UPSTREAM_FAILED or UPSTREAM_TIMEOUT. */
  snapshot(collection: string | null, signal: AbortSignal): Promise<readonly VectorSnapshot[]>;
}

/** What else can be done with the vector store; `service` is the key of a service of kind `qdrant`. All reject UPSTREAM_FAILED, UPSTREAM_TIMEOUT. */
export interface VectorAdmin {
  collections(service: string, signal: AbortSignal): Promise<readonly VectorCollection[]>;
  snapshots(service: string, collection: string | null, signal: AbortSignal): Promise<readonly StoredSnapshot[]>;
  create(service: string, collection: string | null, signal: AbortSignal): Promise<StoredSnapshot>;
  remove(service: string, snapshot: Pick<StoredSnapshot, 'collection' | 'name'>, signal: AbortSignal): Promise<void>;
  /** Puts a collection back to a snapshot that the store itself holds. */
  recover(service: string, snapshot: Pick<StoredSnapshot, 'collection' | 'name' | 'checksum'>, signal: AbortSignal): Promise<void>;
}
