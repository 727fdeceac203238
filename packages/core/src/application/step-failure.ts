import { SparkError } from '../errors.ts';
import type { HostTask } from './maintenance-input.ts';

/** An error with the host and the step that it came from, and the last lines of what ran there. */
export function stepFailure({ name, host }: HostTask, step: string, error: SparkError, tail: readonly string[]): SparkError {
  const lines = tail.length === 0 ? '' : ` Its last lines: ${tail.join(' | ')}`;
  return new SparkError(error.code, `${name}, ${step}: ${error.message}${lines}`, { cause: error, details: { ...error.details, host } });
}
