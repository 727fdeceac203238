import type { Issue } from '../errors.ts';
import type { EntryPatch } from '../ports/catalog-editor.ts';
import { isSame } from './entry-diff.ts';
import { IssueList, isMap } from './issue-list.ts';
import { flagName } from './managed-flags.ts';
import { isMergedByName, mergeEntry, type Override, type RawEntry } from './merge-entry.ts';
import { unmasked } from './unmask.ts';

/** A change of one model once it is known what it leads to; `restore` brings a whole earlier entry back. */
export type EntryChange = Readonly<
  | { kind: 'create'; entry: EntryPatch }
  | { kind: 'patch'; entry: EntryPatch }
  | { kind: 'knobs'; flags: EntryPatch; env: EntryPatch | null }
  | { kind: 'restore'; entry: RawEntry }
  | { kind: 'remove' }
>;

export type OverrideResult = Readonly<{ override: Override }> | Readonly<{ issues: readonly Issue[] }>;

/**
 * What the overrides have to say of a model after a change. `own` is its entry in the base file, `over` what the overrides say now.
 * Only what differs from the base file is written down. In a patch `null` takes a field back to what the base file says, and takes
 * a flag or a variable away. Pointers of issues lead into the body of the change.
 */
export function overrideAfter(change: EntryChange, own: RawEntry | undefined, over: Override): OverrideResult {
  const current = over === null ? {} : asMap(over === undefined ? own : mergeEntry(own, over));
  switch (change.kind) {
    case 'create':
      return ofBody(change.entry, {}, (entry) => exactly(own, entry));
    case 'patch':
      return ofBody(change.entry, current, (entry) => patched(own, over ?? undefined, entry, current));
    case 'knobs':
      return ofBody(knobsAsPatch(change.flags, change.env, current), current, (entry) => patched(own, over ?? undefined, entry, current));
    case 'restore':
      return { override: exactly(own, change.entry) };
    case 'remove':
      return { override: own === undefined ? undefined : null };
    default:
      return change satisfies never;
  }
}

function ofBody(entry: EntryPatch, current: RawEntry, finish: (entry: EntryPatch) => Override): OverrideResult {
  const list = new IssueList('');
  const clear = unmasked(entry, current, list);
  if (isSet(entry, 'repo') && isSet(entry, 'local_path')) {
    list.at('local_path').add('repo_or_local_path', 'Set either repo or local_path, not both.');
  }
  return list.all.length === 0 ? { override: finish(clear) } : { issues: list.all };
}

/** The override that makes the base file's entry into exactly `wanted`. */
function exactly(own: RawEntry | undefined, wanted: RawEntry): Override {
  const entry = withoutNulls(wanted);
  if (own === undefined) return entry;
  const isOtherKind = (isSet(own, 'repo') && isSet(entry, 'local_path')) || (isSet(own, 'local_path') && isSet(entry, 'repo'));
  // A merge drops these by itself when the override names the other kind of source.
  const dropped = isOtherKind ? ['repo', 'local_path', 'revision'] : [];
  const result: Record<string, unknown> = {};
  for (const field of new Set([...Object.keys(own), ...Object.keys(entry)])) {
    const [mine, value] = [own[field], entry[field]];
    if (isMergedByName(field) && isMap(mine) && isMap(value)) {
      const named = byName(field, mine, {}, everyName(field, mine, value));
      if (Object.keys(named).length > 0) result[field] = named;
    } else if (isSame(mine, value)) continue;
    else if (value !== undefined) result[field] = value;
    else if (!dropped.includes(field)) result[field] = null;
  }
  return Object.keys(result).length === 0 ? undefined : result;
}

function patched(own: RawEntry | undefined, over: RawEntry | undefined, entry: EntryPatch, current: RawEntry): Override {
  const result: Record<string, unknown> = { ...over };
  for (const [field, value] of Object.entries(entry)) {
    if (value === null || value === undefined) delete result[field];
    else if (isMergedByName(field) && isMap(value)) patchByName(result, field, own?.[field], value);
    else if (own !== undefined && isSame(own[field], value)) delete result[field];
    else result[field] = value;
  }
  settleSource(result, own, entry, current);
  return own !== undefined && Object.keys(result).length === 0 ? undefined : result;
}

