import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CoreEvent, clusterKey, modelKey, type Swap, type SwapDecision } from '@spark-control/core';
import { createSparkControl, type SparkControl } from '@spark-control/server';

export const STOP_SECONDS = 0.4;
export const FIRST_TOKEN_MS = 60;

export type TimedSwap = Readonly<{ swap: Swap; events: readonly CoreEvent[]; overheadMs: number }>;

const keyOf = (loadSeconds: number): string => `load-${loadSeconds}`;

/** Simulated Sparks whose models differ in nothing but the time that they take to load. */
export function startControl(folder: string, loadSeconds: readonly number[]): Promise<SparkControl> {
  const keys = loadSeconds.map(keyOf);
  const entries = keys.map(
    (key) => `  ${key}: { name: Bench, repo: bench/${key}, weights_gib: 8, flags: { gpu-memory-utilization: 0.5 } }`,
  );
  writeFileSync(join(folder, 'models.yaml'), `models:\n${entries.join('\n')}\n`);
  const profile = { stopSeconds: STOP_SECONDS, firstTokenMs: FIRST_TOKEN_MS, settleSeconds: 0 };
  const profiles = Object.fromEntries(loadSeconds.map((seconds) => [keyOf(seconds), { ...profile, loadSeconds: seconds }]));
  return createSparkControl({ dataFolder: join(folder, 'data'), configFolder: folder, webRoot: null, simulation: { profiles } });
}

/** One swap from request to settled. The overhead is its wall time less what the engine itself took. */
export async function timedSwap(control: SparkControl, loadSeconds: number): Promise<TimedSwap> {
  const [cluster] = control.core.clusters;
  const events: CoreEvent[] = [];
  const settled = new Promise<Swap>((resolve) => {
    const stop = control.core.subscribe((event) => {
      events.push(event);
      if (event.kind !== 'swap' || event.swap.settledAt === null) return;
      stop();
      resolve(event.swap);
    });
  });
  const before = performance.now();
  const decision: SwapDecision = await control.core.requestSwap({
    cluster: cluster?.key ?? clusterKey('default'),
    model: modelKey(keyOf(loadSeconds)),
    requestedBy: 'bench',
    reason: null,
    options: { drainSeconds: 0, rollback: true, forceRestart: false, replaceUnmanaged: false, queueSeconds: 0 },
    onBusy: 'reject',
    lockId: null,
  });
  if (decision.kind !== 'started') throw new Error(`the swap was not started: ${decision.kind}`);
  const swap = await settled;
  const wall = performance.now() - before;
  if (swap.phase !== 'ready') throw new Error(`the swap ended as ${swap.phase}: ${swap.cause?.message}`);
  return { swap, events, overheadMs: wall - (STOP_SECONDS + loadSeconds) * 1_000 - FIRST_TOKEN_MS };
}
