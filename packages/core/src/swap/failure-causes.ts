import type { ErrorCode } from '../errors.ts';
import { maskSecrets } from '../redact.ts';
import type { FailureSignature } from './failure-signature.ts';
import { AFTERMATH, CONTAINER, LAUNCHER } from './host-failures.ts';
import { type LogRecord, readLogLine } from './log-line.ts';
import { OUT_OF_MEMORY, REFUSED_ARGUMENTS } from './model-failures.ts';
import { plainText } from './plain-text.ts';
import { initialLoadProgress, type LoadProgress, observeLine } from './progress.ts';
import { LOAD_STAGES, type LoadStage } from './progress-marks.ts';
import { BROKEN, ENGINE_DIED, RANKS, WAITING, WEIGHTS } from './run-failures.ts';
import type { Cause } from './swap.ts';

/** What is known without the log. `fallback` and `message` stand when the log says nothing better. */
export type FailureContext = Readonly<{ exitCode: number | null; fallback: ErrorCode; message: string }>;

/** First match wins: what causes other failures stands before them. */
export const FAILURE_SIGNATURES: readonly FailureSignature[] = [
  ...CONTAINER,
  ...LAUNCHER,
  ...REFUSED_ARGUMENTS,
  ...WEIGHTS,
  ...OUT_OF_MEMORY,
  ...BROKEN,
  ...RANKS,
  ...AFTERMATH,
];

/** Failures that a log can explain. Of the others (fenced off, unreachable, cancelled) we know the reason ourselves. */
const EXPLAINED_BY_LOG: readonly ErrorCode[] = [
  'MODEL_CRASHED',
  'LAUNCHER_FAILED',
  'RUNTIME_REJECTED',
  'UPSTREAM_FAILED',
  'UPSTREAM_TIMEOUT',
  'LOAD_TIMEOUT',
  'NO_PROGRESS',
];
const TOO_SLOW: readonly ErrorCode[] = ['LOAD_TIMEOUT', 'NO_PROGRESS', 'UPSTREAM_TIMEOUT'];

const TAIL_LINES = 40;
const LINES_ABOVE = 30;
const TAIL_LINE_LENGTH = 2_000;
const READ_LINES = 2_000;

type Finding = Readonly<{ code: ErrorCode; message: string; hint: string | null; at: number | null }>;

/**
 * Finds out why a swap failed from the last lines of its log, oldest first. The cause carries at most 40 of them, secrets
 * masked, cut out so that the telling line is among them with what stood above it. Never throws.
 */
export function classifyFailure(logTail: readonly string[], context: FailureContext): Cause {
  const lines = logTail.slice(-READ_LINES);
  const { code, message, hint, at } = explain(lines, context);
  return { code, message: maskSecrets(message), hint: hint === null ? null : maskSecrets(hint), logTail: excerpt(lines, at) };
}

function explain(lines: readonly string[], context: FailureContext): Finding {
  const unexplained = { code: context.fallback, message: context.message, hint: null, at: null };
  if (!EXPLAINED_BY_LOG.includes(context.fallback)) return unexplained;
  const records = lines.map(readLogLine);
  const isSlow = TOO_SLOW.includes(context.fallback);
  return (
    bySignature(records.map(telling), FAILURE_SIGNATURES, context) ??
    (isSlow ? byStage(lines, context, IN_CAPTURE) : null) ??
    (isSlow ? bySignature(records.map(messageOf), WAITING, context) : null) ??
    byEngineDeath(records, context) ??
    (isSlow ? byStage(lines, context, LOAD_STAGES) : null) ??
    byExitCode(records, context) ?? { ...unexplained, at: lastException(records) }
  );
}

const messageOf = (record: LogRecord): string => record.message;

/** What may be searched for failures: `''` for chatter, which quotes arguments, paths and prompts of any content. */
function telling({ level, message }: LogRecord): string {
  const isChatter = level === 'INFO' || level === 'DEBUG' || level === 'WARNING';
  return isChatter || /^(?:Executing command|Launching worker|usage: )/.test(message) ? '' : message;
}

function bySignature(texts: readonly string[], signatures: readonly FailureSignature[], context: FailureContext): Finding | null {
  for (const signature of signatures) {
    for (let at = texts.length - 1; at >= 0; at -= 1) {
      const match = signature.pattern.exec(texts[at] ?? '');
      if (match !== null) return findingOf(signature, match, context, at);
    }
  }
  return null;
}

