import type { SwapId } from '../ids.ts';
import type { ClusterView } from './cluster-view.ts';
import type { SwapRequest } from './core-api.ts';

export type Admission = Readonly<
  | { kind: 'start' }
  | { kind: 'queue' }
  | { kind: 'noop' }
  | { kind: 'busy'; swapId: SwapId }
  | { kind: 'unmanaged'; detail: string }
  | { kind: 'fenced_off'; detail: string }
>;

export type AdmissionInput = Readonly<{
  request: SwapRequest;
  view: ClusterView;
  queue: Readonly<{ active: Readonly<{ id: SwapId }> | null; waiting: readonly Readonly<{ id: SwapId }>[] }>;
}>;

/**
 * What becomes of a swap request. Pure; the order of the checks is the wire contract's: no-op, lock, busy, unmanaged.
 * A state that could not be observed refuses nothing here: the swap then finds out in `validating`.
 */
export function admit({ request, view, queue }: AdmissionInput): Admission {
  const inTheWay = queue.active ?? queue.waiting[0] ?? null;
  if (inTheWay === null && !request.options.forceRestart && isServed(request, view)) return { kind: 'noop' };
  // No lock is ever granted here yet, so whatever id is given is not the live one.
  if (request.lockId !== null) return { kind: 'fenced_off', detail: 'This lock id is not the live lock of the cluster.' };
  if (inTheWay !== null) return request.onBusy === 'queue' ? { kind: 'queue' } : { kind: 'busy', swapId: inTheWay.id };
  if (view.serving.kind === 'unmanaged' && !request.options.replaceUnmanaged) {
    return {
      kind: 'unmanaged',
      detail: `${view.container ?? 'Something that Spark Control did not start'} serves on cluster ${view.cluster}.`,
    };
  }
  return { kind: 'start' };
}

function isServed(request: SwapRequest, view: ClusterView): boolean {
  if (request.model === null) return view.serving.kind === 'nothing' && view.runtime === 'absent';
  return view.serving.kind === 'model' && view.serving.model === request.model && view.isHealthy;
}
