import { readdirSync } from 'node:fs';
import { clusterKey, modelKey, type Swap } from '@spark-control/core';
import { createSparkControl, type SparkControl } from '../../src/index.ts';
import { collectGarbage } from './collect-garbage.ts';
import { Folders } from './folders.ts';

// A program that embeds Spark Control: swaps once, opens and closes it often, and then has nothing more to do. It must end by itself.

const CYCLES = Number(process.argv[2] ?? 10);

async function swap(control: SparkControl): Promise<Swap> {
  const settled = new Promise<Swap>((resolve) => {
    control.core.subscribe((event) => {
      if (event.kind === 'swap' && event.swap.settledAt !== null) resolve(event.swap);
    });
  });
  await control.core.requestSwap({
    cluster: clusterKey('default'),
    model: modelKey('small'),
    requestedBy: 'embedder',
    reason: null,
    options: { drainSeconds: 0, rollback: true, forceRestart: false, replaceUnmanaged: false, queueSeconds: 0 },
    onBusy: 'reject',
    lockId: null,
  });
  return settled;
}

const resources = (): readonly string[] => process.getActiveResourcesInfo().sort();

async function cycle(isFirst: boolean): Promise<string | null> {
  const folders = new Folders();
  const control = await createSparkControl({ dataFolder: folders.data, configFolder: folders.config, simulation: { speed: 20 } });
  const phase = isFirst ? (await swap(control)).phase : null;
  await control.close();
  folders.remove();
  return phase;
}

async function measure(): Promise<Readonly<{ heap: number; files: number }>> {
  await collectGarbage();
  return { heap: process.memoryUsage().heapUsed, files: readdirSync('/proc/self/fd').length };
}

const before = resources();
const phase = await cycle(true);
for (let round = 0; round < 3; round += 1) await cycle(false);
const early = await measure();
for (let round = 4; round < CYCLES; round += 1) await cycle(false);
const late = await measure();
process.stdout.write(JSON.stringify({ phase, before, after: resources(), early, late }));
