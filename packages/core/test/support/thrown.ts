import { AssertionError } from 'chai';
import { isSparkError, type SparkError } from '../../src/index.ts';

/** The {@link SparkError} that `action` throws; anything else, or nothing, fails the test. */
export function thrown(action: () => unknown): SparkError {
  try {
    action();
  } catch (error) {
    if (isSparkError(error)) return error;
    throw error;
  }
  throw new AssertionError('expected a SparkError, and nothing was thrown');
}
