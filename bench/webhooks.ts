import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clusterKey, NOTICE_TYPES, type WebhookId } from '@spark-control/core';
import type { SparkControl } from '@spark-control/server';
import { ms, quantile, verdict } from './support/figures.ts';
import { KINDS, Receivers } from './support/receivers.ts';
import { startControl, timedSwap } from './support/timed-swap.ts';

const EVENTS = 1_000;
const ROUNDS = Number(process.env['SPARK_BENCH_SWAPS'] ?? 40);
const LOADS = [0.3, 0.5];
const actor = { name: 'bench', address: null, requestId: null };

/** Whether receivers with every kind of trouble slow anything down, and whether a good one beside them gets all, in order. */
export async function benchWebhooks(): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'spark-control-bench-'));
  const control = await startControl(folder, LOADS);
  const receivers = await Receivers.start();
  try {
    const ids = await subscribeAll(control, receivers);
    await makeEvents(control);
    await receivers.got(EVENTS);
    const wrong = receivers.good.filter((sequence) => sequence < 0).length;
    const disorder = receivers.good.filter((sequence, index) => sequence <= (receivers.good[index - 1] ?? 0)).length;
    const isGood = [
      verdict('events that the good receiver did not get', EVENTS - new Set(receivers.good).size, 0, ''),
      verdict('signatures that an independent verifier refused', wrong, 0, ''),
      verdict('events out of order', disorder, 0, ''),
      await compareSwaps(control, ids),
    ];
    return isGood.every(Boolean);
  } finally {
    receivers.close();
    await control.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function subscribeAll(control: SparkControl, receivers: Receivers): Promise<readonly WebhookId[]> {
  const ids: WebhookId[] = [];
  const refused = 'http://127.0.0.1:9/'; // nothing listens on the discard port
  for (const [kind, url] of [...KINDS.map((kind) => [kind, receivers.url(kind)] as const), ['down', refused] as const]) {
    const wish = { url, events: NOTICE_TYPES, description: kind, enabled: true, allowLoopback: true };
    const { webhook, secret } = await control.webhooks.create(wish, actor);
    if (kind === 'good') receivers.trust(secret);
    ids.push(webhook.id);
  }
  return ids;
}

/** A lock taken and let go tells two things. */
async function makeEvents({ core }: SparkControl): Promise<void> {
  const cluster = core.clusters[0]?.key ?? clusterKey('default');
  const wish = { cluster, holder: 'bench', reason: null, ttlMs: 60_000, waitMs: 0, ticket: null, actor };
  for (let count = 0; count < EVENTS; count += 2) {
    const decision = await core.locks.acquire(wish, new AbortController().signal);
    if (decision.kind !== 'granted') throw new Error('the lock was not free');
    await core.locks.release(decision.grant.lockId, actor);
  }
}

/** Swaps with the endpoints on and off by turns, so that whatever else the machine does hits both alike. */
async function compareSwaps(control: SparkControl, ids: readonly WebhookId[]): Promise<boolean> {
  const overheads = { on: [] as number[], off: [] as number[] };
  const switchAll = async (enabled: boolean): Promise<void> => {
    for (const id of ids) await control.webhooks.change(id, { enabled }, actor);
  };
  for (const load of LOADS) await timedSwap(control, load);
  for (let round = 0; round < ROUNDS; round += 1) {
    const mode = round % 4 < 2 ? 'on' : 'off';
    if (round % 2 === 0) {
      await switchAll(mode === 'on');
      // Switching an endpoint on makes it try at once whatever is due, which is not what is measured here.
      await new Promise((resolve) => setTimeout(resolve, 2_500));
    }
    const { overheadMs } = await timedSwap(control, LOADS[round % LOADS.length] ?? 0);
    overheads[mode].push(overheadMs);
    process.stderr.write(`\r${round + 1}/${ROUNDS} `);
  }
  process.stderr.write('\n');
  for (const [mode, samples] of Object.entries(overheads)) {
    console.log(
      `webhooks ${mode}: ${samples.length} swaps, overhead p50 ${ms(quantile(samples, 0.5))}, p95 ${ms(quantile(samples, 0.95))}`,
    );
  }
  return verdict('median overhead that webhooks add', quantile(overheads.on, 0.5) - quantile(overheads.off, 0.5), 5, 'ms');
}
