import type { OperationId } from '../ids.ts';
import { cleanPart } from './apply-report.ts';
import { EMPTY_METER } from './byte-rate.ts';
import { isOver, type Operation, type OperationCause, type OperationPart, type Plain } from './operation.ts';
import { overallProgress } from './overall-progress.ts';

/** What may have been told and was not stored before a process ended: ids of a stream never come twice for different states. */
const REVISIONS_PER_PROCESS = 1_000_000;

/** How work ended. `cancelled` has a cause when something went wrong while it was broken off. */
export type Outcome = Readonly<
  | { state: 'succeeded'; result: Readonly<Record<string, Plain>> }
  | { state: 'failed'; cause: OperationCause }
  | { state: 'cancelled'; cause: OperationCause | null }
>;

export type CancelVerdict = 'accepted' | 'again' | 'over' | 'refused';

type Beginning = Pick<Operation, 'kind' | 'subject' | 'cluster' | 'requestedBy' | 'reason' | 'parts' | 'cancellable' | 'simulated'>;

export function beginOperation(id: OperationId, facts: Beginning, now: number): Operation {
  const parts = facts.parts.map(cleanPart);
  return {
    id,
    ...facts,
    parts,
    state: 'running',
    progress: overallProgress(parts, '', EMPTY_METER),
    cancelRequestedAt: null,
    cause: null,
    result: null,
    createdAt: now,
    settledAt: null,
    revision: 1,
  };
}

/** The next state that is told. */
export const nextRevision = (operation: Operation): Operation => ({ ...operation, revision: operation.revision + 1 });

/** An operation of a process that has ended, as the next one goes on with it. */
export function takenUp(operation: Operation): Operation {
  const progress = { ...operation.progress, bytesPerSecond: null, etaSeconds: null };
  return { ...operation, progress, revision: operation.revision + REVISIONS_PER_PROCESS };
}

export function cancelVerdict(operation: Operation): CancelVerdict {
  if (isOver(operation)) return 'over';
  if (operation.cancelRequestedAt !== null) return 'again';
  return operation.cancellable ? 'accepted' : 'refused';
}

export const cancelRequested = (operation: Operation, now: number): Operation => ({ ...operation, cancelRequestedAt: now });

/** Ends it. What was still running or waiting then ends with it, so that no part of a finished operation seems to go on. */
export function settleOperation(operation: Operation, outcome: Outcome, now: number): Operation {
  const { state } = outcome;
  const progress = { ...operation.progress, bytesPerSecond: null, etaSeconds: null };
  return {
    ...operation,
    state,
    parts: operation.parts.map((part) => ({ ...part, status: endOfPart(part.status, state) })),
    progress: state === 'succeeded' ? { ...progress, fraction: 1 } : progress,
    cancellable: false,
    result: state === 'succeeded' ? outcome.result : null,
    cause: state === 'succeeded' ? null : outcome.cause,
    settledAt: Math.max(now, operation.createdAt),
  };
}

function endOfPart(status: OperationPart['status'], state: Outcome['state']): OperationPart['status'] {
  if (status === 'pending') return 'skipped';
  if (status !== 'running') return status;
  return state === 'succeeded' ? 'done' : state === 'failed' ? 'failed' : 'skipped';
}
