import { SparkError } from '../errors.ts';

/** A program that registers in a loop must not fill the disk, nor the time of everybody who reads what it registered. */
export function refuseTooMany(count: number, most: number, what: string): void {
  if (count < most) return;
  const message = `There are ${count} ${what} already, and ${most} are the most that are kept: remove some that nobody needs.`;
  throw new SparkError('INVALID_REQUEST', message, { details: { issues: [{ path: '', code: 'too_many', message }] } });
}
