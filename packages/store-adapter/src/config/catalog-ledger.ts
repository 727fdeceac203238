import {
  type Actor,
  type CatalogRevision,
  canonicalJson,
  entryDiff,
  type FieldDiff,
  type Model,
  type ModelKey,
  modelKey,
  type RawEntry,
} from '@spark-control/core';
import type { GoodCatalog } from './catalog-files.ts';

/** One model as both files together had it. */
export type ModelState = Readonly<{ entry: RawEntry; origin: Model['origin'] }>;

/** What a revision did to one model. `after: null`: it is gone. */
export type LedgerRow = Readonly<{
  model: ModelKey;
  action: CatalogRevision['action'];
  diff: readonly FieldDiff[];
  after: ModelState | null;
}>;

/** Where the catalog stood when it was last recorded. `revision: 0`: never yet. */
export type LedgerState = Readonly<{ revision: number; models: ReadonlyMap<string, ModelState> }>;

/**
 * What became of the catalog, revision by revision. The number of a revision rises for ever: it is counted where it is recorded,
 * in one transaction with the rows, and is known to nobody before. Methods reject STORE_UNAVAILABLE.
 */
export interface CatalogLedger {
  /** Rejects while a revision could not be recorded. */
  ready(): Promise<void>;
  last(): Promise<LedgerState>;
  /** Durable once it resolves. The first record of all is the starting point and nobody's deed: it goes into no audit trail. */
  record(rows: readonly LedgerRow[], actor: Actor): Promise<number>;
  /** Newest first. */
  history(model: ModelKey, limit: number): Promise<readonly CatalogRevision[]>;
  /** The model as of a revision; `null`: it was not there, or that cannot be told any more. */
  entryAt(model: ModelKey, revision: number): Promise<RawEntry | null>;
}

/** An editor, a deployment or another program changed the files. */
export const FILE_ACTOR: Actor = { name: 'file', address: null, requestId: null };

export function statesOf({ models, entries }: GoodCatalog): ReadonlyMap<string, ModelState> {
  return new Map(models.map(({ key, origin }) => [key, { entry: (entries[key] ?? {}) as RawEntry, origin }]));
}

/** What differs between two states of the catalog, model by model. */
export function rowsBetween(
  before: ReadonlyMap<string, ModelState>,
  after: ReadonlyMap<string, ModelState>,
  action: CatalogRevision['action'],
): readonly LedgerRow[] {
  const keys = [...new Set([...before.keys(), ...after.keys()])];
  return keys.flatMap((key): readonly LedgerRow[] => {
    const [old, now] = [before.get(key) ?? null, after.get(key) ?? null];
    if (canonicalJson(old) === canonicalJson(now)) return [];
    return [{ model: modelKey(key), action, diff: entryDiff(old?.entry ?? null, now?.entry ?? null), after: now }];
  });
}
