import type { SparkCore } from '@spark-control/core';

const DEFAULT_CLUSTER = 'default';

/** Which cluster is meant where none is named: the only one, or of several the one called `default`. */
export function defaultClusterOf({ clusters }: Pick<SparkCore, 'clusters'>): string {
  const [only, second] = clusters;
  return only !== undefined && second === undefined ? only.key : DEFAULT_CLUSTER;
}
