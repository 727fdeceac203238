import type { ClusterKey } from '@spark-control/core';

/**
 * A container that a swap set aside bears what it was called, for which cluster, and under which fence, in its name: that
 * survives a crash of ours and is plain to a person who reads `docker ps -a`.
 */
export const parkedName = (original: string, cluster: ClusterKey, fence: number): string => `${original}${parkedMark(cluster)}${fence}`;

export const parkedMark = (cluster: ClusterKey): string => `.parked-by-${cluster}.`;

export function parseParkedName(name: string, cluster: ClusterKey): Readonly<{ original: string; fence: number }> | null {
  const at = name.lastIndexOf(parkedMark(cluster));
  const fence = name.slice(at + parkedMark(cluster).length);
  return at > 0 && /^\d{1,15}$/.test(fence) ? { original: name.slice(0, at), fence: Number(fence) } : null;
}
