import { canonicalJson } from '../launch/digest.ts';
import type { FieldDiff } from '../ports/catalog-editor.ts';
import { isMap, pointerStep } from './issue-list.ts';
import { maskedField } from './masking.ts';
import { isMergedByName, type RawEntry } from './merge-entry.ts';

/**
 * What differs between two states of one model, field by field, and in flags and variables name by name. `null`: it was not there.
 * Secrets are masked, so that a changed one shows as a change from `***` to `***`.
 */
export function entryDiff(before: RawEntry | null, after: RawEntry | null): readonly FieldDiff[] {
  return namesOf(before, after).flatMap((field) => {
    const [old, now] = [valueAt(before, field), valueAt(after, field)];
    if (isSame(old, now)) return [];
    if (!isMergedByName(field)) return [diffOf(`/${pointerStep(field)}`, maskedField(field, old), maskedField(field, now))];
    const [oldMap, newMap] = [mapOf(old), mapOf(now)];
    const [oldShown, newShown] = [mapOf(maskedField(field, oldMap)), mapOf(maskedField(field, newMap))];
    return namesOf(oldMap, newMap)
      .filter((name) => !isSame(valueAt(oldMap, name), valueAt(newMap, name)))
      .map((name) => diffOf(`/${field}/${pointerStep(name)}`, valueAt(oldShown, name), valueAt(newShown, name)));
  });
}

/** Equal as JSON, whatever the order of their names. `null` and absent are the same in an entry. */
export const isSame = (one: unknown, other: unknown): boolean => canonicalJson(one ?? null) === canonicalJson(other ?? null);

const valueAt = (map: RawEntry | null, name: string): unknown =>
  map !== null && Object.hasOwn(map, name) ? (map[name] ?? undefined) : undefined;

const namesOf = (one: RawEntry | null, other: RawEntry | null): readonly string[] => [
  ...new Set([...Object.keys(one ?? {}), ...Object.keys(other ?? {})]),
];

const mapOf = (value: unknown): RawEntry => (isMap(value) ? value : {});

const diffOf = (path: string, before: unknown, after: unknown): FieldDiff => ({
  path,
  ...(before !== undefined && { before }),
  ...(after !== undefined && { after }),
});
