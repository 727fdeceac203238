import { createClient } from '../client.ts';
import { plainWords } from './arguments.ts';
import { COMMON_OPTIONS, type Command, type OptionSpec, type Options, type WordKind } from './command.ts';
import { EXIT } from './exit-codes.ts';
import type { Io } from './io.ts';
import { readSettings } from './settings.ts';

type Candidate = readonly [word: string, about: string];

/** Nobody waits longer than that for a list of words. */
const MODELS_TIMEOUT_MS = 1_500;
/** What no shell reads anything else into. */
const HARMLESS = /^[A-Za-z0-9._:/@+=-]+$/;

/** Prints what may come in place of the last of `words`, a candidate per line, a tab and what it is. Finds nothing rather than failing. */
export async function complete(words: readonly string[], io: Io, commands: readonly Command[]): Promise<number> {
  const current = words.at(-1) ?? '';
  const found = await candidates(words.slice(0, -1), current, io, commands).catch(() => []);
  for (const [word, about] of found) if (word.startsWith(current) && HARMLESS.test(word)) io.stdout.write(`${word}\t${about}\n`);
  return EXIT.ok;
}

async function candidates(before: readonly string[], current: string, io: Io, commands: readonly Command[]): Promise<readonly Candidate[]> {
  if (before.includes('--')) return [];
  const [first, second] = plainWords(before, COMMON_OPTIONS).map(({ value }) => value);
  const command = commands.find(({ name }) => name === `${first} ${second}`) ?? commands.find(({ name }) => name === first);
  const options: Options = { ...command?.options, ...COMMON_OPTIONS };
  const asked = optionAwaiting(before.at(-1), options);
  if (asked !== undefined) return valuesOf(asked, before, io);
  const [, option, name = ''] = /^(--([a-z-]+)=)/.exec(current) ?? [];
  const inline = option === undefined ? undefined : optionAwaiting(`--${name}`, options);
  if (inline !== undefined) return (await valuesOf(inline, before, io)).map(([value, about]) => [`${option}${value}`, about]);
  if (current.startsWith('-')) return optionsOf(options);
  if (first === undefined) return firstWords(commands);
  if (command === undefined) return second === undefined ? secondWords(first, commands) : [];
  const given = plainWords(before, options).length - command.name.split(' ').length;
  const spec = command.arguments[given];
  if (command.name === 'help') return given === 0 ? firstWords(commands) : given === 1 ? secondWords(second ?? '', commands) : [];
  if (spec?.choices !== undefined) return spec.choices.map((choice) => [choice, ''] as const);
  // `settings` takes words of its own, and `settings set` is another command.
  const next = given === 0 && first === command.name ? secondWords(first, commands) : [];
  return spec?.kind === undefined ? next : KEYS[spec.kind](before, io);
}

/** The option that the word before still needs a value for. */
function optionAwaiting(word: string | undefined, options: Options): OptionSpec | undefined {
  if (word === undefined || !word.startsWith('--') || word.includes('=')) return undefined;
  const name = word.slice(2);
  const spec = Object.hasOwn(options, name) ? options[name] : undefined;
  return spec?.type === 'string' ? spec : undefined;
}

function valuesOf(spec: OptionSpec, before: readonly string[], io: Io): Promise<readonly Candidate[]> | readonly Candidate[] {
  if (spec.type === 'boolean') return [];
  if (spec.choices !== undefined) return spec.choices.map((choice) => [choice, ''] as const);
  const kind = KINDS.find((known) => known.toUpperCase() === spec.value);
  return kind === undefined ? [] : KEYS[kind](before, io);
}

const optionsOf = (options: Options): readonly Candidate[] => Object.entries(options).map(([name, { help }]) => [`--${name}`, help]);

function firstWords(commands: readonly Command[]): readonly Candidate[] {
  const words = new Map<string, string>();
  for (const { name, summary } of commands) {
    const [word = '', ...more] = name.split(' ');
    if (!words.has(word))
      words.set(
        word,
        more.length === 0
          ? summary
          : `${secondWords(word, commands)
              .map(([next]) => next)
              .join(', ')}`,
      );
  }
  return [...words];
}

const secondWords = (first: string, commands: readonly Command[]): readonly Candidate[] =>
  commands.filter(({ name }) => name.startsWith(`${first} `)).map(({ name, summary }) => [name.slice(first.length + 1), summary]);

type KeyFinder = (before: readonly string[], io: Io) => Promise<readonly Candidate[]>;
const QUICKLY = { timeoutMs: MODELS_TIMEOUT_MS, retries: 0 };

/** Keys of everything of a kind. */
const KEYS: Readonly<Record<WordKind, KeyFinder>> = {
  model: async (before, io) => named((await clientFor(before, io).models(QUICKLY)).items),
  cluster: async (before, io) => named((await clientFor(before, io).clusters(QUICKLY)).items),
  host: async (before, io) => named((await clientFor(before, io).hosts(QUICKLY)).items),
  service: async (before, io) => named((await clientFor(before, io).services.list(QUICKLY)).items),
  operation: async (before, io) => {
    const { items } = await clientFor(before, io).operations.list({ limit: 20 }, QUICKLY);
    return items.map(({ id, kind, subject }) => [id, `${kind} ${subject}`.replace(/\p{Cc}/gu, ' ')]);
  },
};
const KINDS = Object.keys(KEYS) as readonly WordKind[];

const named = (items: readonly Readonly<{ key: string; name: string }>[]): readonly Candidate[] =>
  items.map(({ key, name }) => [key, name.replace(/\p{Cc}/gu, ' ')]);

/** The server that the command line will speak to. */
function clientFor(before: readonly string[], io: Io) {
  const given = (name: string): string | undefined => {
    const place = before.lastIndexOf(`--${name}`);
    return place === -1 ? before.findLast((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3) : before[place + 1];
  };
  const flags = { url: given('url'), 'key-file': given('key-file'), config: given('config') };
  const { baseUrl, apiKey } = readSettings(flags, io, () => undefined);
  return createClient({ baseUrl, apiKey, fetch: io.fetch, clock: io.clock });
}