function patchByName(result: Record<string, unknown>, field: string, own: unknown, value: RawEntry): void {
  const mine = asMap(own);
  // `flags: null` in the overrides hides all of the base file's: keep them hidden, name by name.
  const before = result[field] === null ? Object.fromEntries(Object.keys(mine).map((name) => [name, null])) : asMap(result[field]);
  const named = byName(field, mine, before, value);
  if (Object.keys(named).length > 0) result[field] = named;
  else delete result[field];
}

function byName(field: string, own: RawEntry, over: RawEntry, value: RawEntry): RawEntry {
  const result: Record<string, unknown> = { ...over };
  for (const [written, item] of Object.entries(value)) {
    const name = spellingOf(field, written, own, over);
    const hasOwn = Object.hasOwn(own, name) && own[name] !== null;
    if (item === null || item === undefined) {
      if (hasOwn) result[name] = null;
      else delete result[name];
    } else if (hasOwn && isSameItem(field, own[name], item)) delete result[name];
    else result[name] = item;
  }
  return result;
}

/** `max_model_len` and `max-model-len` are one flag: the spelling of the files stays, or it would stand there twice. */
function spellingOf(field: string, name: string, own: RawEntry, over: RawEntry): string {
  if (field !== 'flags') return name;
  const isIt = (other: string): boolean => flagName(other) === flagName(name);
  return Object.keys(own).find(isIt) ?? Object.keys(over).find(isIt) ?? name;
}

/** A number among the variables reaches the model server as its text. */
const isSameItem = (field: string, own: unknown, item: unknown): boolean =>
  isSame(own, item) || (field === 'env' && typeof own === 'number' && String(own) === item);

/** `value` and, as `null`, every name of `own` that it leaves out. */
function everyName(field: string, own: RawEntry, value: RawEntry): RawEntry {
  const normal = (name: string): string => (field === 'flags' ? flagName(name) : name);
  const kept = new Set(Object.keys(value).map(normal));
  const gone = Object.keys(own).filter((name) => !kept.has(normal(name)));
  return { ...Object.fromEntries(gone.map((name) => [name, null])), ...value };
}

const knobsAsPatch = (flags: EntryPatch, env: EntryPatch | null, current: RawEntry): EntryPatch => ({
  flags: everyName('flags', asMap(current['flags']), flags),
  ...(env !== null && { env: everyName('env', asMap(current['env']), env) }),
});

/** Naming one kind of source takes the other away; a revision belongs to its repository. */
function settleSource(result: Record<string, unknown>, own: RawEntry | undefined, entry: EntryPatch, current: RawEntry): void {
  if (isSet(entry, 'local_path')) {
    delete result['repo'];
    if (!isSet(entry, 'revision')) delete result['revision'];
  }
  if (isSet(entry, 'repo')) delete result['local_path'];
  if (entry['repo'] === undefined || entry['revision'] !== undefined) return;
  const repo = result['repo'] ?? own?.['repo'];
  if (repo === current['repo']) return;
  delete result['revision'];
  if (own !== undefined && isSet(own, 'revision') && repo !== own['repo']) result['revision'] = null;
}

const isSet = (entry: RawEntry, field: string): boolean => entry[field] !== undefined && entry[field] !== null;
const asMap = (value: unknown): RawEntry => (isMap(value) ? value : {});

function withoutNulls(entry: RawEntry): RawEntry {
  const filled = (map: RawEntry): RawEntry =>
    Object.fromEntries(Object.entries(map).filter(([, value]) => value !== null && value !== undefined));
  const fields = Object.entries(filled(entry)).map(([field, value]): [string, unknown] => [
    field,
    isMergedByName(field) && isMap(value) ? filled(value) : value,
  ]);
  return Object.fromEntries(fields);
}
