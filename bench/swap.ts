import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CoreEvent, Swap } from '@spark-control/core';
import type { SparkControl } from '@spark-control/server';
import { ms, quantile, verdict } from './support/figures.ts';
import { startControl, timedSwap } from './support/timed-swap.ts';

/** Not multiples of a second, so that a control plane that polls by the second shows it. */
const LOAD_SECONDS = [0.3, 1.1, 2.7, 7.3];
const SWAPS = Number(process.env['SPARK_BENCH_SWAPS'] ?? 50);

type Sample = Readonly<{ loadSeconds: number; overheadMs: number; lagMs: number }>;

/**
 * Orchestration overhead of a swap: its wall time less what the engine itself took (stop of the previous model, load, first
 * token), and how late readiness was noticed. On the simulator at speed 1, with real HTTP between the two.
 */
export async function benchSwap(): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'spark-control-bench-'));
  const control = await startControl(folder, LOAD_SECONDS);
  try {
    const samples: Sample[] = [];
    await swapTo(control, LOAD_SECONDS.length - 1); // so that each measured swap has something to stop
    for (let round = 0; round < SWAPS; round += 1) {
      samples.push(await swapTo(control, round % LOAD_SECONDS.length));
      process.stderr.write(`\r${round + 1}/${SWAPS} `);
    }
    process.stderr.write('\n');
    return report(samples);
  } finally {
    await control.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function swapTo(control: SparkControl, index: number): Promise<Sample> {
  const loadSeconds = LOAD_SECONDS[index] ?? 0;
  const { swap, events, overheadMs } = await timedSwap(control, loadSeconds);
  if (process.env['SPARK_BENCH_STEPS'] === '1')
    console.log(swap.steps.map((step) => `${step.phase} ${(step.endedAt ?? 0) - (step.startedAt ?? 0)}`).join('  '));
  return { loadSeconds, overheadMs, lagMs: lagOf(swap, events) };
}

/** From the line with which the server says that it is up to the end of the phase that waits for it. */
function lagOf(swap: Swap, events: readonly CoreEvent[]): number {
  const up = events.find((event) => event.kind === 'log' && event.line.line.includes('Application startup complete'));
  const noticed = swap.steps.find((step) => step.phase === 'loading')?.endedAt;
  if (up?.kind !== 'log' || noticed == null) throw new Error('the load left no trace in the log');
  return Math.max(0, noticed - up.line.at);
}

function report(samples: readonly Sample[]): boolean {
  for (const loadSeconds of LOAD_SECONDS) {
    const own = samples.filter((sample) => sample.loadSeconds === loadSeconds);
    const overheads = own.map((sample) => sample.overheadMs);
    console.log(
      `load ${loadSeconds} s: ${own.length} swaps, overhead p50 ${ms(quantile(overheads, 0.5))}, p95 ${ms(quantile(overheads, 0.95))}`,
    );
  }
  const overhead = verdict(
    'orchestration overhead p95',
    quantile(
      samples.map((sample) => sample.overheadMs),
      0.95,
    ),
    150,
    'ms',
  );
  const lag = verdict(
    'readiness noticed p95',
    quantile(
      samples.map((sample) => sample.lagMs),
      0.95,
    ),
    100,
    'ms',
  );
  return overhead && lag;
}
