import type { Actor } from '../audit/audit-entry.ts';
import type { CatalogSnapshot } from '../catalog/model.ts';
import type { ModelKey } from '../ids.ts';

/**
 * Fields as models.yaml has them (snake_case). `null` takes a field back to what the base file says; within `flags` and `env` it takes
 * that one away. `***` where an answer shows it leaves a masked value as it is.
 */
export type EntryPatch = Readonly<Record<string, unknown>>;

export type CatalogChange = Readonly<
  | { kind: 'create'; key: ModelKey; entry: EntryPatch }
  | { kind: 'patch'; key: ModelKey; entry: EntryPatch }
  /** Flags and variables as a whole: what is not named is taken away. `env: null` leaves the variables alone. */
  | { kind: 'knobs'; key: ModelKey; flags: EntryPatch; env: EntryPatch | null }
  | { kind: 'remove'; key: ModelKey }
  | { kind: 'revert'; key: ModelKey; revision: number }
>;

/** One field of one model before and after; `undefined` on one side: it was not there. Secrets are masked. */
export type FieldDiff = Readonly<{ path: string; before?: unknown; after?: unknown }>;

export type CatalogRevision = Readonly<{
  revision: number;
  model: ModelKey;
  at: number;
  actor: string;
  /** `external`: the file was changed by an editor or another program. */
  action: 'created' | 'changed' | 'removed' | 'reverted' | 'external';
  diff: readonly FieldDiff[];
}>;

/**
 * Changes the overrides file, and nothing else. Contract: a change is synced to disk before it resolves; comments and order of the
 * file survive; a file that somebody else changed meanwhile is merged with, never overwritten. `expected` is the revision that the
 * caller has seen (`If-Match`), `null` any. Rejects STALE_REVISION, READ_ONLY (path and fix in the message), INVALID_CATALOG for a
 * fault of the files, INVALID_REQUEST with pointers into the entry for one of the change, MODEL_NOT_FOUND, REVISION_NOT_FOUND,
 * STORE_UNAVAILABLE.
 */
export interface CatalogEditor {
  apply(change: CatalogChange, expected: number | null, actor: Actor): Promise<CatalogSnapshot>;
  history(model: ModelKey, limit: number): Promise<readonly CatalogRevision[]>;
}
