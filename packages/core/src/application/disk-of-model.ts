import type { Model } from '../catalog/model.ts';
import type { HostWeights } from '../ports/weight-store.ts';
import type { Cluster } from '../topology/cluster.ts';
import type { ModelDiskHost } from './storage-api.ts';

/** What a survey of a cluster says of one model. */
export function diskOf({ key, source }: Model, cluster: Cluster, survey: readonly HostWeights[]): readonly ModelDiskHost[] {
  const kind = source.kind === 'repo' ? 'cache' : 'path';
  return survey.map((seen): ModelDiskHost => {
    const base = { host: seen.host, cluster: cluster.key, kind } as const;
    if (!seen.reachable) {
      const nothing = { present: null, path: null, bytes: null, complete: false, downloading: false, freeBytes: null };
      return { ...base, ...nothing, problem: seen.reason };
    }
    const found = seen.stored.find(({ id }) => id === key);
    const { path = null, bytes = null, complete = false, downloading = false } = found ?? {};
    return { ...base, present: found !== undefined, path, bytes, complete, downloading, freeBytes: seen.freeBytes, problem: null };
  });
}
