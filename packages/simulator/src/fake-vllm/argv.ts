import { type FlagKind, SERVE_FLAGS, SHORT_FLAGS } from './serve-flags.ts';

/** Parsed values by long flag name. */
export type RawFlags = ReadonlyMap<string, unknown>;
export type RawServe = Readonly<{ model: string | null; flags: RawFlags }>;

/** What argparse would print before it ends the process with exit code 2. */
export class UsageError extends Error {}

const NEGATIVE_NUMBER = /^-\d+$|^-\d*\.\d+$/;

/** `--max_model_len` is `--max-model-len`, in the name only, as vLLM's own parser has it. */
function dashed(word: string): string {
  if (!word.startsWith('--')) return word;
  const equals = word.indexOf('=');
  const name = equals < 0 ? word : word.slice(0, equals);
  return name.replaceAll('_', '-') + (equals < 0 ? '' : word.slice(equals));
}

type Option = Readonly<{ name: string; shown: string; kind: FlagKind; attached: string | null; negated: boolean }>;

function lookUp(name: string): Pick<Option, 'name' | 'kind' | 'negated'> | null {
  const long = SHORT_FLAGS.get(name) ?? name;
  const kind = SERVE_FLAGS.get(long);
  if (kind !== undefined) return { name: long, kind, negated: false };
  const positive = long.replace(/^--no-/, '--');
  if (positive !== long && SERVE_FLAGS.get(positive) === 'toggle') return { name: positive, kind: 'toggle', negated: true };
  const parent = long.slice(0, long.indexOf('.'));
  if (long.includes('.') && SERVE_FLAGS.get(parent) === 'json') return { name: long, kind: 'text', negated: false };
  return null;
}

function optionOf(word: string): Option | null {
  const whole = lookUp(dashed(word));
  if (whole !== null) return { ...whole, shown: dashed(word), attached: null };
  const equals = word.indexOf('=');
  if (equals > 0) {
    const shown = dashed(word.slice(0, equals));
    const named = lookUp(shown);
    if (named !== null) return { ...named, shown, attached: word.slice(equals + 1) };
  }
  const glued = /^(-[Oqnr])(.+)$/s.exec(word);
  const short = glued?.[1] === undefined ? null : lookUp(glued[1]);
  return short === null || glued?.[2] === undefined ? null : { ...short, shown: glued[1] ?? '', attached: glued[2] };
}

/** argparse's own rule of what counts as a value although it may begin with a dash. */
function isValue(word: string): boolean {
  if (!word.startsWith('-') || word === '-') return true;
  if (optionOf(word) !== null) return false;
  return NEGATIVE_NUMBER.test(word) || word.includes(' ');
}

const display = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

function humanInt(text: string): number | null {
  if (/^(auto|-1)$/.test(text)) return -1;
  const match = /^(\d+(?:\.\d+)?)([kKmMgGtT]?)$/.exec(text);
  if (match?.[1] === undefined) return null;
  const suffix = match[2] ?? '';
  const power = suffix === '' ? 0 : 'kmgt'.indexOf(suffix.toLowerCase()) + 1;
  const base = suffix === suffix.toLowerCase() ? 1000 : 1024;
  return Math.round(Number(match[1]) * base ** power);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function convert(option: Option, text: string): unknown {
  const invalid = (type: string): UsageError => new UsageError(`argument ${argumentName(option)}: invalid ${type} value: ${display(text)}`);
  const { kind } = option;
  if (Array.isArray(kind)) {
    if (kind.includes(text)) return text;
    const choices = kind.map((choice) => display(choice)).join(', ');
    throw new UsageError(`argument ${argumentName(option)}: invalid choice: ${display(text)} (choose from ${choices})`);
  }
  if (kind === 'int') {
    if (!/^\s*[+-]?\d+\s*$/.test(text)) throw invalid('int');
    return Number(text);
  }
  if (kind === 'float') {
    if (text.trim() === '' || Number.isNaN(Number(text))) throw invalid('float');
    return Number(text);
  }
  if (kind === 'human_int') {
    const value = humanInt(text);
    if (value === null) throw invalid('human_readable_int');
    return value;
  }
  if (kind === 'json') {
    const value = parseJson(text);
    if (value === undefined)
      throw new UsageError(`argument ${argumentName(option)}: Value ${text} cannot be converted to <function loads>.`);
    return value;
  }
  return text;
}

function argumentName(option: Option): string {
  const shorts = [...SHORT_FLAGS].filter(([, long]) => long === option.name).map(([short]) => short);
  return [option.name, ...shorts].join('/');
}

function takeValues(option: Option, rest: readonly string[]): Readonly<{ value: unknown; used: number }> {
  if (option.kind === 'toggle' || option.kind === 'switch') {
    if (option.attached !== null) {
      throw new UsageError(`argument ${argumentName(option)}: ignored explicit argument ${display(option.attached)}`);
    }
    return { value: !option.negated, used: 0 };
  }
  if (option.attached !== null) {
    return { value: option.kind === 'words' ? [option.attached] : convert(option, option.attached), used: 0 };
  }
  const end = rest.findIndex((word) => !isValue(word) || word === '--');
  const available = end < 0 ? rest : rest.slice(0, end);
  if (option.kind === 'words') {
    if (available.length === 0) throw new UsageError(`argument ${argumentName(option)}: expected at least one argument`);
    return { value: available, used: available.length };
  }
  const first = available[0];
  if (first === undefined) throw new UsageError(`argument ${argumentName(option)}: expected one argument`);
  return { value: convert(option, first), used: 1 };
}

/**
 * Parses the words after `vllm serve` with argparse's rules (values that begin with a dash, `--flag=value`, lists that run
 * up to the next flag) and its words of refusal.
 */
export function parseServeWords(words: readonly string[]): RawServe {
  const flags = new Map<string, unknown>();
  const positionals: string[] = [];
  const unknown: string[] = [];
  let model: string | null = null;
  const positional = (word: string): void => {
    if (model === null) model = word;
    else unknown.push(word);
  };
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (word === '--') {
      for (const later of words.slice(at + 1)) positional(later);
      break;
    }
    const option = word.startsWith('-') ? optionOf(word) : null;
    if (option !== null) {
      const { value, used } = takeValues(option, words.slice(at + 1));
      flags.set(option.name, value);
      at += used;
    } else if (isValue(word)) positional(word);
    else unknown.push(word);
  }
  if (unknown.length > 0) throw new UsageError(`unrecognized arguments: ${unknown.join(' ')}`);
  return { model: model ?? positionals[0] ?? null, flags };
}
