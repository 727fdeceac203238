import { SparkError } from '@spark-control/core';

export const swapNotFound = (id: string): SparkError =>
  new SparkError('SWAP_NOT_FOUND', `There is no swap "${id.slice(0, 100)}". GET /api/swaps lists them.`);
