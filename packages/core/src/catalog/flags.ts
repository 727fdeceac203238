import type { Issue } from '../errors.ts';
import type { FlagSpec, FlagType } from './flag-spec.ts';
import { FLAG_TABLE } from './flag-table.ts';
import { IssueList, isMap, kindOf } from './issue-list.ts';
import { flagName, managedFlag } from './managed-flags.ts';
import type { FlagValue } from './model.ts';
import { nearMatches } from './near-matches.ts';

export type FlagsResult = Readonly<{ flags: Readonly<Record<string, FlagValue>> }> | Readonly<{ issues: readonly Issue[] }>;

/** One flag that may be set by name. */
export type KnownFlag = FlagSpec & Readonly<{ name: string }>;

export const knownFlags = (): readonly KnownFlag[] => Object.entries(FLAG_TABLE).map(([name, spec]) => ({ name, ...spec }));

/** What to beware of when this flag is set to this value; `null`: nothing. */
export function flagDanger(name: string, value: FlagValue): string | null {
  const spec = specOf(flagName(name));
  return spec === null || value === false || value === 0 ? null : spec.danger;
}

/**
 * Checks the `flags` of an entry: known names, types, ranges, and what vLLM itself refuses in combination. Names come back
 * with dashes. `path` is the JSON pointer of the map.
 */
export function checkFlags(raw: unknown, path: string): FlagsResult {
  const list = new IssueList(path);
  if (!isMap(raw)) {
    list.add('wrong_type', `flags has to be a map from flag to value; it is ${kindOf(raw)}.`);
    return { issues: list.all };
  }
  const flags: Record<string, FlagValue> = {};
  for (const [written, value] of Object.entries(raw)) {
    const name = flagName(written);
    const at = list.at(written);
    if (Object.hasOwn(flags, name)) at.add('duplicate', `--${name} is set twice, with dashes and with underscores; keep one.`);
    const checked = checkFlag(name, value, at);
    if (checked !== null) flags[name] = checked;
  }
  if (list.all.length === 0) checkCombinations(flags, list);
  return list.all.length === 0 ? { flags } : { issues: list.all };
}

const specOf = (name: string): FlagSpec | null => (Object.hasOwn(FLAG_TABLE, name) ? (FLAG_TABLE[name] ?? null) : null);

function checkFlag(name: string, value: unknown, at: IssueList): FlagValue | null {
  const reason = managedFlag(name);
  const spec = specOf(name);
  if (reason !== null) at.add('managed_flag', `--${name} cannot be set here: ${reason}.`);
  else if (spec === null) at.add('unknown_flag', unknownFlag(name));
  if (reason !== null || spec === null) return null;
  const fault = faultOf(spec.type, value);
  if (fault === null) return value as FlagValue;
  at.add(fault.code, `--${name} ${fault.message}.`);
  return null;
}

function unknownFlag(name: string): string {
  const positive = name.replace(/^no-/, '');
  if (positive !== name && specOf(positive) !== null) return `Write \`${positive}: false\` instead of ${name}.`;
  const near = nearMatches(name, Object.keys(FLAG_TABLE));
  const hint = near.length === 0 ? '' : ` Did you mean ${near.join(' or ')}?`;
  return `${JSON.stringify(name)} is not a flag that Spark Control knows.${hint} If vLLM knows it, put it into extra_args, for example extra_args: ["--flag", "value"].`;
}

type Fault = Readonly<{ code: 'wrong_type' | 'out_of_range' | 'not_allowed'; message: string }>;

const wrongType = (wanted: string, value: unknown): Fault => ({ code: 'wrong_type', message: `takes ${wanted}; this is ${kindOf(value)}` });
const outOfRange = (message: string): Fault => ({ code: 'out_of_range', message });

function faultOf(type: FlagType, value: unknown): Fault | null {
  switch (type.kind) {
    case 'boolean':
      return typeof value === 'boolean' ? null : wrongType('true or false', value);
    case 'integer':
      return Number.isSafeInteger(value) ? rangeFault(type, value as number) : wrongType('a whole number', value);
    case 'number':
      return typeof value === 'number' && Number.isFinite(value) ? rangeFault(type, value) : wrongType('a number', value);
    case 'text':
      return textFault(value, type.maxLength ?? 1_024);
    case 'choice':
      return textFault(value, 128) ?? (type.open || type.values.includes(value as string) ? null : notAllowed(type.values));
    case 'length':
      return lengthFault(value);
    case 'json':
      return isMap(value) ? jsonFault(value) : wrongType('a map (it is passed as JSON)', value);
    case 'level_or_json':
      if (typeof value !== 'number') return isMap(value) ? jsonFault(value) : wrongType('a level or a map (it is passed as JSON)', value);
      return Number.isSafeInteger(value) ? rangeFault({ min: 0, max: type.max }, value) : wrongType('a whole number', value);
    case 'words':
      return wordsFault(value);
    default:
      return type satisfies never;
  }
}

