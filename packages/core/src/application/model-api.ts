import type { Actor } from '../audit/audit-entry.ts';
import type { CatalogSnapshot, Model } from '../catalog/model.ts';
import type { ParsedCommand } from '../catalog/parse-command.ts';
import type { ClusterKey, ModelKey } from '../ids.ts';
import type { CatalogEditor, CatalogRevision, EntryPatch } from '../ports/catalog-editor.ts';
import type { Clock } from '../ports/clock.ts';
import type { WeightStore } from '../ports/weight-store.ts';
import type { SparkCore } from './core-api.ts';

/** A model as it is after a change. `notes`: what its author should know, a sentence each. */
export type EditedModel = Readonly<{ model: Model; catalog: CatalogSnapshot; notes: readonly string[] }>;

/**
 * Changes the catalog. `expected` is the revision that the caller has seen, `null` any. All changes reject STALE_REVISION, READ_ONLY,
 * INVALID_CATALOG (the files have a fault), STORE_UNAVAILABLE; and INVALID_REQUEST with pointers into the body. A running model
 * stays as it was started.
 */
export interface ModelDesk {
  /** Rejects MODEL_NOT_FOUND, with near matches. */
  get(key: ModelKey): Model;
  create(key: ModelKey, entry: EntryPatch, expected: number | null, actor: Actor, signal: AbortSignal): Promise<EditedModel>;
  /** Rejects MODEL_NOT_FOUND too. */
  change(key: ModelKey, entry: EntryPatch, expected: number | null, actor: Actor, signal: AbortSignal): Promise<EditedModel>;
  /** Flags, and variables unless `null`, as a whole. Rejects MODEL_NOT_FOUND too. */
  setKnobs(key: ModelKey, flags: EntryPatch, env: EntryPatch | null, expected: number | null, actor: Actor): Promise<EditedModel>;
  /** The model as it was at a revision, also when it is gone. Rejects MODEL_NOT_FOUND, REVISION_NOT_FOUND too. */
  revert(key: ModelKey, revision: number, expected: number | null, actor: Actor): Promise<EditedModel>;
  /** Rejects MODEL_NOT_FOUND, and MODEL_IN_USE while it serves or a swap goes to it. */
  remove(key: ModelKey, expected: number | null, actor: Actor): Promise<CatalogSnapshot>;
  /** Newest first. Rejects MODEL_NOT_FOUND for one that never was. */
  history(key: ModelKey, limit: number): Promise<readonly CatalogRevision[]>;
  /** Reads a pasted command; runs nothing. Throws INVALID_REQUEST at `/command`. */
  parse(command: string): ParsedCommand;
}

export type ModelDeskDeps = Readonly<{
  core: Pick<SparkCore, 'clusters' | 'catalog' | 'views' | 'swap' | 'swaps'>;
  editor: CatalogEditor;
  /** To look for a local path on the hosts; a cluster without one is not asked. */
  weights: ReadonlyMap<ClusterKey, WeightStore>;
  clock: Clock;
}>;
