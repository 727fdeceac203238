import type { CatalogSnapshot } from '../catalog/model.ts';

/** The catalog as of now. Contract: snapshots are immutable; while the files on disk are broken the last good one stays, with `fault` set. */
export interface CatalogSource {
  current(): CatalogSnapshot;
}
