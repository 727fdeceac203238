/** What a flag takes. `choice` with `open: true` also takes other words: plug-ins and newer versions add some. */
export type FlagType = Readonly<
  | { kind: 'boolean' }
  | { kind: 'integer'; min?: number; max?: number }
  | { kind: 'number'; min?: number; max?: number; aboveMin?: boolean }
  | { kind: 'text'; maxLength?: number }
  | { kind: 'choice'; values: readonly string[]; open: boolean }
  /** A positive integer, `-1`, `auto`, or a figure with k (1,000), K (1,024), m, M, g, G. */
  | { kind: 'length' }
  | { kind: 'json' }
  /** A JSON object or an optimisation level. */
  | { kind: 'level_or_json'; max: number }
  | { kind: 'words' }
>;

/** Headings of a form, in the order in which people look for them. */
export type FlagGroup =
  | 'memory'
  | 'cache'
  | 'scheduler'
  | 'loading'
  | 'model'
  | 'chat'
  | 'multimodal'
  | 'performance'
  | 'parallel'
  | 'lora'
  | 'server';

/**
 * One flag of `vllm serve`. `danger` says what may go wrong and is shown wherever the flag is set. `default` is what vLLM does
 * without the flag, `null` where that depends on the model or is not known. `since` is the first release that is known to have the
 * flag, `null` for one older than 0.8 or where nobody looked.
 */
export type FlagSpec = Readonly<{
  type: FlagType;
  description: string;
  danger: string | null;
  default: string | number | boolean | null;
  since: string | null;
  group: FlagGroup;
}>;

/** Flags of one group, each as type, description and what differs from the usual. */
export type FlagRow = readonly [
  type: FlagType,
  description: string,
  more?: Readonly<{ default?: FlagSpec['default']; since?: string; danger?: string }>,
];

export function flagGroup(group: FlagGroup, rows: Readonly<Record<string, FlagRow>>): Readonly<Record<string, FlagSpec>> {
  const specs = Object.entries(rows).map(([name, [type, description, more]]): [string, FlagSpec] => [
    name,
    { type, description, group, danger: more?.danger ?? null, default: more?.default ?? null, since: more?.since ?? null },
  ]);
  return Object.fromEntries(specs);
}

export const bool: FlagType = { kind: 'boolean' };
export const count: FlagType = { kind: 'integer', min: 1 };
export const text: FlagType = { kind: 'text' };
export const json: FlagType = { kind: 'json' };
export const words: FlagType = { kind: 'words' };
export const integer = (min: number, max?: number): FlagType =>
  max === undefined ? { kind: 'integer', min } : { kind: 'integer', min, max };
export const choice = (...values: readonly string[]): FlagType => ({ kind: 'choice', values, open: false });
export const suggestion = (...values: readonly string[]): FlagType => ({ kind: 'choice', values, open: true });
