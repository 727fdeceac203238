import type { WireOperation } from '@spark-control/schema';
import { Limit } from '../limit.ts';
import type { Call, Connection, Options } from './command.ts';
import { formatDuration } from './duration.ts';
import { EXIT, exitCodeOfCause } from './exit-codes.ts';
import { Failure, Interrupted, UsageError } from './failure.ts';
import { timeoutOf } from './follow-swap.ts';
import { ProgressView } from './progress.ts';
import { plain } from './text.ts';

const OUTAGE_MS = 5 * 60_000;

/** Options of every command that begins long work. */
export const WORK_OPTIONS = {
  'no-wait': { type: 'boolean', help: 'only begin it, and say how to follow it' },
  timeout: { type: 'string', value: 'DURATION', help: 'stay for this long; the work itself goes on' },
} as const satisfies Options;

type Followed = Pick<Call, 'io' | 'out' | 'signal'>;
type WorkCall = Followed & Readonly<{ values: Readonly<{ 'no-wait': boolean; timeout: string | undefined }> }>;

/** Begins work and, unless told otherwise, stays until it is over. @returns the exit code. */
export async function runOperation(
  call: WorkCall,
  connection: Connection,
  begin: (connection: Connection) => Promise<WireOperation>,
): Promise<number> {
  const { values, out } = call;
  if (values.timeout !== undefined && values['no-wait']) throw new UsageError('--timeout does not go with --no-wait');
  const timeoutMs = timeoutOf(values.timeout);
  const begun = await begin(connection);
  if (begun.settled) return reportOperation(call, begun);
  if (values['no-wait']) {
    out.result(begun, ({ id, kind, subject }) => `${titleOf(kind, subject)} has begun as ${id}; "sparkctl op follow ${id}" follows it`);
    return EXIT.ok;
  }
  out.note(`${titleOf(begun.kind, begun.subject)} has begun as ${begun.id}`);
  return followOperation(call, connection, begun.id, timeoutMs);
}

/** Shows an operation until it is over and reports it. Ctrl-C ends the showing and not the work. @returns the exit code. */
export async function followOperation(
  call: Followed,
  { client }: Pick<Connection, 'client'>,
  id: string,
  timeoutMs: number | null,
  onLine?: (line: Readonly<{ host: string | null; line: string }>) => void,
): Promise<number> {
  const { io, out, signal } = call;
  const view = new ProgressView(out);
  const limit = new Limit(io.clock, signal);
  if (timeoutMs !== null) limit.set(timeoutMs);
  try {
    const settled = await client.operations.settled(id, {
      signal: limit.signal,
      maxOutageMs: OUTAGE_MS,
      onOutage: (error) => out.note(`${error.message}; trying again`),
      onEvent: (event) => (event.type === 'log' ? onLine?.(event.data) : view.showOperation(event.data)),
    });
    view.end();
    return reportOperation(call, settled);
  } catch (error) {
    view.end();
    if (limit.isOver) throw new Failure(EXIT.timedOut, 'TIMED_OUT', `the time is over; ${goesOn(id)}`);
    if (error instanceof Interrupted) out.warn(goesOn(id));
    throw error;
  } finally {
    limit.clear();
  }
}

/** @returns the exit code of an operation that is over. */
export function reportOperation({ out }: Pick<Call, 'out'>, operation: WireOperation): number {
  const exitCode = exitCodeOfOperation(operation);
  const text = operationLines(operation).join('\n');
  if (out.isJson) out.result(operation, () => '');
  if (exitCode !== EXIT.ok) out.warn(text);
  else if (!out.isJson) out.line(text);
  return exitCode;
}

function exitCodeOfOperation({ state, cause }: WireOperation): number {
  if (state === 'succeeded') return EXIT.ok;
  return exitCodeOfCause(cause?.code) ?? (state === 'cancelled' ? EXIT.cancelled : EXIT.failure);
}

/** What became of it, for people. */
export function operationLines(operation: WireOperation): readonly string[] {
  const { kind, subject, state, cause, parts, created_at, settled_at, simulated } = operation;
  const took = settled_at === null ? '' : ` after ${formatDuration((Date.parse(settled_at) - Date.parse(created_at)) / 1_000)}`;
  const how = { running: 'is running', succeeded: 'is done', failed: 'failed', cancelled: 'was cancelled' }[state] ?? state;
  return [
    `${titleOf(kind, subject)} ${how}${took}${simulated ? ' (simulated)' : ''}`,
    ...parts.filter(({ note }) => note !== null).map(({ label, note }) => `  ${label}: ${note}`),
    ...(cause === null ? [] : [`  ${cause.code}: ${cause.message}`, ...(cause.hint === null ? [] : [`  -> ${cause.hint}`])]),
  ].map(plain);
}

export const titleOf = (kind: string, subject: string): string => plain(`${kind.replaceAll('_', ' ')} of ${subject}`);

const goesOn = (id: string): string => `the work goes on; "sparkctl op follow ${id}" follows it, "sparkctl op cancel ${id}" cancels it`;
