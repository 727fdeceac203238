import { extraArgFaults, flagName, managedFlag } from '../catalog/managed-flags.ts';
import type { FlagValue, Model } from '../catalog/model.ts';
import { SparkError } from '../errors.ts';
import { canonicalJson } from './digest.ts';
import { assertPassable } from './quoting.ts';

/**
 * The words after `vllm serve`, without host, port and tensor parallelism: the model first, then its names and flags in
 * alphabetical order, then `extraArgs` as they are. Equal entries give equal words, whatever order their flags were written in.
 * @throws {SparkError} UNSAFE_ARGUMENT, naming the flag and what to do.
 */
export function vllmArgs(model: Model): readonly string[] {
  const words = [...sourceWords(model), ...nameWords(model), ...flagsWords(model), ...checkedExtraArgs(model)];
  for (const word of words) assertPassable(word, `An argument of model ${model.key}`);
  return words;
}

function sourceWords(model: Model): readonly string[] {
  const { source } = model;
  const word = source.kind === 'repo' ? source.repo : source.path;
  if (word === '' || word.startsWith('-')) throw unsafe(model, 'the repository or path is empty or begins with a dash');
  return source.kind === 'repo' && source.revision !== null ? [word, ...flagWords(model, 'revision', source.revision)] : [word];
}

function nameWords(model: Model): readonly string[] {
  const further = Object.entries(model.flags).find(([name]) => flagName(name) === 'served-model-name')?.[1];
  const names = [model.servedModelName, ...(Array.isArray(further) ? further : typeof further === 'string' ? [further] : [])];
  return flagWords(model, 'served-model-name', [...new Set(names)]);
}

function flagsWords(model: Model): readonly string[] {
  const flags = Object.entries(model.flags).map(([name, value]) => [flagName(name), value] as const);
  const sorted = flags.sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.flatMap(([name, value]) => {
    if (!/^[a-z0-9][a-z0-9-]*$/.test(name))
      throw unsafe(model, `${JSON.stringify(name)} is no flag name; write it without dashes in front`);
    const reason = managedFlag(name);
    if (reason !== null) throw unsafe(model, `--${name} is refused: ${reason}`);
    return name === 'served-model-name' ? [] : flagWords(model, name, value);
  });
}

/** A value that begins with a dash goes behind an equals sign, since the parser would take it for a flag of its own. */
function flagWords(model: Model, name: string, value: FlagValue): readonly string[] {
  if (value === true) return [`--${name}`];
  if (value === false) return [`--no-${name}`];
  if (Array.isArray(value)) return [`--${name}`, ...listWords(model, name, value)];
  const text = typeof value === 'string' ? value : typeof value === 'number' ? numberWord(model, name, value) : canonicalJson(value);
  return text.startsWith('-') ? [`--${name}=${text}`] : [`--${name}`, text];
}

function numberWord(model: Model, name: string, value: number): string {
  if (!Number.isFinite(value)) throw unsafe(model, `--${name} is not a finite number`);
  return String(value);
}

function listWords(model: Model, name: string, list: readonly string[]): readonly string[] {
  const bad = list.find((word) => word.startsWith('-'));
  if (bad !== undefined) throw unsafe(model, `a value of --${name} begins with a dash and would be read as another flag`);
  if (list.length === 0) throw unsafe(model, `--${name} has an empty list; leave the flag out instead`);
  return list;
}

function checkedExtraArgs(model: Model): readonly string[] {
  const [fault] = extraArgFaults(model.extraArgs);
  if (fault !== undefined) throw unsafe(model, `extra_args[${fault.index}]: ${fault.message}`);
  return model.extraArgs;
}

const unsafe = (model: Model, detail: string): SparkError => new SparkError('UNSAFE_ARGUMENT', `Model ${model.key}: ${detail}.`);
