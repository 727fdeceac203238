import type { WireSwap } from '@spark-control/schema';
import { Limit } from '../limit.ts';
import type { Call, Connection } from './command.ts';
import { outcomeLines } from './describe.ts';
import { parseSeconds } from './duration.ts';
import { EXIT, exitCodeOfSwap } from './exit-codes.ts';
import { Failure, Interrupted } from './failure.ts';
import { ProgressView } from './progress.ts';

/** A restart of the server takes seconds; one that is gone for longer will be missed by people too. */
const OUTAGE_MS = 5 * 60_000;
const LONGEST_SECONDS = 7 * 86_400;

export type WaitOptions = Readonly<{ signal: AbortSignal; timeoutMs: number | null; maxOutageMs?: number }>;

/** `--timeout` in ms, `null` when not given. @throws {UsageError} */
export const timeoutOf = (text: string | undefined): number | null =>
  text === undefined ? null : parseSeconds(text, '--timeout', 1, LONGEST_SECONDS) * 1_000;

/** Shows a swap until it has settled. @throws {Failure} timed out; the swap goes on then. */
export async function followSwap(
  { io, out }: Pick<Call, 'io' | 'out'>,
  { client }: Pick<Connection, 'client'>,
  id: string,
  { signal, timeoutMs, maxOutageMs = OUTAGE_MS }: WaitOptions,
): Promise<WireSwap> {
  const view = new ProgressView(out);
  const limit = new Limit(io.clock, signal);
  if (timeoutMs !== null) limit.set(timeoutMs);
  try {
    return await client.swaps.settled(id, {
      signal: limit.signal,
      maxOutageMs,
      onOutage: (error) => out.note(`${error.message}; trying again`),
      onEvent: (event) => event.type !== 'log' && view.show(event.data),
    });
  } catch (error) {
    if (limit.isOver) throw new Failure(EXIT.timedOut, 'TIMED_OUT', `the time is over; ${goesOn(id)}`);
    throw error;
  } finally {
    view.end();
    limit.clear();
  }
}

/** Waits for a swap and reports it: the swap on standard output, its outcome as exit code. */
export async function reportSwap(
  call: Pick<Call, 'io' | 'out' | 'signal'>,
  connection: Connection,
  id: string,
  timeoutMs: number | null,
): Promise<number> {
  try {
    const swap = await followSwap(call, connection, id, { signal: call.signal, timeoutMs });
    return reportOutcome(call, swap);
  } catch (error) {
    if (error instanceof Interrupted) call.out.warn(goesOn(id));
    throw error;
  }
}

/** @returns the exit code of a settled swap. */
export function reportOutcome({ out }: Pick<Call, 'out'>, swap: WireSwap): number {
  const exitCode = exitCodeOfSwap(swap);
  const [first = '', ...more] = outcomeLines(swap);
  if (out.isJson) out.result(swap, () => '');
  if (exitCode !== EXIT.ok) out.warn([first, ...more].join('\n'));
  else if (!out.isJson) out.line([first, ...more].join('\n'));
  return exitCode;
}

const goesOn = (id: string): string => `swap ${id} goes on; "sparkctl wait ${id}" follows it, "sparkctl cancel ${id}" cancels it`;
