import type { Serving } from '../swap/swap.ts';
import type { ClusterView } from './cluster-view.ts';
import type { SparkCore } from './core-api.ts';

/** The last swap to end is not always the youngest. */
const LOOKED_AT = 20;

/**
 * What a cluster serves, for whoever decides something by it. A swap that ended after the last look at the hosts knows better than
 * that look, which may be seconds old.
 */
export async function servingNow(
  core: Pick<SparkCore, 'swaps'>,
  { cluster, serving, observedAt }: Pick<ClusterView, 'cluster' | 'serving' | 'observedAt'>,
): Promise<Serving> {
  const swaps = await core.swaps({ cluster, settled: true, limit: LOOKED_AT });
  const last = swaps.toSorted((a, b) => (b.settledAt ?? 0) - (a.settledAt ?? 0))[0];
  const isNewer = last?.serving != null && (last.settledAt ?? 0) >= (observedAt ?? 0);
  return isNewer ? last.serving : serving;
}
