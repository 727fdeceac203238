import type { SwapId } from '../ids.ts';
import type { LaunchPlan } from '../launch/launch-plan.ts';
import { createSwap, type NewSwap, noopSwap } from '../swap/create-swap.ts';
import type { Cause, Swap } from '../swap/swap.ts';
import type { Cluster } from '../topology/cluster.ts';
import { type Admission, admit } from './admission.ts';
import { busySeconds } from './busy-seconds.ts';
import type { ClusterWatch } from './cluster-watch.ts';
import type { SwapDecision, SwapRequest } from './core-api.ts';
import type { CoreDeps } from './core-deps.ts';
import { KeptMap } from './kept-map.ts';
import { type LockKeeper, retryAfterSeconds } from './lock-keeper.ts';
import { type SwapQueue, supersededBy } from './queue.ts';

/** Of a cluster so many swaps that had nothing to do are known by their id. */
const KEPT_NOOPS = 20;

type IntakeOptions = Readonly<{
  cluster: Cluster;
  deps: CoreDeps;
  queue: SwapQueue;
  keeper: LockKeeper;
  watch: ClusterWatch;
  /** Journals a swap that is new. */
  begin: (swap: Swap) => Promise<void>;
  drop: (swap: Swap, cause: Cause) => Promise<Swap>;
  /** Lets whoever is next have the GPU; gives the swap that began, if one did. */
  moveOn: () => Promise<Swap | null>;
}>;

/** Takes swap requests in: looks, judges, journals, and lets them run or wait. */
export class SwapIntake {
  readonly #options: IntakeOptions;
  readonly #noops = new KeptMap<SwapId, Swap>(KEPT_NOOPS);

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** A request that had nothing to do; it is not in the journal. */
  noop(id: SwapId): Swap | null {
    return this.#noops.get(id) ?? null;
  }

  /** Looks at an idle cluster, and tells whether it did. Outside the serial section: nobody loses a lock because a host hangs. */
  async look(): Promise<boolean> {
    const { queue, watch } = this.#options;
    if (queue.isBusy) return false;
    await watch.lookAgain();
    return true;
  }

  /**
   * Called inside the arbiter's serial section. `plan` is asked only when the swap is taken on: what stands against it comes after
   * no-op, lock and busy.
   */
  async take(request: SwapRequest, hasLooked: boolean, plan: () => LaunchPlan | null): Promise<SwapDecision> {
    const { queue, keeper, watch, deps } = this.#options;
    await keeper.sweep();
    // What was seen before the last swap settled says nothing any more.
    if (!queue.isBusy && (!hasLooked || watch.isBehind)) await watch.lookAgain();
    const standing = keeper.standing(request.lockId);
    const admission = admit({ request, view: watch.view, queue, standing });
    switch (admission.kind) {
      case 'start':
      case 'queue':
        return this.#admit(request, plan(), admission);
      case 'noop':
        return this.#noop(request);
      case 'busy':
        return { kind: 'busy', swapId: admission.swapId, retryAfterSeconds: await busySeconds(queue.active, deps.journal) };
      case 'locked':
        return { ...admission, retryAfterSeconds: retryAfterSeconds(admission.lock) };
      case 'unmanaged':
      case 'lock_expired':
      case 'fenced_off':
        return admission;
      default:
        return admission satisfies never;
    }
  }

  async #admit(
    asked: SwapRequest,
    plan: LaunchPlan | null,
    { kind, lease }: Extract<Admission, { kind: 'start' | 'queue' }>,
  ): Promise<SwapDecision> {
    const { queue, begin } = this.#options;
    // Who proves a lock acts in the name of its holder.
    const request = lease === null ? asked : { ...asked, requestedBy: lease.holder };
    const swap = createSwap(this.#newSwap(request, plan, lease?.fence ?? null));
    const replaced = kind === 'queue' ? queue.superseded(request.requestedBy) : null;
    if (kind === 'queue' && replaced === null) queue.assertRoom();
    await begin(swap);
    queue.put(swap);
    const started = await this.#makeWay(swap, replaced);
    if (started?.id === swap.id) return { kind: 'started', swap: started };
    const position = queue.waiting.findIndex((waiting) => waiting.id === swap.id) + 1;
    return { kind: 'queued', swap, position };
  }

  /** The swap is in the journal and will run: a store that fails now must not turn the answer into a refusal. */
  async #makeWay(swap: Swap, replaced: Swap | null): Promise<Swap | null> {
    const { drop, moveOn, deps } = this.#options;
    try {
      if (replaced !== null) await drop(replaced, supersededBy(swap.id));
      return await moveOn();
    } catch (error) {
      deps.logger.error('a swap that was taken on could not be started yet', { swap: swap.id, error });
      return null;
    }
  }

  #noop(request: SwapRequest): SwapDecision {
    const swap = noopSwap(this.#newSwap(request, null, null), this.#options.watch.view.serving);
    this.#noops.set(swap.id, swap);
    return { kind: 'noop', swap };
  }

  #newSwap(request: SwapRequest, plan: LaunchPlan | null, lease: number | null): NewSwap {
    const { requestedBy, reason, options, model: target } = request;
    const { deps, cluster } = this.#options;
    const id = deps.ids.next('swp') as SwapId;
    const { isSimulated: simulated, clock } = deps;
    return { id, cluster: cluster.key, target, plan, requestedBy, reason, options, lease, simulated, now: clock.now() };
  }
}
