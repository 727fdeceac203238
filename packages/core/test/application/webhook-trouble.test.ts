import { expect } from 'chai';
import type { Delivery, WebhookEndpoint } from '../../src/index.ts';
import { BREAKER_SPACING_MS } from '../../src/webhook/order.ts';
import { HEAD_BLOCKS_MS, RETRY_AFTER_LIMIT_MS, RETRY_DELAYS_MS } from '../../src/webhook/retry-policy.ts';
import { type Answer, type Call, type Receiver, WebhookBench } from '../support/webhook-bench.ts';
import { completed, started } from '../support/webhook-samples.ts';

const EVENTS = process.env['SPARK_PROVE'] === '1' ? 1_000 : 150;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const EVENTS_MS = 76 * HOUR_MS;

const OK: Answer = { status: 200, afterMs: 20 };
const HANGS: Answer = { status: null, afterMs: 15_000 };
const REFUSES: Answer = { status: null, afterMs: 1 };
const FAILS: Answer = { status: 500, afterMs: 30 };
const isIn = (at: number, fromHour: number, toHour: number): boolean => at >= fromHour * HOUR_MS && at < toHour * HOUR_MS;

/** All the trouble that is to be survived, one receiver for each kind, and one that has it all. */
const RECEIVERS: Readonly<Record<string, Receiver>> = {
  good: () => OK,
  slow: () => ({ status: 204, afterMs: 14_000 }),
  down: () => REFUSES,
  hangs: () => HANGS,
  restarts: (_, __, at) => (isIn(at, 10, 12) || isIn(at, 40, 40.2) ? REFUSES : OK),
  away: (_, __, at) => (isIn(at, 5, 60) ? HANGS : OK),
  poisoned: ({ notice }) => (notice.sequence % 40 === 7 ? FAILS : OK),
  throttled: (_, nth) => (nth <= 2 ? { status: 429, retryAfterMs: 20 * MINUTE_MS } : OK),
  patient: (_, nth) => (nth === 1 ? { status: 503, retryAfterMs: 400 * HOUR_MS } : OK),
  gone: (_, __, at) => (at < 30 * HOUR_MS ? OK : { status: 410 }),
  everything: ({ notice }, nth, at) => {
    if (isIn(at, 20, 26)) return REFUSES;
    if (isIn(at, 30, 31)) return HANGS;
    return [OK, FAILS, { status: 429, retryAfterMs: 90_000 }, { status: 301 }, HANGS, OK, OK][(notice.sequence * 3 + nth * 5) % 7]!;
  },
};

type Told = Readonly<{
  endpoint: WebhookEndpoint;
  calls: readonly Call[];
  deliveries: readonly Delivery[];
  /** Tries of one delivery that were answered, or refused, or timed out: not those that the crash cut off. */
  ended: (id: string) => readonly Call[];
}>;

/** Runs all events and whatever follows from them, with a crash in the middle, and gives what each endpoint was told. */
async function run(bench: WebhookBench): Promise<ReadonlyMap<string, Told>> {
  const endpoints = new Map<string, WebhookEndpoint>();
  for (const [name, receiver] of Object.entries(RECEIVERS)) endpoints.set(name, await bench.given(name, receiver));
  await bench.start();
  for (let event = 0; event < EVENTS; event += 1) {
    bench.commit(event % 2 === 0 ? started(bench.clock.now()) : completed(bench.clock.now()));
    if (event === Math.floor(EVENTS / 2)) {
      await bench.clock.advance(2_000); // in the middle of what is being sent
      await bench.crash();
    }
    await bench.clock.advance(EVENTS_MS / EVENTS);
  }
  const isOver = async (): Promise<boolean> => (await bench.store.counts()).pending === 0;
  for (let hour = 0; hour < 24 * 30 && !(await isOver()); hour += 1) await bench.clock.advance(HOUR_MS);
  const told = new Map<string, Told>();
  for (const [name, endpoint] of endpoints) {
    const calls = bench.callsOf(endpoint);
    const ended = new Map<string, Call[]>();
    for (const call of calls) if (call.answer !== null) ended.set(call.id, [...(ended.get(call.id) ?? []), call]);
    told.set(name, { endpoint, calls, deliveries: await bench.all(endpoint), ended: (id) => ended.get(id) ?? [] });
  }
  return told;
}

