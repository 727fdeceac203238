import { expect } from 'chai';
import { RETRY_DELAYS_MS } from '../../src/webhook/retry-policy.ts';
import { type Answer, WebhookBench } from '../support/webhook-bench.ts';
import { completed, started } from '../support/webhook-samples.ts';

const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;
const OK: Answer = { status: 200 };
const FAILS: Answer = { status: 500 };
const HANGS: Answer = { status: null, afterMs: 15_000 };

describe('the sending of webhooks', () => {
  let bench: WebhookBench;

  beforeEach(() => {
    bench = new WebhookBench({ tickMs: 300_000 }); // every test but one shows that the tick is not what makes it work
  });

  afterEach(() => bench.close());

  it('sends at once what was committed, in order, with the valid secrets', async () => {
    const a = await bench.given('a', () => OK);
    await bench.start();
    bench.commit(started(1), completed(2), started(3));
    await bench.clock.advance(100);
    expect(bench.callsOf(a).map(({ sequence }) => sequence)).to.deep.equal([1, 2, 3]);
    expect(bench.callsOf(a).map(({ secrets }) => secrets)).to.deep.equal([['whsec_a'], ['whsec_a'], ['whsec_a']]);
    expect((await bench.all(a)).map(({ state }) => state)).to.deep.equal(['delivered', 'delivered', 'delivered']);
  });

  it('finds within a second what nobody told it of', async () => {
    bench = new WebhookBench();
    const a = await bench.given('a', () => OK);
    await bench.start();
    bench.store.append([started(1)]);
    await bench.clock.advance(1_100);
    expect(bench.callsOf(a)).to.have.length(1);
  });

  it('does not sleep over what comes while it looks', async () => {
    const a = await bench.given('a', () => OK);
    const pending = bench.store.pending.bind(bench.store);
    let looks = 0;
    bench.store.pending = async (...args) => {
      const page = await pending(...args);
      if (++looks === 1) bench.commit(started(1));
      return page;
    };
    await bench.start();
    await bench.clock.advance(100);
    expect(bench.callsOf(a)).to.have.length(1);
  });

  it('sends what lay in the outbox before the start', async () => {
    const a = await bench.given('a', () => OK);
    bench.store.append([started(1)]);
    await bench.start();
    await bench.clock.advance(50);
    expect(bench.callsOf(a)).to.have.length(1);
  });

  it('tries ten times by the schedule, then keeps it as dead and says so once', async () => {
    const a = await bench.given('a', () => FAILS);
    await bench.start();
    bench.commit(started(1));
    await bench.clock.advance(90 * HOUR_MS);
    const calls = bench.callsOf(a);
    expect(calls).to.have.length(10);
    for (let nth = 1; nth < 10; nth += 1) {
      const wait = calls[nth]!.startedAt - calls[nth - 1]!.endedAt!;
      expect(wait, `before try ${nth + 1}`).to.be.within(RETRY_DELAYS_MS[nth]! * 0.9, RETRY_DELAYS_MS[nth]! * 1.1 + 30_000);
    }
    expect((await bench.all(a))[0]).to.include({ state: 'dead', attempts: 10 });
    expect(await bench.store.attempts((await bench.all(a))[0]!.id)).to.have.length(10);
    expect(bench.warnings.map(({ message }) => message)).to.deep.equal(['a webhook delivery was given up']);
  });

  it('waits as long as the receiver asks', async () => {
    const a = await bench.given('a', (_, nth) => (nth === 1 ? { status: 429, retryAfterMs: 90_000 } : OK));
    await bench.start();
    bench.commit(started(1));
    await bench.clock.advance(89_000);
    expect(bench.callsOf(a)).to.have.length(1);
    await bench.clock.advance(3_000);
    expect(bench.callsOf(a)).to.have.length(2);
  });

  it('holds the others up for an hour, then lets them pass, and tries the first again in its own time', async () => {
    const a = await bench.given('a', ({ notice }) => (notice.sequence === 1 ? FAILS : OK));
    await bench.start();
    bench.commit(started(1), started(2));
    await bench.clock.advance(59 * 60_000);
    expect(new Set(bench.callsOf(a).map(({ sequence }) => sequence))).to.deep.equal(new Set([1]));
    bench.commit(started(3));
    await bench.clock.advance(2 * 60_000);
    expect((await bench.all(a)).map(({ state }) => state)).to.deep.equal(['pending', 'delivered', 'delivered']);
    bench.commit(started(4));
    await bench.clock.advance(2_000);
    expect((await bench.all(a)).map(({ state }) => state)).to.deep.equal(['pending', 'delivered', 'delivered', 'delivered']);
    const before = bench.callsOf(a).filter(({ sequence }) => sequence === 1).length;
    await bench.clock.advance(3 * HOUR_MS);
    expect(bench.callsOf(a).filter(({ sequence }) => sequence === 1)).to.have.length(before + 1);
  });

  it('lets the swap that brought the news have its next step first', async () => {
    bench = new WebhookBench({ tickMs: 300_000, yieldMs: 200 });
    const a = await bench.given('a', () => OK);
    await bench.start();
    await bench.clock.advance(1_000);
    bench.commit(started(1));
    await bench.clock.advance(50);
    bench.commit(started(2));
    await bench.clock.advance(1_000);
    expect(bench.callsOf(a).map(({ startedAt }) => startedAt)).to.deep.equal([1_200, 1_205]);
  });

  it('is not delayed by another endpoint that hangs', async () => {
    for (let index = 0; index < 5; index += 1) await bench.given(`hangs${index}`, () => HANGS);
    const a = await bench.given('a', () => OK);
    await bench.start();
    for (let second = 0; second < 30; second += 1) {
      bench.commit(started(second));
      await bench.clock.advance(1_000);
    }
    const calls = bench.callsOf(a);
    expect(calls).to.have.length(30);
    calls.forEach(({ startedAt }, index) => {
      expect(startedAt).to.be.within(index * 1_000, index * 1_000 + 50);
    });
  });

  it('sends to eight endpoints at once and to no more', async () => {
    for (let index = 0; index < 12; index += 1) await bench.given(`slow${index}`, () => ({ status: 200, afterMs: 10_000 }));
    await bench.start();
    bench.commit(started(1));
    await bench.clock.advance(9_000);
    expect(bench.calls).to.have.length(8);
    await bench.clock.advance(12_000);
    expect(bench.calls).to.have.length(12);
    expect(bench.sendsAtOnce).to.equal(8);
  });

  it('lets a test by hand go before all others that wait', async () => {
    for (let index = 0; index < 16; index += 1) await bench.given(`slow${index}`, () => ({ status: 200, afterMs: 10_000 }));
    const a = await bench.given('a', () => OK);
    await bench.start();
    bench.commit(started(1));
    await bench.clock.advance(1_000);
    const tested = bench.desk.test(a.id, { name: 'me', address: null, requestId: null });
    expect(await bench.clock.drive(tested)).to.include({ state: 'delivered' });
    expect(bench.clock.monotonic()).to.be.below(11_000);
  });

  it('leaves an endpoint that is down in peace between tries, however much is due', async () => {
    const a = await bench.given('a', () => FAILS);
    await bench.start();
    for (let index = 0; index < 50; index += 1) bench.commit(started(index));
    await bench.clock.advance(2 * HOUR_MS);
    const starts = bench.callsOf(a).map(({ startedAt }) => startedAt);
    for (let index = 11; index < starts.length; index += 1) expect(starts[index]! - starts[index - 1]!).to.be.at.least(30_000);
    expect(starts.length).to.be.greaterThan(40);
  });

  it('looks at no more than is pending, however much came and was dropped while the endpoint was down', async () => {
    bench = new WebhookBench({ tickMs: 300_000, cap: 10 });
    const a = await bench.given('a', (_, __, at) => (at < HOUR_MS ? FAILS : OK));
    await bench.start();
    let asked = 0;
    const delivery = bench.store.delivery.bind(bench.store);
    bench.store.delivery = async (id) => {
      asked += 1;
      return await delivery(id);
    };
    for (let index = 0; index < 300; index += 1) {
      bench.commit(...Array.from({ length: 10 }, () => started(index)));
      await bench.clock.advance(10);
    }
    await bench.clock.advance(3 * HOUR_MS);
    expect(await bench.store.counts(a.id)).to.deep.include({ pending: 0 });
    expect(asked).to.be.below(1_200); // and not three thousand
  });

  it('does not send again, however long the store takes no writes, and goes on afterwards', async () => {
    const a = await bench.given('a', () => OK);
    await bench.start();
    bench.commit(started(1), started(2));
    bench.store.isUnavailable = true;
    await bench.clock.advance(60_000);
    expect(bench.callsOf(a)).to.have.length(1);
    expect(bench.warnings.map(({ message }) => message)).to.deep.equal(['what a webhook delivery led to cannot be stored yet']);
    bench.store.isUnavailable = false;
    await bench.clock.advance(2_000);
    expect(bench.callsOf(a).map(({ sequence }) => sequence)).to.deep.equal([1, 2]);
    expect((await bench.all(a)).map(({ state }) => state)).to.deep.equal(['delivered', 'delivered']);
  });

  it('does not send what it cannot sign', async () => {
    const a = await bench.given('a', () => OK);
    bench.store.secrets = async () => [];
    await bench.start();
    bench.commit(started(1));
    await bench.clock.advance(100);
    expect(bench.callsOf(a)).to.have.length(0);
    expect((await bench.all(a))[0]!.last?.error).to.contain('secret');
  });

  for (const jump of [-10 * YEAR_MS, -24 * HOUR_MS, -HOUR_MS, -1_000, 1_000, HOUR_MS, 24 * HOUR_MS, 10 * YEAR_MS]) {
    it(`neither stalls nor storms when the wall clock jumps by ${jump / 1_000} s`, async () => {
      const a = await bench.given('a', (_, __, at) => (at < 4 * HOUR_MS ? FAILS : OK));
      await bench.start();
      bench.commit(started(1), started(2), started(3));
      await bench.clock.advance(10 * 60_000);
      bench.clock.jump(jump);
      await bench.clock.advance(3 * HOUR_MS);
      bench.clock.jump(-jump);
      await bench.clock.advance(24 * HOUR_MS);
      expect((await bench.all(a)).map(({ state }) => state)).to.deep.equal(['delivered', 'delivered', 'delivered']);
      for (const { id } of await bench.all(a)) expect(bench.calls.filter((call) => call.id === id).length).to.be.at.most(7);
    });
  }
});
