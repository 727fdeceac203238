import type { SparkClient } from '../client.ts';
import type { Interrupts } from './interrupts.ts';
import type { Io } from './io.ts';
import type { Output } from './output.ts';
import type { Settings } from './settings.ts';

/** What stands for a value, in help and for completion: `model` and `cluster` are asked of the server. */
export type OptionSpec = Readonly<
  | { type: 'boolean'; help: string; short?: string }
  | { type: 'string'; value: string; help: string; short?: string; multiple?: true; choices?: readonly string[] }
>;
export type Options = Readonly<Record<string, OptionSpec>>;

export type Values<O extends Options> = {
  readonly [K in keyof O]: O[K] extends { type: 'boolean' }
    ? boolean
    : O[K] extends { multiple: true }
      ? readonly string[]
      : string | undefined;
};

/** A word of a command line that is no option. `choices`: the only ones; `kind`: what it is the key of. */
export type ArgumentSpec = Readonly<{ name: string; isOptional?: true; kind?: WordKind; choices?: readonly string[] }>;
/** Words that completion asks of the server. */
export type WordKind = 'model' | 'cluster' | 'host' | 'service' | 'operation';

/** Options of every command. */
export const COMMON_OPTIONS = {
  url: { type: 'string', value: 'URL', help: 'the server (SPARK_BASE_URL, "url" in the file; default http://127.0.0.1:9999)' },
  cluster: { type: 'string', value: 'CLUSTER', help: 'the cluster meant (SPARK_CLUSTER, "cluster" in the file)' },
  'key-file': { type: 'string', value: 'FILE', help: 'file whose first line is the API key (or SPARK_API_KEY, "api_key" in the file)' },
  config: { type: 'string', value: 'FILE', help: 'settings in place of ~/.config/sparkctl.json' },
  json: { type: 'boolean', help: 'the result as JSON on standard output' },
  quiet: { type: 'boolean', short: 'q', help: 'no words about how things go, only results and errors' },
  help: { type: 'boolean', short: 'h', help: 'this text' },
} as const satisfies Options;

/** A call of a command, as that command sees it. */
export type Call<O extends Options = Options> = Readonly<{
  values: Values<O> & Values<typeof COMMON_OPTIONS>;
  args: readonly string[];
  /** What stands after `--`. */
  command: readonly string[];
  io: Io;
  out: Output;
  interrupts: Interrupts;
  /** Aborts at the first signal. */
  signal: AbortSignal;
  /** Reads the settings when they are needed first: `help` must work with a broken file. */
  connect(): Connection;
}>;
export type Connection = Readonly<{ client: SparkClient; settings: Settings }>;

type Facts<O extends Options> = Readonly<{
  /** One word, or two: `lock acquire`. */
  name: string;
  summary: string;
  arguments: readonly ArgumentSpec[];
  options: O;
  /** It runs a command that stands after `--`. */
  takesCommand?: true;
  /** Its words are another program's, its help too: they are handed on as they are. */
  isPassedOn?: true;
  /** Said under the options in its help. */
  details?: string;
  /** Command lines without `sparkctl`, with what each does. */
  examples: readonly (readonly [line: string, meaning: string])[];
  /** Added to its own exit codes. */
  exitOffset?: number;
}>;

/** One command, as the machinery sees it. `run` resolves with the exit code. */
export type Command = Facts<Options> & Readonly<{ run(call: Call): Promise<number> }>;

/** Declares a command; its options type the values of its calls. */
export function defineCommand<const O extends Options>(command: Facts<O> & Readonly<{ run(call: Call<O>): Promise<number> }>): Command {
  // Sound because the machinery hands over only values that it has read by these very options.
  return command as unknown as Command;
}

/** Options that several commands share. */
export const LOCK_FILE = {
  'lock-file': { type: 'string', value: 'FILE', help: 'file with the id of the lock that you hold (or SPARK_LOCK_ID)' },
} as const satisfies Options;
