import { type AppState, recentSwaps, serverNow } from '../state.ts';
import type { Cluster, Status } from '../wire.ts';
import { ago, instant } from './format.ts';
import { type Mark, mark } from './mark.ts';
import { announcement } from './swap.ts';

/** A thing that wants attention: one sentence, and what to do about it. */
export type Notice = Readonly<{ key: string; mark: Mark; text: string; hint: string | null }>;

export function notices(state: AppState): readonly Notice[] {
  const { status } = state;
  if (status === null) return [];
  const many = status.clusters.length > 1;
  return [
    ...catalogNotices(status),
    ...status.clusters.flatMap((cluster) => [...clusterNotices(cluster, many, serverNow(state)), ...failureNotices(state, cluster, many)]),
  ];
}

function catalogNotices({ catalog }: Status): readonly Notice[] {
  if (catalog.fault === null) return [];
  const hint = 'The last good catalog is in use. Correct the file; it is read again by itself.';
  return [{ key: 'catalog', mark: mark('warn', 'catalog'), text: catalog.fault, hint }];
}

function clusterNotices(cluster: Cluster, many: boolean, now: number): readonly Notice[] {
  const where = many ? `${cluster.name}: ` : '';
  const out: Notice[] = cluster.unreachable.map(({ host, reason }) => ({
    key: `unreachable/${cluster.key}/${host}`,
    mark: mark('unknown', 'unknown'),
    text: `${where}${host} cannot be asked: ${reason}`,
    hint: `What runs there is unknown, not assumed to be gone. Last asked: ${ago(instant(cluster.observed_at), now)}.`,
  }));
  if (cluster.drift !== null) {
    out.push({
      key: `drift/${cluster.key}`,
      mark: mark('warn', 'drift'),
      text: `${where}${cluster.drift}`,
      hint: 'Nothing was changed in answer. The next swap starts from what is really there.',
    });
  }
  if (cluster.serving === 'unmanaged') {
    out.push({
      key: `unmanaged/${cluster.key}`,
      mark: mark('warn', 'unmanaged'),
      text: `${where}${cluster.container ?? 'A model server'} was not started by Spark Control.`,
      hint: 'A swap leaves it alone unless you allow it to be replaced; then it is kept aside until the new model is ready.',
    });
  }
  return out;
}

/** A cluster that stands empty because the last swap failed is not well, although nothing is wrong with its hosts. */
function failureNotices(state: AppState, cluster: Cluster, many: boolean): readonly Notice[] {
  const [last] = recentSwaps(state, cluster.key);
  if (last?.outcome !== 'failed' || cluster.serving !== null || cluster.active_swap !== null) return [];
  const where = many ? `${cluster.name}: ` : '';
  const text = `${where}${announcement(last)}`;
  return [{ key: `failed/${cluster.key}`, mark: mark('bad', 'failed'), text, hint: last.cause?.message ?? null }];
}
