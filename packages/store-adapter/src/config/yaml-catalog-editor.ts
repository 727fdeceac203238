import { setTimeout as wait } from 'node:timers/promises';
import {
  type Actor,
  type CatalogChange,
  type CatalogEditor,
  type CatalogRevision,
  type CatalogSnapshot,
  canonicalJson,
  checkEdit,
  type EntryChange,
  entryDiff,
  type Issue,
  type ModelKey,
  mergeEntries,
  nearMatches,
  type Override,
  overrideAfter,
  type RawEntry,
  SparkError,
} from '@spark-control/core';
import { editedOverrides } from './catalog-document.ts';
import { catalogOf, type GoodCatalog } from './catalog-files.ts';
import { type CatalogLedger, type LedgerRow, statesOf } from './catalog-ledger.ts';
import { replaceOverrides, restoreOverrides } from './catalog-overrides-file.ts';
import type { YamlCatalogSource } from './yaml-catalog-source.ts';
import { readContent } from './yaml-file.ts';

export type CatalogEditorOptions = Readonly<{
  /** Already attached to `ledger`. */
  catalog: YamlCatalogSource;
  ledger: CatalogLedger;
  /** Default: a timer. */
  pause?: (ms: number) => Promise<unknown>;
}>;

/** Somebody who changes the file this often within one edit is a program gone wild. */
const MOST_TRIES = 40;
const PAUSE_MS = 20;
const MOST_PAUSES = 50;

/** An edit that is thought out and not yet made. */
type Draft = Readonly<{ bytes: Buffer; next: GoodCatalog; row: LedgerRow }>;

/**
 * {@link CatalogEditor} over the overrides file. An edit is written to the file, then to the ledger, then shown, then answered. A
 * process that dies in between leaves it in the file, where the next start finds and records it.
 */
export class YamlCatalogEditor implements CatalogEditor {
  readonly #catalog: YamlCatalogSource;
  readonly #ledger: CatalogLedger;
  readonly #pause: (ms: number) => Promise<unknown>;

  constructor({ catalog, ledger, pause = wait }: CatalogEditorOptions) {
    this.#catalog = catalog;
    this.#ledger = ledger;
    this.#pause = pause;
  }

  async history(model: ModelKey, limit: number): Promise<readonly CatalogRevision[]> {
    return await this.#ledger.history(model, limit);
  }

