import { AssertionError } from 'chai';
import { isSparkError, type SparkError } from '../../src/index.ts';

/** The {@link SparkError} with which `promise` rejects; anything else, or nothing, fails the test. */
export async function refusal(promise: Promise<unknown>): Promise<SparkError> {
  try {
    await promise;
  } catch (error) {
    if (isSparkError(error)) return error;
    throw error;
  }
  throw new AssertionError('expected a refusal');
}
