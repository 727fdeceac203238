import { SparkError } from '@spark-control/core';
import { invalidRequest } from '../routing/validator.ts';

export const LOCK_HEADER = 'X-Swap-Lock';

/** The lock id of a body or of the header; `null` when neither has one. @throws {SparkError} INVALID_REQUEST when they contradict each other. */
export function givenLockId(ofBody: string | null | undefined, ofHeader: string | undefined): string | null {
  if (ofBody != null && ofHeader !== undefined && ofHeader !== ofBody) {
    throw invalidRequest([{ path: '/lock_id', code: 'contradiction', message: `differs from the header ${LOCK_HEADER}` }]);
  }
  return ofBody ?? ofHeader ?? null;
}

/** The same where there has to be one; a blank one is most likely a variable that was never set. @throws {SparkError} also LOCK_ID_REQUIRED. */
export function requiredLockId(ofBody: string | null | undefined, ofHeader: string | undefined): string {
  const given = givenLockId(ofBody, ofHeader);
  if (given !== null && given.trim() !== '') return given;
  throw new SparkError(
    'LOCK_ID_REQUIRED',
    `Send the lock id that came with the grant, as header ${LOCK_HEADER} or as lock_id in the body.`,
  );
}
