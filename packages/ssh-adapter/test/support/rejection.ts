import { isSparkError, type SparkError } from '@spark-control/core';
import { expect } from 'chai';

/** The SparkError that a promise rejects with; fails when it resolves or rejects with anything else. */
export async function rejection(promise: Promise<unknown>): Promise<SparkError> {
  try {
    await promise;
  } catch (error) {
    if (isSparkError(error)) return error;
    throw error;
  }
  return expect.fail('it was expected to be refused');
}
