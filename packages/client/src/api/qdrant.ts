import type {
  RestoreBody,
  SnapshotBody,
  Static,
  VectorCollectionList,
  VectorQuery,
  WireOperation,
  WireStorageRestoreGuide,
  WireVectorSnapshotList,
} from '@spark-control/schema';
import type { CallOptions, Transport } from '../transport.ts';

export type VectorFilter = Static<typeof VectorQuery>;
export type NewSnapshot = Static<typeof SnapshotBody>;
export type NewRestore = Static<typeof RestoreBody>;

/** Snapshots of Qdrant. `service`: which one, when there are several. */
export type QdrantApi = Readonly<{
  collections(service?: string | null, options?: CallOptions): Promise<Static<typeof VectorCollectionList>>;
  snapshots(filter?: VectorFilter, options?: CallOptions): Promise<WireVectorSnapshotList>;
  snapshot(body?: NewSnapshot, options?: CallOptions): Promise<WireOperation>;
  removeSnapshot(name: string, filter?: VectorFilter, options?: CallOptions): Promise<void>;
  /** Puts a collection back; what is in it now is lost. */
  restore(body: NewRestore, options?: CallOptions): Promise<WireOperation>;
  /** What to do by hand for the whole storage, which Qdrant cannot put back while it runs. */
  storageRestore(service?: string | null, options?: CallOptions): Promise<WireStorageRestoreGuide>;
}>;

const BASE = '/api/qdrant';

export function createQdrantApi(transport: Transport): QdrantApi {
  const of = (service: string | null | undefined) => ({ service: service ?? undefined });
  return {
    collections: (service, options) => transport.call({ method: 'GET', path: `${BASE}/collections`, query: of(service) }, options),
    snapshots: (filter = {}, options) => transport.call({ method: 'GET', path: `${BASE}/snapshots`, query: filter }, options),
    snapshot: (body = {}, options) => transport.call({ method: 'POST', path: `${BASE}/snapshots`, body }, options),
    removeSnapshot: (name, filter = {}, options) =>
      transport.call(
        { method: 'DELETE', path: `${BASE}/snapshots/${encodeURIComponent(name)}`, query: filter, goneCode: 'SNAPSHOT_NOT_FOUND' },
        options,
      ),
    restore: (body, options) => transport.call({ method: 'POST', path: `${BASE}/restore`, body }, options),
    storageRestore: (service, options) => transport.call({ method: 'GET', path: `${BASE}/storage-restore`, query: of(service) }, options),
  };
}