  apply(change: CatalogChange, expected: number | null, actor: Actor): Promise<CatalogSnapshot> {
    return this.#catalog.inTurn(async () => {
      await this.#ledger.ready();
      for (let tries = 0; tries < MOST_TRIES; tries += 1) {
        const done = await this.#try(change, expected, actor);
        if (done !== null) return done;
      }
      throw new SparkError('STALE_REVISION', `${this.#path} changes all the time: another program writes to it. Try again later.`);
    });
  }

  get #path(): string {
    return this.#catalog.files.overrides;
  }

  /** `null`: somebody else changed the file in the meantime, so it has to be thought out anew. */
  async #try(change: CatalogChange, expected: number | null, actor: Actor): Promise<CatalogSnapshot | null> {
    await this.#letOthersFinish();
    const now = await this.#catalog.settle();
    const { revision } = this.#catalog.current();
    if (expected !== null && expected !== revision) {
      throw new SparkError('STALE_REVISION', `The catalog is at revision ${revision} and this change was made from revision ${expected}.`);
    }
    const draft = await this.#draft(change, now);
    if (draft === null) return this.#catalog.current();
    const isWritten = replaceOverrides(this.#path, now.bytes, draft.bytes);
    this.#catalog.doubt();
    if (!isWritten) return null;
    try {
      return this.#catalog.adopt(draft.next, await this.#ledger.record([draft.row], actor));
    } catch (error) {
      restoreOverrides(this.#path, now.bytes, draft.bytes);
      throw error;
    }
  }

  /** A file that is being written has half of its content for a moment, which would be merged with as if it were all. */
  async #letOthersFinish(): Promise<void> {
    let seen = this.#bytes();
    if (this.#catalog.isAsRead(seen)) return;
    for (let pauses = 0; pauses < MOST_PAUSES; pauses += 1) {
      await this.#pause(PAUSE_MS);
      const again = this.#bytes();
      if (again === null ? seen === null : seen?.equals(again)) return;
      seen = again;
    }
  }

  #bytes(): Buffer | null {
    const content = readContent(this.#path);
    return content.kind === 'content' ? content.bytes : null;
  }

  /** `null`: the catalog is as the change wants it already. */
  async #draft(change: CatalogChange, now: GoodCatalog): Promise<Draft | null> {
    const { key } = change;
    this.#refuseUnknown(change, now);
    const before = now.overrides[key] as Override;
    const result = overrideAfter(await this.#entryChange(change), now.own[key] as RawEntry | undefined, before);
    if ('issues' in result) throw invalid(result.issues);
    const { override } = result;
    if (override === before || (override !== undefined && before !== undefined && canonicalJson(override) === canonicalJson(before))) {
      return null;
    }
    const { [key]: _old, ...others } = now.overrides;
    const entries = mergeEntries(now.own, override === undefined ? others : { ...others, [key]: override });
    const checked = checkEdit(entries, key);
    if ('issues' in checked) throw invalid(checked.issues);
    const { bytes, next } = this.#written(now, key, override, entries);
    const [old, after] = [statesOf(now).get(key) ?? null, statesOf(next).get(key) ?? null];
    const row: LedgerRow = { model: key, action: ACTIONS[change.kind], diff: entryDiff(old?.entry ?? null, after?.entry ?? null), after };
    return { bytes, next, row };
  }

  #refuseUnknown({ kind, key }: CatalogChange, { entries }: GoodCatalog): void {
    if (kind === 'revert' || Object.hasOwn(entries, key) === (kind !== 'create')) return;
    if (kind === 'create') {
      throw invalid([
        { path: '/key', code: 'duplicate', message: `There is a model ${key} already: change that one, or choose another key.` },
      ]);
    }
    const near = nearMatches(key, Object.keys(entries));
    const hint = near.length === 0 ? '' : ` Did you mean ${near.join(' or ')}?`;
    throw new SparkError('MODEL_NOT_FOUND', `There is no model "${key}".${hint}`);
  }

  async #entryChange(change: CatalogChange): Promise<EntryChange> {
    if (change.kind !== 'revert') return change;
    const { key, revision } = change;
    const [newest] = await this.#ledger.history(key, 1);
    if (newest === undefined) throw new SparkError('MODEL_NOT_FOUND', `There is no model "${key}", and there never was one.`);
    const entry = revision > this.#catalog.current().revision ? null : await this.#ledger.entryAt(key, revision);
    if (entry !== null) return { kind: 'restore', entry };
    throw new SparkError(
      'REVISION_NOT_FOUND',
      `Model ${key} was not in the catalog at revision ${revision}: there is nothing to go back to.`,
    );
  }

  /** The file with the change in it, read back as everybody else will read it. */
  #written(now: GoodCatalog, key: ModelKey, override: Override, entries: RawEntry): Readonly<{ bytes: Buffer; next: GoodCatalog }> {
    const text = now.bytes?.toString('utf8') ?? null;
    if (text !== null && !Buffer.from(text).equals(now.bytes ?? Buffer.alloc(0))) throw this.#byHand('it is not UTF-8 throughout');
    const bytes = Buffer.from(editedOverrides(text, key, override));
    const next = catalogOf(now.base, this.#path, bytes);
    if (next.kind === 'good' && canonicalJson(next.entries) === canonicalJson(entries)) return { bytes, next };
    throw this.#byHand(`the entry of ${key} is tied to others in a way that cannot be untied`);
  }

  #byHand(why: string): SparkError {
    const message = `${this.#path} cannot be edited by a program: ${why}. Edit it by hand.`;
    return new SparkError('INVALID_CATALOG', message, { details: { issues: [{ path: `${this.#path}#`, code: 'bad_file', message }] } });
  }
}

const ACTIONS = { create: 'created', patch: 'changed', knobs: 'changed', remove: 'removed', revert: 'reverted' } as const;

/** The files are in order; it is the change that cannot be. */
function invalid(issues: readonly Issue[]): SparkError {
  const [first, ...more] = issues;
  const detail = first === undefined ? 'The change is not valid.' : first.message;
  return new SparkError('INVALID_REQUEST', more.length === 0 ? detail : `${detail} (and ${more.length} more)`, { details: { issues } });
}
