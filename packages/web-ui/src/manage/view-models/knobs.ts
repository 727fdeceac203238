import type { AppState } from '../../state.ts';
import type { Knobs, Model, VllmFlag } from '../../wire.ts';

export type KnobsView = Readonly<{
  model: Model;
  revision: number;
  /** Revision in which somebody else changed this very entry meanwhile. */
  newer: number | null;
  flags: readonly VllmFlag[];
  request: AppState['request'];
}>;

/** One flag or variable as it stands in the form: always text. */
export type Draft = Readonly<{ name: string; text: string }>;

type FlagValue = Exclude<Knobs['flags'][string], null>;

/** What a value looks like in a field. */
export const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : Array.isArray(value) ? value.join('\n') : JSON.stringify(value);

export const draftsOf = (values: Readonly<Record<string, unknown>>): readonly Draft[] =>
  Object.entries(values).map(([name, value]) => ({ name, text: textOf(value) }));

/** The value that a field's text stands for. What it must be is the server's to say: nonsense goes there as text, and comes back as an issue. */
export function flagValue(text: string, spec: VllmFlag | undefined): FlagValue {
  const trimmed = text.trim();
  switch (spec?.type) {
    case 'boolean':
      return trimmed === 'true' ? true : trimmed === 'false' ? false : trimmed;
    case 'integer':
    case 'number':
    case 'length':
      return numberOr(trimmed);
    case 'json':
    case 'level_or_json':
      return jsonOr(trimmed);
    case 'words':
      return trimmed.includes('\n') ? trimmed.split(/\s*\n\s*/) : trimmed;
    default:
      return trimmed;
  }
}

function numberOr(text: string): FlagValue {
  const number = Number(text);
  return text !== '' && Number.isFinite(number) ? number : text;
}

function jsonOr(text: string): FlagValue {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as FlagValue) : numberOr(text);
  } catch {
    return text;
  }
}

/** The body that saves the form. `from_env:NAME` takes a secret from the control plane's own environment. */
export function knobsOf(flags: readonly Draft[], env: readonly Draft[], specs: readonly VllmFlag[]): Knobs {
  const specOf = (name: string): VllmFlag | undefined => specs.find((spec) => spec.name === name);
  return {
    flags: Object.fromEntries(flags.map(({ name, text }) => [name, flagValue(text, specOf(name))])),
    env: Object.fromEntries(env.filter(({ name }) => name !== '').map(({ name, text }) => [name, envValue(text)])),
  };
}

function envValue(text: string): string | { from_env: string } {
  const secret = /^from_env:\s*([A-Za-z_][A-Za-z0-9_]*)$/.exec(text.trim());
  return secret?.[1] === undefined ? text : { from_env: secret[1] };
}

/** What a flag is, what its field should hold, its default: a few short sentences. */
export function hintOf(flag: VllmFlag): string {
  const { default: standard, since, description } = flag;
  const parts = [
    description,
    rangeOf(flag),
    standard === null || standard === undefined ? '' : `default ${textOf(standard)}`,
    since === null ? '' : `since vLLM ${since}`,
  ];
  return parts
    .filter((part) => part !== '')
    .map(sentence)
    .join(' ');
}

/** What a field that does not say it itself takes. */
function rangeOf({ type, minimum, maximum, exclusive_minimum: isAbove, values, open }: VllmFlag): string {
  if (values !== null) return open ? `for example ${values.join(', ')}` : '';
  const range = [
    minimum === null ? '' : `${isAbove ? 'above' : 'at least'} ${minimum}`,
    maximum === null ? '' : `at most ${maximum}`,
  ].filter((part) => part !== '');
  return range.length > 0 ? range.join(', ') : (KIND_HINTS[type] ?? '');
}

const sentence = (text: string): string => `${text[0]?.toUpperCase() ?? ''}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`;

/** For kinds of which a description seldom says it. */
const KIND_HINTS: Readonly<Partial<Record<VllmFlag['type'], string>>> = {
  json: 'a JSON object',
  words: 'one word in each line',
};

/** What the server said about one field of the form. */
export const issueOf = (request: KnobsView['request'], path: string): string | null =>
  request.problem?.issues?.find((issue) => issue.path === path)?.message ?? null;
