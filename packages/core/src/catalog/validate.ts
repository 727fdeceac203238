import type { Issue } from '../errors.ts';
import { type ClusterKey, clusterKey, isKey, KEY_PATTERN, modelKey, RESERVED_KEYS } from '../ids.ts';
import { envNameProblem } from './env-names.ts';
import { checkFlags } from './flags.ts';
import { IssueList, isMap, kindOf, pointerStep } from './issue-list.ts';
import { isImageReference, isRepository, isRevision, localPathProblem } from './locations.ts';
import { extraArgFaults } from './managed-flags.ts';
import type { EnvValue, FlagValue, Model, ModelSource } from './model.ts';
import { nearMatches } from './near-matches.ts';

export type ModelResult = Readonly<{ model: Model }> | Readonly<{ issues: readonly Issue[] }>;

export type CheckOptions = Readonly<{
  /** Folders below which a local path may lie; `null` (the default) leaves that to the cluster it is started on. */
  modelRoots?: readonly string[] | null;
  /** Default `catalog`. */
  origin?: Model['origin'];
  /** JSON pointer of the entry for the issues. Default `/models/<key>`. */
  path?: string;
}>;

type Raw = Readonly<Record<string, unknown>>;

const FIELDS = [
  'name',
  'description',
  'repo',
  'local_path',
  'revision',
  'served_model_name',
  'image',
  'nodes',
  'weights_gib',
  'flags',
  'extra_args',
  'env',
  'clusters',
];

/**
 * Checks the meaning of one catalog entry as it stands in YAML or JSON (snake_case) and fills in defaults. Reports every fault
 * it finds, each with its JSON pointer; it never throws, whatever `raw` is.
 */
export function checkModel(raw: unknown, key: string, options: CheckOptions = {}): ModelResult {
  const list = new IssueList(options.path ?? `/models/${pointerStep(key)}`);
  if (!isKey(key)) list.add('bad_key', badKey(key));
  if (!isMap(raw)) {
    list.add('wrong_type', `A model is a map with repo or local_path and more; this is ${kindOf(raw)}.`);
    return { issues: list.all };
  }
  for (const field of Object.keys(raw)) if (!FIELDS.includes(field)) list.at(field).add('unknown_field', unknownField(field));
  const model: Model = {
    key: modelKey(key),
    name: textField(raw, 'name', 100, list) ?? key,
    description: textField(raw, 'description', 2_000, list),
    source: sourceOf(raw, options.modelRoots ?? null, list),
    servedModelName: servedName(raw, list) ?? key,
    image: imageOf(raw, list),
    nodes: nodesOf(raw, list),
    weightsBytes: weightsOf(raw, list),
    flags: flagsOf(raw, list),
    extraArgs: extraArgsOf(raw, list),
    env: envOf(raw, list),
    clusters: clustersOf(raw, list),
    origin: options.origin ?? 'catalog',
  };
  return list.all.length === 0 ? { model } : { issues: list.all };
}

function badKey(key: string): string {
  if (RESERVED_KEYS.includes(key)) return `${JSON.stringify(key)} is reserved; choose another key.`;
  return `${JSON.stringify(key.slice(0, 100))} is no valid key: it has to match ${KEY_PATTERN.source}.`;
}

function unknownField(field: string): string {
  const near = nearMatches(field, FIELDS);
  return `There is no field ${JSON.stringify(field.slice(0, 100))}.${near.length === 0 ? ` The fields are ${FIELDS.join(', ')}.` : ` Did you mean ${near.join(' or ')}?`}`;
}

/** Absent and `null` are the same in YAML (`name:` with nothing behind it). */
const isSet = (raw: Raw, field: string): boolean => raw[field] !== undefined && raw[field] !== null;

function textField(raw: Raw, field: string, maxLength: number, list: IssueList): string | null {
  if (!isSet(raw, field)) return null;
  const value = raw[field];
  const at = list.at(field);
  if (typeof value !== 'string') at.add('wrong_type', `${field} has to be text (put it in quotes); it is ${kindOf(value)}.`);
  else if (value.trim() === '') at.add('empty', `${field} must not be empty; leave it out instead.`);
  else if (value.length > maxLength) at.add('too_long', `${field} has to be at most ${maxLength} characters long.`);
  else if (/(?![\t\n])[\p{Cc}\p{Surrogate}]/u.test(value))
    at.add('bad_character', `${field} has a control character or broken Unicode in it.`);
  else return value;
  return null;
}

function sourceOf(raw: Raw, roots: readonly string[] | null, list: IssueList): ModelSource {
  const repo = textField(raw, 'repo', 200, list);
  const path = textField(raw, 'local_path', 1_024, list);
  const revision = textField(raw, 'revision', 128, list);
  if (isSet(raw, 'repo') === isSet(raw, 'local_path')) {
    list.add('repo_or_local_path', isSet(raw, 'repo') ? 'Set either repo or local_path, not both.' : 'Set repo or local_path.');
  }
  if (repo !== null && !isRepository(repo)) list.at('repo').add('bad_repo', 'repo has to be organisation/name as on the Hugging Face hub.');
  const pathProblem = path === null ? null : localPathProblem(path, roots);
  if (pathProblem !== null) list.at('local_path').add('bad_path', `local_path ${pathProblem}.`);
  if (revision !== null && !isRevision(revision))
    list.at('revision').add('bad_revision', 'revision has to be a branch, a tag or a commit.');
  if (revision !== null && path !== null) list.at('revision').add('not_allowed', 'revision only goes with repo.');
  return path === null ? { kind: 'repo', repo: repo ?? '', revision } : { kind: 'local_path', path };
}

