import type { ClusterView } from '../application/cluster-view.ts';
import { sameServing } from '../application/observe.ts';
import { isSettled, type Swap } from '../swap/swap.ts';
import type { Notice, ServedEndpoint } from './notice.ts';

/**
 * What is told when a swap goes from `before` to `after` (`null`: it is new). `swap_started` comes when its turn comes, not while it
 * waits; the end comes once, also of a swap that was cancelled in the queue. `endpoint` is that of what serves now.
 */
export function swapNotices(before: Swap | null, after: Swap, endpoint: ServedEndpoint | null): readonly Notice[] {
  const { cluster } = after;
  if (isSettled(after)) {
    if ((before !== null && isSettled(before)) || after.noop) return [];
    const type = after.phase === 'ready' ? 'swap_complete' : 'swap_failed';
    return [{ type, at: after.settledAt ?? after.phaseStartedAt, cluster, swap: after, endpoint }];
  }
  const hasWaited = before === null || before.phase === 'queued';
  if (!hasWaited || after.phase === 'queued') return [];
  return [{ type: 'swap_started', at: after.phaseStartedAt, cluster, swap: after, endpoint }];
}

/**
 * What is told when a cluster that looked like `before` (see {@link baselineOf}) looks like `after`. Nothing is told while a swap
 * runs, since the swap's own notices do, nor of what could not be seen: an unreachable host is no change of model.
 */
export function modelNotices(before: ClusterView | null, after: ClusterView, endpoint: ServedEndpoint | null): readonly Notice[] {
  if (before === null || after.observedAt === null || !isTelling(after)) return [];
  const told = { at: after.observedAt, cluster: after.cluster, view: after, endpoint };
  const notices: Notice[] = [];
  if (hasFallenIll(before, after)) notices.push({ type: 'model_unhealthy', ...told });
  if (!sameServing(before.serving, after.serving)) notices.push({ type: 'model_changed', ...told });
  return notices;
}

/**
 * The view that the next one is to be compared with. One that tells nothing leaves the last that did, so that A, unknown, B is a
 * change from A to B. While a swap runs the old model is unhealthy on purpose, and its end is no news.
 */
export function baselineOf(before: ClusterView | null, after: ClusterView): ClusterView | null {
  if (isTelling(after)) return after;
  return before !== null && after.activeSwap !== null ? { ...before, isHealthy: false } : before;
}

const isTelling = (view: ClusterView): boolean => view.observedAt !== null && view.activeSwap === null && view.serving.kind !== 'unknown';

/**
 * Another model in its place is a change and no illness; nor is it one to be gone because a swap took it away: what was asked for
 * is no drift. (The view right after a swap may be older than its end, so that the swap itself does not show there any more.)
 */
function hasFallenIll(before: ClusterView, after: ClusterView): boolean {
  if (before.serving.kind !== 'model' || !before.isHealthy || after.isHealthy) return false;
  return sameServing(before.serving, after.serving) || (after.serving.kind === 'nothing' && after.drift !== null);
}
