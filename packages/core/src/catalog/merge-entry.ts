import { isMap } from './issue-list.ts';

/** One entry as models.yaml has it: snake_case, unchecked. */
export type RawEntry = Readonly<Record<string, unknown>>;

/** What the overrides say of one model: `undefined` nothing, `null` that it is hidden. */
export type Override = RawEntry | null | undefined;

/** Fields that are merged name by name; all others are replaced whole. */
export const isMergedByName = (field: string): boolean => field === 'flags' || field === 'env';

/** Overrides over the catalog. `null` takes an entry, a flag or a variable away. */
export function mergeEntries(own: RawEntry, overrides: RawEntry): RawEntry {
  const keys = [...new Set([...Object.keys(own), ...Object.keys(overrides)])];
  const merged = keys.flatMap((key): [string, unknown][] => {
    if (!Object.hasOwn(overrides, key)) return [[key, own[key]]];
    const over = overrides[key];
    return over === null ? [] : [[key, mergeEntry(own[key], over)]];
  });
  return Object.fromEntries(merged);
}

/** One entry of the overrides over that of the catalog; whatever is no map is taken as it is, for the check to refuse. */
export function mergeEntry(own: unknown, over: unknown): unknown {
  if (!isMap(over)) return over;
  const base = isMap(own) ? own : {};
  const fields = Object.keys(over).map((field): [string, unknown] => [
    field,
    isMergedByName(field) ? mergeByName(base[field], over[field]) : over[field],
  ]);
  const merged = { ...base, ...Object.fromEntries(fields) };
  // A model has one source: an override that names the other kind replaces both.
  if (over['local_path'] != null && over['repo'] == null)
    return without(merged, ['repo', ...(over['revision'] == null ? ['revision'] : [])]);
  return over['repo'] != null && over['local_path'] == null ? without(merged, ['local_path']) : merged;
}

function mergeByName(own: unknown, over: unknown): unknown {
  if (!isMap(over)) return over;
  const base = isMap(own) ? own : {};
  return Object.fromEntries(Object.entries({ ...base, ...over }).filter(([, value]) => value !== null));
}

const without = (map: RawEntry, fields: readonly string[]): RawEntry =>
  Object.fromEntries(Object.entries(map).filter(([field]) => !fields.includes(field)));
