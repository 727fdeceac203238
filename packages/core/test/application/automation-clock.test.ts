import { expect } from 'chai';
import { AutomationBench, MIDNIGHT } from '../support/automation-bench.ts';
import { settle } from '../support/fake-clock.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEARS = 3_653 * DAY;
const sweeping = { action: { type: 'health_sweep' } } as const;

describe('the time of automations', function () {
  this.timeout(30_000);
  let bench: AutomationBench;
  beforeEach(() => {
    bench = new AutomationBench();
  });
  afterEach(() => bench.desk.close());
  const momentsOf = async (automation: Awaited<ReturnType<AutomationBench['create']>>) =>
    (await bench.runs(automation)).filter(({ outcome }) => outcome === 'succeeded').map(({ scheduledFor }) => scheduledFor);

  it('fires each moment once, within a second', async () => {
    await bench.start();
    const automation = await bench.create({ ...sweeping, cron: 'every 300 s' });
    expect(automation.nextRunAt).to.equal(MIDNIGHT + 5 * MINUTE);
    await bench.clock.advance(16 * MINUTE);
    const runs = await bench.runs(automation);
    expect(runs.map(({ scheduledFor }) => scheduledFor)).to.deep.equal([5, 10, 15].map((minutes) => MIDNIGHT + minutes * MINUTE));
    for (const { startedAt, scheduledFor, startedBy, outcome } of runs) {
      expect(startedAt - (scheduledFor ?? 0)).to.be.within(0, 1_000);
      expect([startedBy, outcome]).to.deep.equal(['cron', 'succeeded']);
    }
  });

  for (const [name, ms] of [
    ['a second', 1_000],
    ['an hour', HOUR],
    ['a day', DAY],
    ['ten years', YEARS],
  ] as const) {
    it(`fires each moment once when the clock is set back by ${name} and put right again`, async () => {
      await bench.start();
      const automation = await bench.create({ ...sweeping, cron: 'every 300 s' });
      await bench.clock.advance(5 * MINUTE + 500);
      bench.clock.jump(-ms);
      await bench.clock.advance(4 * MINUTE + 30_000);
      bench.clock.jump(ms);
      await bench.clock.advance(6 * MINUTE);
      const moments = await momentsOf(automation);
      expect(new Set(moments).size).to.equal(moments.length);
      expect(moments).to.include.members([MIDNIGHT + 5 * MINUTE, MIDNIGHT + 10 * MINUTE, MIDNIGHT + 15 * MINUTE]);
    });

    it(`does not stall after the clock was ahead by ${name} for a minute`, async () => {
      await bench.start();
      const automation = await bench.create({ ...sweeping, cron: 'every 300 s' });
      await bench.clock.advance(2 * MINUTE);
      bench.clock.jump(ms);
      await bench.clock.advance(MINUTE);
      bench.clock.jump(-ms);
      await bench.clock.advance(3 * MINUTE);
      expect(await momentsOf(automation)).to.include(MIDNIGHT + 5 * MINUTE);
      expect((await bench.desk.get(automation.id)).nextRunAt).to.equal(MIDNIGHT + 10 * MINUTE);
    });

    it(`fires after a restart, whether the clock is ahead or behind by ${name}`, async () => {
      await bench.start();
      const automation = await bench.create({ ...sweeping, cron: 'every 300 s' });
      await bench.clock.advance(6 * MINUTE);
      for (const away of [ms, -2 * ms]) {
        await bench.restart(away);
        const before = bench.clock.now();
        await bench.clock.advance(6 * MINUTE);
        const moments = await momentsOf(automation);
        const expected = Math.ceil(before / (5 * MINUTE)) * 5 * MINUTE;
        expect(moments).to.include(expected);
        expect(new Set(moments).size).to.equal(moments.length);
      }
    });
  }

  it('does not fire a minute cron again when the clock is set back by more runs than are kept', async () => {
    bench = new AutomationBench({ tickMs: 20_000 });
    await bench.start();
    const automation = await bench.create({ ...sweeping, cron: 'every 60 s' });
    await bench.clock.advance(20 * HOUR + 30_000);
    const fired = bench.store.begun;
    bench.clock.jump(-19 * HOUR);
    await bench.clock.advance(HOUR);
    expect(bench.store.begun).to.equal(fired);
    expect(await bench.runs(automation)).to.have.length(1_000);
  });

  it('records one skipped run for all that a day away has missed', async () => {
    await bench.start();
    const automation = await bench.create({ ...sweeping, cron: 'every 300 s' });
    await bench.restart(DAY + 2 * MINUTE);
    const run = await bench.onlyRun(automation);
    expect(run).to.include({ outcome: 'skipped', scheduledFor: MIDNIGHT + DAY, startedBy: 'cron' });
    expect(run.detail).to.equal(
      '288 of its times passed while the control plane was away or asleep, the last at 2026-02-04T00:00:00.000Z. Missed runs of this automation are skipped.',
    );
    expect(bench.store.notices).to.deep.equal([]);
  });

  it('runs once for all that a day away has missed, where it is to', async () => {
    await bench.start();
    const automation = await bench.create({ ...sweeping, cron: 'every 300 s', missed: 'run_once' });
    await bench.restart(DAY + 2 * MINUTE);
    const run = await bench.onlyRun(automation);
    expect(run).to.include({ outcome: 'succeeded', scheduledFor: MIDNIGHT + DAY });
    expect(run.detail).to.match(/^288 of its times passed .* This run stands for all of them\. All is well/);
    await bench.restart(0);
    expect(await bench.runs(automation)).to.have.length(1);
  });

  it('takes a stall of the event loop below a minute for punctual, and a longer one for missed', async () => {
    await bench.start();
    const automation = await bench.create({ ...sweeping, cron: 'every 300 s' });
    await bench.clock.advance(4 * MINUTE + 55_000);
    await bench.stall(40_000);
    expect(await bench.onlyRun(automation)).to.include({ outcome: 'succeeded' });
    await bench.clock.advance(4 * MINUTE);
    await bench.stall(2 * MINUTE);
    const [, second] = await bench.runs(automation);
    expect(second).to.include({ outcome: 'skipped', scheduledFor: MIDNIGHT + 10 * MINUTE });
    expect(second?.detail).to.match(/^Its time, 2026-02-03T00:10:00\.000Z, passed while/);
  });

  it('does not fire what is disabled, and misses nothing meanwhile', async () => {
    await bench.start();
    const automation = await bench.create({ ...sweeping, cron: 'every 300 s', enabled: false, missed: 'run_once' });
    expect(automation.nextRunAt).to.equal(null);
    await bench.clock.advance(22 * MINUTE);
    const actor = { name: 'anna', address: null, requestId: null };
    await bench.desk.change(automation.id, { enabled: true }, actor);
    await bench.restart(0);
    await bench.clock.advance(MINUTE);
    expect(await bench.runs(automation)).to.deep.equal([]);
    await bench.clock.advance(3 * MINUTE);
    expect(await momentsOf(automation)).to.deep.equal([MIDNIGHT + 25 * MINUTE]);
    await bench.desk.change(automation.id, { cron: 'every 86400 s' }, actor);
    await bench.clock.advance(HOUR);
    await bench.desk.remove(automation.id, actor);
    await bench.clock.advance(DAY);
    expect(bench.store.begun).to.equal(1);
  });

  it('fires nothing that the store cannot keep, and makes up for it as soon as it can', async () => {
    await bench.start();
    const automation = await bench.create({ ...sweeping, cron: 'every 300 s' });
    bench.store.isUnavailable = true;
    await bench.clock.advance(5 * MINUTE + 20_000);
    expect(await bench.runs(automation)).to.deep.equal([]);
    bench.store.isUnavailable = false;
    await bench.clock.advance(1_000);
    expect(await momentsOf(automation)).to.deep.equal([MIDNIGHT + 5 * MINUTE]);
  });

  it('leaves no timer and no listener behind', async () => {
    await bench.start();
    await bench.create({ cron: 'every 60 s' });
    await bench.clock.advance(90_000);
    expect(bench.core.listeners).to.equal(1);
    await bench.desk.close();
    await settle();
    expect([bench.clock.sleepers, bench.core.listeners]).to.deep.equal([0, 0]);
  });
});
