import { invalidRequest } from '../routing/validator.ts';

type ReleaseQuery = Readonly<{ force?: 'true' | 'false'; reason?: string }>;

/** The reason for which a lock is to be broken, `null` for a plain release. @throws {SparkError} INVALID_REQUEST */
export function breakReasonOf({ force, reason }: ReleaseQuery): string | null {
  if (force === 'true') {
    if (reason !== undefined) return reason;
    throw invalidRequest([{ path: '/query/reason', code: 'required', message: 'is required with force=true: its holder will read it' }]);
  }
  if (reason === undefined) return null;
  throw invalidRequest([{ path: '/query/reason', code: 'unknown_field', message: 'belongs to force=true: a release has no reason' }]);
}
