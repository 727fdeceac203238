import type { SwapId } from '../ids.ts';
import type { Claim } from '../launch/launch-plan.ts';

/** What the fence file of one host, by its name, says. `claim: null`: nobody has claimed the cluster there yet. */
export type FenceSight = Readonly<{ host: string; claim: Readonly<Pick<Claim, 'fence' | 'controller' | 'swap'>> | null }>;

/** The fence files of all hosts, in the cluster's order, as they were at one look: the ground that a claim is made on. */
export type FenceMark = Readonly<{ seen: readonly FenceSight[] }>;

/**
 * The fence file of one cluster on its hosts (`~/.spark-control/<cluster>/fence`): the last word on who may act there.
 * Contract: a claim is written on every host under `flock` before `claim` resolves, and is larger than any claim written
 * there before by another controller or another swap. Rejects HOST_UNREACHABLE when one host cannot be written.
 */
export interface HostFence {
  /** Reads all files. Rejects HOST_UNREACHABLE when one host cannot be asked. */
  look(signal: AbortSignal): Promise<FenceMark>;

  /**
   * Claims `max(minimum, file + 1)`; repeating it with the claim already written returns a claim not smaller.
   * With a claim of ours as `basis` it only raises that: FENCED_OFF when a host's file holds a claim of another controller or swap.
   * With a mark it claims only what stands as it was seen then: FENCED_OFF, with `holder` (swap id) in the details, when somebody
   * has claimed since. So whoever was asleep between looking and claiming does not take over what it never saw. Of several who
   * claim on the same mark exactly one gets it, and a claim that arrives late never overtakes a newer one.
   */
  claim(swap: SwapId, minimum: number, signal: AbortSignal, basis?: Claim | FenceMark): Promise<Claim>;
}
