import { createClient } from '../client.ts';
import { VERSION } from '../version.ts';
import { findCommand, type Parsed, parseCommand } from './arguments.ts';
import type { Call, Command, Connection } from './command.ts';
import { COMMANDS } from './commands/index.ts';
import { complete } from './complete.ts';
import { endingOf } from './describe.ts';
import { EXIT } from './exit-codes.ts';
import { Interrupted, UsageError } from './failure.ts';
import { commandHelp, overview } from './help.ts';
import { Interrupts } from './interrupts.ts';
import type { Io } from './io.ts';
import { Output } from './output.ts';
import { readSettings, type SettingFlags } from './settings.ts';
import { plain } from './text.ts';

/** sparkctl, from its words to its exit code. Never rejects. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const interrupts = new Interrupts(io);
  const words = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
  const asJson = new Output(io, { isJson: words.includes('--json'), isQuiet: false });
  let command: Command | null = null;
  try {
    if (argv[0] === '__complete') return await complete(argv.slice(1), io, COMMANDS);
    if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) return greet(io, `sparkctl ${VERSION}`);
    const found = findCommand(argv, COMMANDS);
    if (found === null) return nothingNamed(words, io);
    command = found.command;
    if (command.isPassedOn) return await runParsed({ command, values: {}, args: found.argv, rest: [] }, io, interrupts);
    const parsed = parseCommand(found.command, found.argv);
    if (parsed.values['help'] === true) return greet(io, commandHelp(parsed.command));
    return await runParsed(parsed, io, interrupts);
  } catch (error) {
    return end(error, asJson, io, command, null);
  } finally {
    interrupts.close();
  }
}

async function runParsed(parsed: Parsed, io: Io, interrupts: Interrupts): Promise<number> {
  const { command, values, args, rest } = parsed;
  const out = new Output(io, { isJson: values['json'] === true, isQuiet: values['quiet'] === true });
  let connection: Connection | null = null;
  const connect = (): Connection => {
    connection ??= openConnection(values as SettingFlags, io, out);
    return connection;
  };
  const call = { values, args, command: rest, io, out, interrupts, signal: interrupts.signal, connect } as unknown as Call;
  try {
    return await command.run(call);
  } catch (error) {
    out.endLive();
    const { settings } = (connection as Connection | null) ?? { settings: { keyNote: null } };
    return end(error, out, io, command, settings.keyNote);
  }
}

function openConnection(flags: SettingFlags, io: Io, out: Output): Connection {
  const settings = readSettings(flags, io, (text) => out.warn(text));
  const { baseUrl, apiKey } = settings;
  try {
    const client = createClient({ baseUrl, apiKey, fetch: io.fetch, clock: io.clock, userAgent: `sparkctl/${VERSION}` });
    return { settings, client };
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** Says what went wrong, for people on standard error and with --json for programs on standard output. */
function end(error: unknown, out: Output, io: Io, command: Command | null, keyNote: string | null): number {
  const { exitCode: ownCode, code, lines, problem } = endingOf(error, keyNote);
  const exitCode = error instanceof Interrupted ? ownCode : ownCode + (command?.exitOffset ?? 0);
  if (out.isJson) {
    const error = { code, message: plain(lines[0] ?? ''), exit_code: exitCode, ...(problem !== null && { problem }) };
    if (command?.takesCommand) {
      io.stderr.write(`${JSON.stringify({ level: 'error', error })}\n`);
      return exitCode;
    }
    out.error(error);
  }
  // Whoever pressed Ctrl-C knows.
  if (!(error instanceof Interrupted && error.signal === 'SIGINT')) out.warn(lines.map(plain).join('\n'));
  if (error instanceof UsageError) io.stderr.write(`Try: sparkctl ${command === null ? 'help' : `${command.name} --help`}\n`);
  return exitCode;
}

function greet(io: Io, text: string): number {
  io.stdout.write(`${text}\n`);
  return EXIT.ok;
}

/** Without a command the overview is the answer to --help, and to everything else the reminder that one is missing. */
function nothingNamed(words: readonly string[], io: Io): number {
  if (words.includes('--help') || words.includes('-h')) return greet(io, overview(COMMANDS));
  io.stderr.write(`${overview(COMMANDS)}\n`);
  return EXIT.usage;
}
