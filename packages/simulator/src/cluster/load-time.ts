import type { LaunchPlan } from '@spark-control/core';
import { DEFAULT_PROFILE, type FakeVllmProfile } from '../fake-vllm/profile.ts';

const GIB = 1024 ** 3;
const BASE_SECONDS = 1.5;
const GIB_PER_SECOND = 12;
/** So that a whole swap of the largest model stays under ten seconds. */
const LONGEST_SECONDS = 7;

/** How a model of this size behaves when nobody says otherwise. Far quicker than a real one: people wait for it. */
export function profileOf(plan: Pick<LaunchPlan, 'weightsBytes'>): FakeVllmProfile {
  const weightsBytes = plan.weightsBytes ?? DEFAULT_PROFILE.weightsBytes;
  const gib = weightsBytes / GIB;
  return {
    ...DEFAULT_PROFILE,
    weightsBytes,
    loadSeconds: Math.min(LONGEST_SECONDS, BASE_SECONDS + gib / GIB_PER_SECOND),
    shards: Math.min(24, Math.max(4, Math.round(gib / 4))),
    settleSeconds: 0.3,
  };
}
