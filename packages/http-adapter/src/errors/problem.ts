import { ERROR_CATALOG, type ErrorCode, isSparkError, type LockFacts, SparkError } from '@spark-control/core';
import type { WireProblem } from '@spark-control/schema';
import { nullableTimestamp } from '../wire-time.ts';
import { STATUS_BY_CODE } from './status.ts';

/** Answers that say "later" always say when; this is for those whose origin does not know. */
const DEFAULT_RETRY_SECONDS: Partial<Record<ErrorCode, number>> = {
  RATE_LIMITED: 5,
  QUEUE_FULL: 5,
  STORE_UNAVAILABLE: 5,
  SWAP_IN_PROGRESS: 5,
  OPERATION_IN_PROGRESS: 5,
  LOCKED: 5,
  LOCK_HELD: 5,
};

const MAX_DETAIL_LENGTH = 2_000;

/** A stable name of the kind of problem; it is not meant to be fetched. */
export const problemType = (code: ErrorCode): string => `urn:spark-control:problem:${code.toLowerCase().replaceAll('_', '-')}`;

/** True for what nobody foresaw: its text may say anything, so the client gets the request id and the log gets the rest. */
export const isDefect = (error: unknown): boolean => !isSparkError(error) || STATUS_BY_CODE[error.code] === 500;

/** The RFC 9457 document of an error. Only the listed details leave the process. */
export function problemOf(error: unknown, requestId: string): WireProblem {
  const known = isSparkError(error) && !isDefect(error) ? error : internal(error);
  const { code, message, details } = known;
  const retryAfterSeconds = details.retryAfterSeconds ?? DEFAULT_RETRY_SECONDS[code];
  return {
    type: problemType(code),
    title: ERROR_CATALOG[code].title,
    status: STATUS_BY_CODE[code],
    detail: message.length > MAX_DETAIL_LENGTH ? `${message.slice(0, MAX_DETAIL_LENGTH)}…` : message,
    code,
    request_id: requestId,
    remedy: ERROR_CATALOG[code].remedy,
    ...(details.issues && {
      issues: details.issues.map(({ path, code: kind, message: text, line }) => ({
        path,
        code: kind,
        message: text,
        ...(line !== undefined && { line }),
      })),
    }),
    ...(details.swapId !== undefined && { swap_id: details.swapId }),
    ...(details.operationId !== undefined && { operation_id: details.operationId }),
    ...(details.lock !== undefined && { lock: lockInTheWay(details.lock) }),
    ...(details.position !== undefined && { position: details.position }),
    ...(details.ticket !== undefined && { ticket: details.ticket }),
    ...(retryAfterSeconds !== undefined && { retry_after_seconds: retryAfterSeconds }),
  };
}

const lockInTheWay = ({ holder, reason, expiresAt }: LockFacts): NonNullable<WireProblem['lock']> => ({
  holder,
  reason,
  expires_at: nullableTimestamp(expiresAt),
});

function internal(error: unknown): SparkError {
  const code = isSparkError(error) && error.code === 'ILLEGAL_TRANSITION' ? error.code : 'INTERNAL';
  return new SparkError(code, 'Something went wrong that should not have; the log has the details under this request id.');
}
