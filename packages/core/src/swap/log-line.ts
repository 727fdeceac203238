import { plainText } from './plain-text.ts';

export type LogLevel = 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR' | 'CRITICAL';

/**
 * A log line taken apart. `process` names the rank that wrote it, `''` when the line does not say; `level` is `null` for
 * output that is no log record (launcher, traceback, bar).
 */
export type LogRecord = Readonly<{ process: string; level: LogLevel | null; message: string }>;

// Every quantifier below is bounded: a hostile line costs the same as a long one.
const DOCKER_TIME = /^\d{4}-\d\d-\d\dT[\d:.]{5,30}(?:Z|[+-]\d\d:\d\d) /;
const PREFIX = /^ {0,8}\(([A-Za-z][^()]{0,120})\) {0,4}/;
const PID = /\bpid=\d{1,10}/;
const RECORD = /^(DEBUG|INFO|WARNING|ERROR|CRITICAL) {1,4}\d\d-\d\d \d\d:\d\d:\d\d(?:[.,]\d{1,9})? (?:\[[^\]]{1,200}\] {0,4})?/;
const UVICORN = /^(DEBUG|INFO|WARNING|ERROR|CRITICAL): {1,10}/;

/** Nothing that is looked for begins this far into a line. */
const LOOKED_AT = 4_096;
/** vLLM nests at most the API server's or engine's prefix around a worker's. */
const MAX_PREFIXES = 3;

/** The `(Worker_TP0 pid=7) ` in front of a line, or `''`. */
export function processPrefix(line: string): string {
  const match = PREFIX.exec(line);
  return match !== null && PID.test(match[1] ?? '') ? match[0] : '';
}

/** Drops what differs from version to version (time, file, line number, process) and keeps the message. Never throws. */
export function readLogLine(line: string): LogRecord {
  let text = plainText(line.slice(0, LOOKED_AT)).replace(DOCKER_TIME, '');
  let process = '';
  for (let depth = 0; depth < MAX_PREFIXES; depth += 1) {
    const prefix = processPrefix(text);
    if (prefix === '') break;
    process = rankOf(prefix);
    text = text.slice(prefix.length);
  }
  const record = RECORD.exec(text) ?? UVICORN.exec(text);
  if (record === null) return { process, level: null, message: text };
  return { process, level: record[1] as LogLevel, message: text.slice(record[0].length) };
}

/** A restarted worker has a new pid but the same rank; only Ray's workers are told apart by nothing else. */
function rankOf(prefix: string): string {
  const name = prefix.trim().slice(1, -1);
  return name.startsWith('Ray') ? name : name.replace(PID, '').trim();
}