function rangeFault(range: Readonly<{ min?: number; max?: number; aboveMin?: boolean }>, value: number): Fault | null {
  const { min, max, aboveMin = false } = range;
  if (min !== undefined && (aboveMin ? value <= min : value < min)) {
    return outOfRange(`has to be ${aboveMin ? 'above' : 'at least'} ${min}; this is ${value}`);
  }
  return max !== undefined && value > max ? outOfRange(`has to be at most ${max}; this is ${value}`) : null;
}

const notAllowed = (values: readonly string[]): Fault => ({ code: 'not_allowed', message: `takes one of ${values.join(', ')}` });

function textFault(value: unknown, maxLength: number): Fault | null {
  if (typeof value !== 'string') return wrongType('text (put it in quotes)', value);
  if (value === '') return outOfRange('must not be empty; leave it out instead');
  if (value.length > maxLength) return outOfRange(`has to be at most ${maxLength} characters long`);
  return /\0|\p{Surrogate}/u.test(value) ? { code: 'not_allowed', message: 'has a NUL character or broken Unicode in it' } : null;
}

function lengthFault(value: unknown): Fault | null {
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) return wrongType('a whole number', value);
    return value === -1 || value > 0 ? null : outOfRange(`has to be above 0, or -1 for the longest that fits; this is ${value}`);
  }
  if (typeof value !== 'string') return wrongType('a number of tokens, such as 32768, 32k or auto', value);
  if (value === 'auto' || (/^\d{1,15}(?:\.\d{1,6})?[kKmMgG]?$/.test(value) && Number.parseFloat(value) > 0)) return null;
  return outOfRange('takes a number of tokens, such as 32768, 32k (32,000), 32K (32,768) or auto');
}

function jsonFault(value: Readonly<Record<string, unknown>>): Fault | null {
  const size = jsonSize(value, 0);
  if (size === null) return { code: 'not_allowed', message: 'holds something that JSON cannot, or is nested more than 32 levels deep' };
  return size > MAX_JSON ? outOfRange(`is longer than ${MAX_JSON} characters as JSON`) : null;
}

const MAX_JSON = 32_768;

/**
 * About the length as JSON, `null` for what has none. YAML aliases can make a map that holds itself, or one that unfolds to
 * gigabytes: so depth and size are limited while counting, before anything is written out.
 */
function jsonSize(value: unknown, depth: number): number | null {
  if (typeof value === 'string') return /\p{Surrogate}/u.test(value) ? null : value.length + 2;
  if (typeof value === 'number') return Number.isFinite(value) ? 8 : null;
  if (typeof value === 'boolean' || value === null) return 5;
  if (typeof value !== 'object' || depth > 32) return null;
  let size = 2;
  for (const [key, entry] of Object.entries(value)) {
    const inner = jsonSize(entry, depth + 1);
    if (inner === null) return null;
    size += key.length + inner + 4;
    if (size > MAX_JSON) return size;
  }
  return size;
}

function wordsFault(value: unknown): Fault | null {
  if (typeof value === 'string') return textFault(value, 1_024) ?? dashFault(value);
  if (!Array.isArray(value)) return wrongType('text or a list of texts', value);
  if (value.length === 0) return outOfRange('must not be an empty list; leave it out instead');
  for (const word of value as readonly unknown[]) {
    const fault = textFault(word, 1_024) ?? dashFault(word as string);
    if (fault !== null) return fault;
  }
  return null;
}

const dashFault = (word: string): Fault | null =>
  word.startsWith('-') ? { code: 'not_allowed', message: 'has a value that begins with a dash and would be read as another flag' } : null;

/** Combinations that vLLM refuses within seconds of its start (its own messages are like these). */
function checkCombinations(flags: Readonly<Record<string, FlagValue>>, list: IssueList): void {
  const batched = flags['max-num-batched-tokens'];
  const seqs = flags['max-num-seqs'];
  const length = flags['max-model-len'];
  if (typeof batched === 'number' && typeof seqs === 'number' && batched < seqs) {
    list.at('max-num-batched-tokens').add('conflict', `--max-num-batched-tokens (${batched}) has to be at least --max-num-seqs (${seqs}).`);
  }
  if (flags['enable-chunked-prefill'] === false && typeof batched === 'number' && typeof length === 'number' && batched < length) {
    const message = `--max-num-batched-tokens (${batched}) has to be at least --max-model-len (${length}) when chunked prefill is off.`;
    list.at('max-num-batched-tokens').add('conflict', message);
  }
  if (flags['enable-auto-tool-choice'] === true && flags['tool-call-parser'] === undefined) {
    list.at('enable-auto-tool-choice').add('conflict', '--enable-auto-tool-choice needs --tool-call-parser as well.');
  }
  if (flags['lora-modules'] !== undefined && flags['enable-lora'] !== true) {
    list.at('lora-modules').add('conflict', '--lora-modules needs --enable-lora: true as well.');
  }
}