function servedName(raw: Raw, list: IssueList): string | null {
  const name = textField(raw, 'served_model_name', 128, list);
  if (name === null || (!/[\p{C}\s]/u.test(name) && !name.startsWith('-'))) return name;
  list.at('served_model_name').add('bad_name', 'served_model_name must not have blanks or control characters, nor begin with a dash.');
  return null;
}

function imageOf(raw: Raw, list: IssueList): string | null {
  const image = textField(raw, 'image', 512, list);
  if (image === null || isImageReference(image)) return image;
  list.at('image').add('bad_image', 'image has to be a Docker image reference such as vllm-node or vllm/vllm-openai:v0.24.0.');
  return null;
}

function nodesOf(raw: Raw, list: IssueList): number {
  if (!isSet(raw, 'nodes')) return 1;
  const nodes = raw['nodes'];
  if (typeof nodes === 'number' && Number.isSafeInteger(nodes) && nodes >= 1 && nodes <= 64) return nodes;
  list.at('nodes').add('out_of_range', 'nodes has to be a whole number from 1 to 64: how many hosts the model spans.');
  return 1;
}

function weightsOf(raw: Raw, list: IssueList): number | null {
  if (!isSet(raw, 'weights_gib')) return null;
  const gib = raw['weights_gib'];
  if (typeof gib === 'number' && gib > 0 && gib <= 100_000) return Math.round(gib * 2 ** 30);
  list.at('weights_gib').add('out_of_range', 'weights_gib has to be a number above 0: the size of the weights in GiB.');
  return null;
}

function flagsOf(raw: Raw, list: IssueList): Readonly<Record<string, FlagValue>> {
  if (!isSet(raw, 'flags')) return {};
  const result = checkFlags(raw['flags'], list.at('flags').path);
  if ('flags' in result) return result.flags;
  list.addAll(result.issues);
  return {};
}

function textList(raw: Raw, field: string, list: IssueList): readonly string[] {
  if (!isSet(raw, field)) return [];
  const value = raw[field];
  const at = list.at(field);
  if (!Array.isArray(value)) {
    at.add('wrong_type', `${field} has to be a list of texts; it is ${kindOf(value)}.`);
    return [];
  }
  const items: readonly unknown[] = value;
  for (const [index, item] of items.entries()) {
    if (typeof item !== 'string')
      at.at(index).add('wrong_type', `Each item of ${field} has to be text (put it in quotes); this is ${kindOf(item)}.`);
  }
  return items.filter((item) => typeof item === 'string');
}

function extraArgsOf(raw: Raw, list: IssueList): readonly string[] {
  const words = textList(raw, 'extra_args', list);
  const at = list.at('extra_args');
  if (words.length > 200) at.add('too_long', 'extra_args has to have at most 200 words.');
  for (const fault of extraArgFaults(words)) at.at(fault.index).add('managed_flag', `${fault.message}.`);
  for (const [index, word] of words.entries()) {
    if (/\0|\p{Surrogate}/u.test(word)) at.at(index).add('bad_character', 'This word has a NUL character or broken Unicode in it.');
    if (word.length > 32_768) at.at(index).add('too_long', 'This word is longer than 32,768 characters.');
  }
  return words;
}

function envOf(raw: Raw, list: IssueList): Readonly<Record<string, EnvValue>> {
  if (!isSet(raw, 'env')) return {};
  const env = raw['env'];
  const at = list.at('env');
  if (!isMap(env)) {
    at.add('wrong_type', `env has to be a map from name to value; it is ${kindOf(env)}.`);
    return {};
  }
  const values: Record<string, EnvValue> = {};
  for (const [name, value] of Object.entries(env)) {
    const problem = envNameProblem(name);
    if (problem !== null) at.at(name).add('bad_env_name', `This environment variable is refused: ${problem}.`);
    const checked = envValue(value, at.at(name));
    if (checked !== null) values[name] = checked;
  }
  return values;
}

function envValue(value: unknown, at: IssueList): EnvValue | null {
  if (typeof value === 'number' && Number.isFinite(value)) return { kind: 'literal', value: String(value) };
  if (typeof value === 'string') {
    if (value.length <= 32_768 && !/\0|\p{Surrogate}/u.test(value)) return { kind: 'literal', value };
    at.add('bad_character', 'The value is longer than 32,768 characters or has a NUL character or broken Unicode in it.');
    return null;
  }
  const name = isMap(value) && Object.keys(value).length === 1 ? value['from_env'] : undefined;
  if (typeof name === 'string' && /^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name)) return { kind: 'secret', name };
  at.add(
    'wrong_type',
    `The value has to be text, a number, or { from_env: NAME }; this is ${kindOf(value)}. Write true and false as "1" and "0".`,
  );
  return null;
}

function clustersOf(raw: Raw, list: IssueList): readonly ClusterKey[] {
  const keys = textList(raw, 'clusters', list);
  for (const [index, key] of keys.entries()) if (!isKey(key)) list.at('clusters').at(index).add('bad_key', badKey(key));
  return keys.map(clusterKey);
}
