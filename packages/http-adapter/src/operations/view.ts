import type { Operation, OperationLogLine, OperationPart } from '@spark-control/core';
import type { WireOperation, WireOperationLogEvent, WireOperationPart } from '@spark-control/schema';
import { nullableTimestamp, secondsOf, timestamp } from '../wire-time.ts';

/** `at`: ms since the epoch for which the elapsed time counts. */
export function operationView(operation: Operation, at: number): WireOperation {
  const { id, kind, subject, cluster, state, reason, cause, result, progress } = operation;
  return {
    id,
    kind,
    subject,
    cluster,
    requested_by: operation.requestedBy,
    reason,
    state,
    settled: state !== 'running',
    progress: {
      fraction: progress.fraction,
      label: progress.label,
      done_bytes: progress.doneBytes,
      total_bytes: progress.totalBytes,
      bytes_per_second: progress.bytesPerSecond,
      elapsed_seconds: secondsOf((operation.settledAt ?? at) - operation.createdAt),
      eta_seconds: progress.etaSeconds,
    },
    parts: operation.parts.map(partView),
    cancellable: operation.cancellable,
    cancel_requested_at: nullableTimestamp(operation.cancelRequestedAt),
    cause: cause && { code: cause.code, message: cause.message, hint: cause.hint },
    result: result && { ...result },
    simulated: operation.simulated,
    created_at: timestamp(operation.createdAt),
    settled_at: nullableTimestamp(operation.settledAt),
  };
}

const partView = ({ key, host, label, status, doneBytes, totalBytes, fraction, note }: OperationPart): WireOperationPart => ({
  key,
  host,
  label,
  status,
  done_bytes: doneBytes,
  total_bytes: totalBytes,
  fraction,
  note,
});

export const operationLogView = ({ seq, host, at, line }: OperationLogLine): WireOperationLogEvent => ({
  seq,
  host,
  at: timestamp(at),
  line,
});
