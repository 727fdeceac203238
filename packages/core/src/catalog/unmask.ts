import type { EntryPatch } from '../ports/catalog-editor.ts';
import { type IssueList, isMap } from './issue-list.ts';
import { MASK, maskedEnvValue, maskedWords } from './masking.ts';
import type { RawEntry } from './merge-entry.ts';
import type { EnvValue } from './model.ts';

const NOTHING = 'There is no value that *** could stand for: send the value itself, or { from_env: NAME }.';

/**
 * A body that was made from an answer has masks where the secrets were: each is replaced by what is there now. Whoever masks
 * something else meant a value that does not exist, which is an issue.
 */
export function unmasked(entry: EntryPatch, current: RawEntry, list: IssueList): EntryPatch {
  const { env, extra_args: words } = entry;
  return {
    ...entry,
    ...(isMap(env) && { env: unmaskedEnv(env, isMap(current['env']) ? current['env'] : {}, list.at('env')) }),
    ...(Array.isArray(words) && { extra_args: unmaskedWords(words, current['extra_args'], list.at('extra_args')) }),
  };
}

function unmaskedEnv(env: RawEntry, current: RawEntry, list: IssueList): RawEntry {
  const values = Object.entries(env).map(([name, value]): [string, unknown] => {
    const before = Object.hasOwn(current, name) ? current[name] : undefined;
    if (typeof value !== 'string' || !value.includes(MASK)) return [name, value];
    if (before !== undefined && (value === MASK || value === maskedEnvValue(name, envValueOf(before)))) return [name, before];
    if (value === MASK) list.at(name).add('masked', NOTHING);
    return [name, value];
  });
  return Object.fromEntries(values);
}

const envValueOf = (raw: unknown): EnvValue =>
  isMap(raw) ? { kind: 'secret', name: String(raw['from_env']) } : { kind: 'literal', value: String(raw) };

function unmaskedWords(words: readonly unknown[], current: unknown, list: IssueList): readonly unknown[] {
  const before = Array.isArray(current) ? current.map(String) : [];
  const shown = maskedWords(before);
  return words.map((word, index) => {
    if (typeof word !== 'string' || !word.includes(MASK)) return word;
    // Words may have been put in before it: the same masked word at another place is still that one, when there is only one.
    const same = shown.flatMap((other, at) => (other === word ? [at] : []));
    const at = same.includes(index) ? index : same.length === 1 ? same[0] : undefined;
    if (at !== undefined) return before[at];
    list.at(index).add('masked', NOTHING);
    return word;
  });
}
