import { type AppState, serverNow } from '../state.ts';
import type { Cluster, Status } from '../wire.ts';
import { ago, instant } from './format.ts';
import { type Mark, mark } from './mark.ts';

/** A thing that wants attention: one sentence, and what to do about it. */
export type Notice = Readonly<{ key: string; mark: Mark; text: string; hint: string | null }>;

export function notices(state: AppState): readonly Notice[] {
  const { status } = state;
  if (status === null) return [];
  const many = status.clusters.length > 1;
  return [...catalogNotices(status), ...status.clusters.flatMap((cluster) => clusterNotices(cluster, many, serverNow(state)))];
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
    hint: `What runs there is unknown, not assumed to be gone. Asked again every few seconds, last ${ago(instant(cluster.observed_at), now)}.`,
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
