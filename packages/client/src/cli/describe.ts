import type { WireLock, WireProblem, WireSwap } from '@spark-control/schema';
import { hasCode, SparkApiError, SparkUnreachableError } from '../errors.ts';
import { LeaseLostError } from '../lease/lease-keeper.ts';
import { formatDuration } from './duration.ts';
import { EXIT, exitCodeOfAnswer } from './exit-codes.ts';
import { Failure } from './failure.ts';
import { plain, time } from './text.ts';

/** How an error ends the program: its exit code, its word for programs and the lines for people. */
export type Ending = Readonly<{ exitCode: number; code: string; lines: readonly string[]; problem: WireProblem | null }>;

export function endingOf(error: unknown, keyNote: string | null = null): Ending {
  const ending = (exitCode: number, code: string, ...lines: readonly string[]): Ending => ({ exitCode, code, lines, problem: null });
  if (error instanceof Failure) return ending(error.exitCode, error.code, error.message);
  if (error instanceof SparkUnreachableError) return ending(EXIT.unreachable, 'UNREACHABLE', error.message);
  if (error instanceof LeaseLostError) return ending(EXIT.leaseLost, 'LEASE_LOST', error.message);
  if (!(error instanceof SparkApiError)) return ending(EXIT.failure, 'UNEXPECTED', error instanceof Error ? error.message : String(error));
  const { status, code, problem } = error;
  const exitCode = exitCodeOfAnswer(status, code, problem !== null);
  const isKeyMissing = exitCode === EXIT.unauthorised && keyNote !== null;
  return { exitCode, code, lines: [...answerLines(error), ...(isKeyMissing ? [keyNote] : [])].map(plain), problem };
}

function answerLines(error: SparkApiError): readonly string[] {
  const { problem } = error;
  if (problem === null) return [error.message];
  if (problem.lock !== undefined) return [lockedLine(problem)];
  // The detail of a single fault says it already, and with faults the remedy only points at them.
  const issues = (problem.issues ?? []).filter(({ message }) => !problem.detail.includes(message.replace(/\.$/, '')));
  const isNew = problem.issues === undefined && !problem.detail.includes(problem.remedy ?? '');
  const remedy = isNew ? [`  -> ${problem.remedy}`] : [];
  return [problem.detail, ...issues.map(({ path, message }) => `  ${path}: ${message}`), ...remedy];
}

/** Who is in the way, why and until when, in one line. `retry_after_seconds` is when to look again, which may be long before the end. */
export function lockedLine({ lock, position }: WireProblem): string {
  const reason = lock?.reason == null ? 'no reason given' : lock.reason;
  const until = lock?.expires_at == null ? 'until its swap ends' : `until ${time(lock.expires_at)}`;
  const place = position === undefined ? '' : `; place ${position} in line`;
  return plain(`locked by ${lock?.holder ?? 'somebody'} (${reason}) ${until}${place}`);
}

export const isHeld = (error: unknown): error is SparkApiError => hasCode(error, 'LOCK_HELD', 'LOCKED');

/** The lock of a cluster in one line, for those who look. */
export function lockLine({ cluster, state, lock, queue }: WireLock): string {
  const waiting = queue.length === 0 ? '' : `; waiting: ${queue.map(({ holder }) => holder).join(', ')}`;
  if (lock === null) return `${cluster}: ${state}${waiting}`;
  const reason = lock.reason === null ? 'no reason given' : lock.reason;
  const left = lock.remaining_seconds === null ? '' : `, ${formatDuration(lock.remaining_seconds)} left`;
  const until = lock.implicit ? 'until its swap ends' : `until ${time(lock.expires_at)}${left}`;
  const how = state === 'draining' ? 'over, but its swap still runs; was held' : lock.implicit ? 'taken for a swap' : 'held';
  return `${cluster}: ${how} by ${lock.holder} (${reason}) ${until}, fence ${lock.fence}${waiting}`;
}

/** What became of a swap, for people. */
export function outcomeLines(swap: WireSwap): readonly string[] {
  const target = swap.model ?? 'nothing';
  if (swap.noop) return [swap.model === null ? `nothing serves on ${swap.cluster} already` : `${target} serves on ${swap.cluster} already`];
  const took =
    swap.settled_at === null ? '' : ` after ${formatDuration((Date.parse(swap.settled_at) - Date.parse(swap.created_at)) / 1_000)}`;
  if (swap.outcome === 'ready')
    return [swap.model === null ? `${swap.cluster} is empty${took}` : `${target} serves on ${swap.cluster}${took}`];
  const now = swap.serving === 'unknown' ? 'what serves now is not known' : `${swap.serving ?? 'nothing'} serves now`;
  const how = { failed: 'failed', rolled_back: 'was rolled back', cancelled: 'was cancelled' }[swap.outcome ?? 'failed'];
  const { cause } = swap;
  return [
    `the swap to ${target} on ${swap.cluster} ${how}${took}; ${now}`,
    ...(cause === null ? [] : [`  ${cause.code}: ${cause.message}`, ...(cause.hint === null ? [] : [`  -> ${cause.hint}`])]),
    ...(cause?.log_tail.slice(-5).map((line) => `  | ${line}`) ?? []),
  ].map(plain);
}
