/** A copy that the vector store has made of one of its collections. `bytes: null`: it did not say. */
export type VectorSnapshot = Readonly<{ collection: string; name: string; bytes: number | null }>;

export interface VectorStore {
  /** Copies one collection, or with `null` all of them. Rejects UPSTREAM_FAILED or UPSTREAM_TIMEOUT. */
  snapshot(collection: string | null, signal: AbortSignal): Promise<readonly VectorSnapshot[]>;
}
