import { memoryFlags } from '../catalog/memory-flags.ts';
import type { LaunchPlan } from '../launch/launch-plan.ts';

const GIB = 2 ** 30;

/**
 * What has to be free on a host before a plan is started there: vLLM takes utilisation x total at its start, and refuses when less
 * is free. Whether the model is content with it is for `memoryFit`.
 */
export const startNeed = (plan: Pick<LaunchPlan, 'args'>, memTotalBytes: number): number =>
  Math.round(memoryFlags(plan.args).utilization * memTotalBytes);

export const gib = (bytes: number): string => `${(bytes / GIB).toFixed(1)} GiB`;
