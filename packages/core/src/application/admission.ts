import type { SwapId } from '../ids.ts';
import type { Lease, LockFacts } from '../lock/lease.ts';
import type { Standing } from '../lock/standing.ts';
import type { ClusterView } from './cluster-view.ts';
import type { SwapRequest } from './core-api.ts';

export type Admission = Readonly<
  | { kind: 'start'; lease: Lease | null }
  | { kind: 'queue'; lease: Lease | null }
  | { kind: 'noop' }
  | { kind: 'locked'; lock: LockFacts }
  | { kind: 'lock_expired'; detail: string }
  | { kind: 'fenced_off'; detail: string }
  | { kind: 'busy'; swapId: SwapId }
  | { kind: 'unmanaged'; detail: string }
>;

export type AdmissionInput = Readonly<{
  request: SwapRequest;
  view: ClusterView;
  queue: Readonly<{ active: Queued | null; waiting: readonly Queued[] }>;
  /** What the request's lock id, or none, is worth now. */
  standing: Standing;
}>;

type Queued = Readonly<{ id: SwapId; lease: number | null }>;

/**
 * What becomes of a swap request. Pure; the order of the checks is the wire contract's: no-op, lock, busy, unmanaged.
 * A state that could not be observed refuses nothing here: the swap then finds out in `validating`.
 */
export function admit(input: AdmissionInput): Admission {
  const { request, view, standing } = input;
  const ahead = inTheWay(input);
  if (ahead === null && !request.options.forceRestart && isServed(request, view)) return { kind: 'noop' };
  switch (standing.kind) {
    case 'expired':
      return { kind: 'lock_expired', detail: standing.detail };
    case 'fenced_off':
      return { kind: 'fenced_off', detail: standing.detail };
    case 'locked':
      return request.onBusy === 'queue' ? { kind: 'queue', lease: null } : { kind: 'locked', lock: standing.lock };
    case 'open':
    case 'ours':
      break;
    default:
      return standing satisfies never;
  }
  const lease = standing.kind === 'ours' ? standing.lease : null;
  if (ahead !== null) return request.onBusy === 'queue' ? { kind: 'queue', lease } : { kind: 'busy', swapId: ahead.id };
  if (view.serving.kind === 'unmanaged' && !request.options.replaceUnmanaged) {
    return {
      kind: 'unmanaged',
      detail: `${view.container ?? 'Something that Spark Control did not start'} serves on cluster ${view.cluster}.`,
    };
  }
  return { kind: 'start', lease };
}

/** The swap that runs, or one that is to run before. Who has the lock passes by those who wait for it. */
function inTheWay({ queue, standing }: AdmissionInput): Queued | null {
  if (queue.active !== null) return queue.active;
  if (standing.kind !== 'ours') return queue.waiting[0] ?? null;
  return queue.waiting.find((swap) => swap.lease === standing.lease.fence) ?? null;
}

function isServed(request: SwapRequest, view: ClusterView): boolean {
  if (request.model === null) return view.serving.kind === 'nothing' && view.runtime === 'absent';
  return view.serving.kind === 'model' && view.serving.model === request.model && view.isHealthy;
}
