import type { SwapId } from '../ids.ts';
import type { Claim } from '../launch/launch-plan.ts';

/**
 * The fence file of one cluster on its hosts (`~/.spark-control/<cluster>/fence`): the last word on who may act there.
 * Contract: a claim is written on every host under `flock` before `claim` resolves, and is larger than any claim written
 * there before by another controller or another swap. Rejects HOST_UNREACHABLE when one host cannot be written.
 */
export interface HostFence {
  /**
   * Claims `max(minimum, file + 1)`; repeating it with the claim already written returns a claim not smaller.
   * With `held` it only raises our own claim: FENCED_OFF when a host's file holds a claim of another controller or swap.
   */
  claim(swap: SwapId, minimum: number, signal: AbortSignal, held?: Claim): Promise<Claim>;
}
