import { parseArgs } from 'node:util';
import { COMMON_OPTIONS, type Command, type Options } from './command.ts';
import { UsageError } from './failure.ts';
import { nearest } from './suggest.ts';

export type Parsed = Readonly<{
  command: Command;
  values: Readonly<Record<string, unknown>>;
  args: readonly string[];
  rest: readonly string[];
}>;

type Token = NonNullable<ReturnType<typeof parseArgs>['tokens']>[number];

/** Words for which people would put a secret on the command line, where every user of the machine can read it. */
const SECRET_OPTIONS: Readonly<Record<string, string>> = {
  key: 'SPARK_API_KEY, --key-file or "api_key" in the settings file',
  'api-key': 'SPARK_API_KEY, --key-file or "api_key" in the settings file',
  token: 'SPARK_API_KEY, --key-file or "api_key" in the settings file',
  lock: 'SPARK_LOCK_ID or --lock-file',
  'lock-id': 'SPARK_LOCK_ID or --lock-file',
  'ngc-key': 'NGC_API_KEY, standard input or the prompt',
  'ngc-api-key': 'NGC_API_KEY, standard input or the prompt',
};

/** Reads tokens by `options` without judging them; what is wrong is said in words of ours. */
function tokensOf(argv: readonly string[], options: Options): readonly Token[] {
  const { tokens } = parseArgs({
    args: [...argv],
    // Without `value` and `help`, which are no fields of its own.
    options: Object.fromEntries(Object.entries(options).map(([name, { type, short }]) => [name, { type, ...(short && { short }) }])),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  return tokens;
}

/** The words of a command line that are no options, up to `--`, with their places. */
export function plainWords(argv: readonly string[], options: Options): readonly Readonly<{ index: number; value: string }>[] {
  const words: { index: number; value: string }[] = [];
  for (const token of tokensOf(argv, options)) {
    if (token.kind === 'option-terminator') break;
    if (token.kind === 'positional') words.push({ index: token.index, value: token.value });
  }
  return words;
}

/** The command that is meant, and the command line without its name; `null` when none is named. @throws {UsageError} */
export function findCommand(
  argv: readonly string[],
  commands: readonly Command[],
): Readonly<{ command: Command; argv: readonly string[] }> | null {
  const [first, second] = plainWords(argv, COMMON_OPTIONS);
  if (first === undefined) return null;
  const without = (...places: readonly number[]): readonly string[] => argv.filter((_, index) => !places.includes(index));
  // `settings` is a command, and `settings set` another one.
  const pair = commands.find(({ name }) => name === `${first.value} ${second?.value}`);
  if (pair !== undefined && second !== undefined) return { command: pair, argv: without(first.index, second.index) };
  const single = commands.find(({ name }) => name === first.value);
  if (single !== undefined) return { command: single, argv: without(first.index) };
  const group = commands.filter(({ name }) => name.startsWith(`${first.value} `));
  if (group.length === 0) {
    const names = [...new Set(commands.map(({ name }) => name.split(' ')[0] ?? ''))];
    throw new UsageError(`there is no command "${first.value}"${hint(nearest(first.value, names))}; "sparkctl help" lists them`);
  }
  const words = group.map(({ name }) => name.split(' ')[1] ?? '');
  if (second === undefined) throw new UsageError(`${first.value} needs one of: ${words.join(', ')}`);
  throw new UsageError(
    `there is no "${first.value} ${second.value}"${hint(nearest(second.value, words))}; it is one of: ${words.join(', ')}`,
  );
}

/** Reads the options and words of a command. @throws {UsageError} */
export function parseCommand(command: Command, argv: readonly string[]): Parsed {
  const options: Options = { ...command.options, ...COMMON_OPTIONS };
  const values: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(options)) values[name] = initial(spec);
  const args: string[] = [];
  const rest: string[] = [];
  let isAfterTerminator = false;
  for (const token of tokensOf(argv, options)) {
    if (token.kind === 'option-terminator') isAfterTerminator = true;
    else if (token.kind === 'positional') (isAfterTerminator && command.takesCommand ? rest : args).push(token.value);
    else take(token, options, values);
  }
  if (values['help'] !== true) checkWords(command, args);
  return { command, values, args, rest };
}

const initial = (spec: Options[string]): unknown => (spec.type === 'boolean' ? false : spec.multiple ? [] : undefined);

function take(token: Token & { kind: 'option' }, options: Options, values: Record<string, unknown>): void {
  const { name, rawName, value } = token;
  const spec = Object.hasOwn(options, name) ? options[name] : undefined;
  if (spec === undefined) throw unknownOption(name, rawName, options);
  if (spec.type === 'boolean') {
    if (value !== undefined) throw new UsageError(`${rawName} takes no value`);
    values[name] = true;
    return;
  }
  if (value === undefined || value === '' || (!token.inlineValue && value.startsWith('-')))
    throw new UsageError(`${rawName} needs a value: ${spec.value}`);
  if (spec.choices !== undefined && !spec.choices.includes(value)) {
    throw new UsageError(`${rawName} is one of ${spec.choices.join(', ')}, not "${value}"${hint(nearest(value, spec.choices))}`);
  }
  const before = values[name];
  values[name] = spec.multiple && Array.isArray(before) ? [...before, value] : value;
}

function unknownOption(name: string, rawName: string, options: Options): UsageError {
  const place = Object.hasOwn(SECRET_OPTIONS, name) ? SECRET_OPTIONS[name] : undefined;
  // Whatever was given with it is not repeated.
  if (place !== undefined) return new UsageError(`${rawName} is not an option, since others can read command lines; use ${place}`);
  const near = nearest(name, Object.keys(options));
  return new UsageError(`there is no option ${rawName}${hint(near === null ? null : `--${near}`)}`);
}

function checkWords({ name, arguments: specs, takesCommand }: Command, args: readonly string[]): void {
  const missing = specs.find((spec, index) => !spec.isOptional && args[index] === undefined);
  if (missing !== undefined) throw new UsageError(`${name} needs ${missing.name}`);
  for (const [index, { choices }] of specs.entries()) {
    const word = args[index];
    if (choices === undefined || word === undefined || choices.includes(word)) continue;
    throw new UsageError(`${name} takes one of ${choices.join(', ')}, not "${word}"${hint(nearest(word, choices))}`);
  }
  const extra = args[specs.length];
  if (extra === undefined) return;
  throw new UsageError(
    takesCommand ? `"${extra}" is one word too many; put -- before the command to run` : `"${extra}" is one word too many for ${name}`,
  );
}

const hint = (word: string | null): string => (word === null ? '' : `; did you mean ${word}?`);
