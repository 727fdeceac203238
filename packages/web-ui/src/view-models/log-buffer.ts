import type { LogLine } from '../wire.ts';

/** The newest lines of one swap's log, oldest first. `dropped` were more than the page keeps. */
export type LogBuffer = Readonly<{ lines: readonly LogLine[]; dropped: number }>;

export const LOG_CAP = 2_000;

export const emptyLog: LogBuffer = { lines: [], dropped: 0 };

/** Adds lines in the order of `seq`; what is there already (a stream replays after it was cut) is passed over. */
export function appendLog(buffer: LogBuffer, added: readonly LogLine[]): LogBuffer {
  const newest = buffer.lines.at(-1)?.seq ?? 0;
  const fresh = added.filter((line) => line.seq > newest);
  if (fresh.length === 0) return buffer;
  const all = [...buffer.lines, ...fresh];
  const surplus = Math.max(0, all.length - LOG_CAP);
  return { lines: surplus === 0 ? all : all.slice(surplus), dropped: buffer.dropped + surplus };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: terminal colours start with the escape character
const ESCAPES = /\u001b\[[0-9;?]*[ -/]*[@-~]|\u001b[@-Z\\-_]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters have no business on a page
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f]/g;

/** A line as text: without terminal colours; of a progress bar drawn over itself, the last state. */
export function plainLine(line: string): string {
  const plain = line.replace(ESCAPES, '').trimEnd();
  return plain.slice(plain.lastIndexOf('\r') + 1).replace(CONTROLS, '');
}

export type LineLevel = 'error' | 'warn' | 'info';

export function levelOf(line: string): LineLevel {
  if (/\b(ERROR|CRITICAL|FATAL|Traceback|[A-Za-z]*Error:)/.test(line)) return 'error';
  return /\bWARN(ING)?\b/.test(line) ? 'warn' : 'info';
}

/** A test for lines: `/text/` is a regular expression, anything else is looked for as it is, in any case. An unfinished expression is plain text. */
export function lineFilter(text: string): (line: string) => boolean {
  const wanted = text.trim();
  if (wanted === '') return () => true;
  const body = /^\/(.+)\/$/.exec(wanted)?.[1];
  const expression = body === undefined ? null : compile(body);
  if (expression !== null) return (line) => expression.test(line);
  const lower = wanted.toLowerCase();
  return (line) => line.toLowerCase().includes(lower);
}

function compile(body: string): RegExp | null {
  try {
    return new RegExp(body, 'i');
  } catch {
    return null;
  }
}

/** The log as a text file. */
export const logText = (lines: readonly LogLine[]): string =>
  lines.map(({ at, host, line }) => `${at} ${host} ${plainLine(line)}\n`).join('');