function findingOf(signature: FailureSignature, match: RegExpExecArray, context: FailureContext, at: number): Finding {
  const figures = [...match].map((figure) => figure ?? '');
  return { code: signature.code ?? context.fallback, message: signature.message(figures), hint: signature.hint(figures), at };
}

/** By the first such line, because every layer above the engine repeats it, each with a traceback of its own. */
function byEngineDeath(records: readonly LogRecord[], context: FailureContext): Finding | null {
  const at = records.findIndex((record) => ENGINE_DIED.pattern.test(telling(record)));
  if (at === -1) return null;
  return { code: context.fallback, message: ENGINE_DIED.message([]), hint: ENGINE_DIED.hint([]), at };
}

const STALL_HINTS: Readonly<Record<LoadStage, string>> = {
  dispatch: 'vLLM has not begun: look at the launcher and at Docker on the hosts.',
  engine: 'The ranks may not find each other: check the link between the hosts and the log of the workers.',
  weights: 'Drop the page cache while it loads, and use the default loader in place of fastsafetensors for large models.',
  compile:
    'The first start of a model or image compiles kernels and may take a quarter of an hour: raise the limit, or try --enforce-eager.',
  kv: 'A hang in graph capture looks like this, because Docker keeps the bar back: use driver 580.x, "loginctl enable-linger" for the login user, or --enforce-eager.',
  graphs:
    'Graph capture hangs with driver 590.x (use 580.x), with full graphs on two nodes (try --enforce-eager), and without "loginctl enable-linger".',
  server: 'The engine is up and its HTTP server is not: look at the log tail.',
};

/** Here the ranks wait for each other as well, but the graphs are why. */
const IN_CAPTURE: readonly LoadStage[] = ['kv', 'graphs'];

function byStage(lines: readonly string[], context: FailureContext, stages: readonly LoadStage[]): Finding | null {
  const start: LoadProgress = initialLoadProgress();
  const state = lines.reduce((progress, line) => observeLine(progress, line), start);
  if (state === start || !stages.includes(state.stage)) return null;
  return { code: context.fallback, message: `${context.message} It stood at "${state.label}".`, hint: STALL_HINTS[state.stage], at: null };
}

const KILLED = 137;
const EXIT_CODES: Readonly<Record<number, readonly [message: string, hint: string]>> = {
  125: ['Docker could not start the container.', 'The log tail shows what Docker says.'],
  126: ['The command in the container could not be run.', 'Check that the image holds vLLM for arm64.'],
  127: ['The image holds no such command.', 'Check that the image holds vLLM.'],
  132: ['The image uses an instruction that this processor does not have.', 'Use an image built for arm64 and sm_121 (GB10).'],
  134: ['The model server aborted.', 'The log tail shows the reason.'],
  [KILLED]: [
    'The model server was killed (exit code 137), most often because the memory of the host ran out.',
    'See "dmesg" on the host. Lower --gpu-memory-utilization, or stop other programs there.',
  ],
  139: ['The model server broke with a segmentation fault.', 'Try --enforce-eager, another attention backend or another image.'],
  143: ['The model server was told to stop from outside.', 'Look for a cron job or a person who stopped the container.'],
};

function byExitCode(records: readonly LogRecord[], context: FailureContext): Finding | null {
  const known = context.exitCode === null ? undefined : EXIT_CODES[context.exitCode];
  if (known === undefined) return null;
  // Whoever kills a process leaves no exception behind: an older one has another story to tell.
  const at = context.exitCode === KILLED ? null : lastException(records);
  return { code: context.fallback, message: known[0], hint: known[1], at };
}

function lastException(records: readonly LogRecord[]): number | null {
  const at = records.findLastIndex(({ message }) => /^(?:[A-Za-z_][\w.]{0,100})?(?:Error|Exception)\b/.test(message));
  return at === -1 ? null : at;
}

/** Without a place: the end. With one: 30 lines above it and 9 below, unless the end shows it anyway. */
function excerpt(lines: readonly string[], at: number | null): readonly string[] {
  const end = Math.max(0, lines.length - TAIL_LINES);
  const start = at === null ? end : Math.max(0, Math.min(end, at - LINES_ABOVE));
  return lines.slice(start, start + TAIL_LINES).map(shown);
}

/** Masked before it is cut: half a token would no longer be known as one. */
function shown(line: string): string {
  const text = maskSecrets(plainText(line));
  return text.length > TAIL_LINE_LENGTH ? `${text.slice(0, TAIL_LINE_LENGTH)} [cut]` : text;
}