describe(`${EVENTS} events over 76 hours, to receivers with every kind of trouble`, () => {
  let bench: WebhookBench;
  let told: ReadonlyMap<string, Told>;
  const of = (name: string): Told => told.get(name)!;

  before(async function () {
    this.timeout(process.env['SPARK_PROVE'] === '1' ? 300_000 : 30_000);
    bench = new WebhookBench({ tickMs: HOUR_MS });
    told = await run(bench);
  });

  after(() => bench.close());

  it('are all delivered or kept as dead, for each receiver', () => {
    for (const [name, { deliveries }] of told) {
      if (name !== 'gone') expect(deliveries, name).to.have.length(EVENTS);
      for (const { id, state } of deliveries) expect(state, `${name} ${id}`).to.be.oneOf(['delivered', 'dead']);
    }
    const dead = Object.fromEntries(
      [...told].map(([name, { deliveries }]) => [name, deliveries.filter(({ state }) => state === 'dead').length]),
    );
    const poisoned = of('poisoned').deliveries.filter(({ notice }) => notice.sequence % 40 === 7).length;
    expect(dead).to.deep.include({
      good: 0,
      slow: 0,
      down: EVENTS,
      hangs: EVENTS,
      restarts: 0,
      away: 0,
      poisoned,
      throttled: 0,
      patient: 0,
    });
    if (process.env['SPARK_PROVE'] === '1') console.log(`      ${bench.calls.length} tries; dead: ${JSON.stringify(dead)}`);
  });

  it('are called delivered only when the receiver said so, and never twice but after the crash', () => {
    for (const [name, { calls, deliveries }] of told) {
      const heard = calls.filter(({ answer }) => answer !== null && (answer.status ?? 0) >= 200 && (answer.status ?? 0) < 300);
      const delivered = deliveries.filter(({ state }) => state === 'delivered');
      expect(heard.map(({ id }) => id).sort(), name).to.deep.equal(delivered.map(({ id }) => id).sort());
    }
  });

  it('are sent again under the same id when the process died while they were sent', () => {
    const cut = bench.calls.filter(({ answer }) => answer === null);
    expect(cut.map(({ webhook }) => webhook)).to.include('whk_slow');
    for (const { id, startedAt, webhook } of cut) {
      const next = bench.calls.find((call) => call.id === id && call.startedAt > startedAt);
      expect(next, `${webhook} ${id}`).not.to.equal(undefined);
      if (webhook === 'whk_slow') expect(next?.startedAt).to.be.below(startedAt + 5_000);
    }
  });

  it('are tried ten times at most, never before their time', () => {
    for (const [name, { ended, deliveries }] of told) {
      for (const { id } of deliveries) {
        const tries = ended(id);
        expect(tries.length, `${name} ${id}`).to.be.at.most(10);
        tries.slice(1).forEach(({ startedAt }, index) => {
          const { endedAt, answer } = tries[index]!;
          const asked = Math.min(answer?.retryAfterMs ?? 0, RETRY_AFTER_LIMIT_MS);
          const least = Math.max(RETRY_DELAYS_MS[index + 1]! * 0.9, asked);
          expect(startedAt - endedAt!, `${name} ${id} try ${index + 2}`).to.be.at.least(least - 1);
        });
      }
    }
  });

  it('are given up by a receiver that never answers only after all ten tries', () => {
    for (const name of ['down', 'hangs']) {
      for (const { id } of of(name).deliveries) expect(of(name).ended(id)).to.have.length(10);
    }
  });

  it('arrive in order, past nobody but one that has failed for an hour', () => {
    for (const [name, { calls, deliveries, ended }] of told) {
      const order = deliveries.map(({ id }) => ({
        id,
        over: ended(id).at(-1)?.endedAt ?? 0,
        since: ended(id)[0]?.startedAt ?? Number.NaN,
      }));
      let done = 0;
      for (const call of calls) {
        while (done < order.length && order[done]!.over <= call.startedAt) done += 1;
        const head = order[done];
        if (head === undefined || head.id === call.id || call.answer === null) continue;
        expect(call.startedAt - head.since, `${name}: ${call.sequence} past ${head.id}`).to.be.at.least(HEAD_BLOCKS_MS);
      }
    }
  });

  it('arrive at a good receiver at once, whatever the others do', () => {
    const crash = of('slow').calls.find(({ answer }) => answer === null)!.startedAt;
    for (const { startedAt, sequence } of of('good').calls) {
      const committed = (sequence - 1) * (EVENTS_MS / EVENTS) + (startedAt > crash + 2_000 ? 2_000 : 0);
      expect(startedAt - committed, `event ${sequence}`).to.be.at.most(50);
    }
    expect(bench.sendsAtOnce).to.be.at.most(8);
  });

  it('are not thrown all at once at a receiver that is down', () => {
    const starts = of('down').calls.map(({ startedAt }) => startedAt);
    const crowded = starts.filter((at, index) => index > 10 && at - starts[index - 10]! < 5 * BREAKER_SPACING_MS);
    expect(crowded.length).to.be.at.most(20); // those before the tenth failure in a row, once more after the crash
  });

  it('end with a disabled endpoint when the receiver says that it is gone', async () => {
    const { endpoint, deliveries, calls } = of('gone');
    expect(await bench.desk.get(endpoint.id)).to.include({ enabled: false, pending: 0 });
    expect(calls.filter(({ answer }) => answer?.status === 410)).to.have.length(1);
    expect(deliveries.filter(({ state }) => state === 'dead')).to.have.length(1);
    const [entry] = await bench.store.audit.list({ limit: 1, action: 'webhook_disabled' });
    expect(entry).to.include({ target: endpoint.id });
    expect(entry?.actor.name).to.equal('control plane');
  });

  it('hold up a throttled receiver no longer than it asked for', () => {
    for (const { id } of of('throttled').deliveries) {
      expect(of('throttled').ended(id)).to.have.length(3);
    }
  });
});
