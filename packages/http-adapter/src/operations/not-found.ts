import { SparkError } from '@spark-control/core';

export const operationNotFound = (id: string): SparkError =>
  new SparkError('OPERATION_NOT_FOUND', `There is no operation "${id.slice(0, 100)}". GET /api/operations lists them.`);
