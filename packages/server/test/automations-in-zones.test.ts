import { createAutomationDesk, silentLogger } from '@spark-control/core';
import { expect } from 'chai';
import { FakeClock } from '../../core/test/support/fake-clock.ts';
import { MemoryAutomations } from '../../core/test/support/memory-automations.ts';
import { PlannedCore } from '../../core/test/support/planned-core.ts';
import { CronerCalendar } from '../src/croner-calendar.ts';

const HOUR = 3_600_000;

/** Moments at which an automation fires between two wall times, by the real calendar. */
async function fired(cron: string, from: string, hours: number, hinder: (clock: FakeClock) => Promise<void> = async () => undefined) {
  const clock = new FakeClock(Date.parse(from));
  const store = new MemoryAutomations();
  let ids = 0;
  const desk = createAutomationDesk({
    ...{ core: new PlannedCore(clock), store, calendar: new CronerCalendar(), clock, logger: silentLogger, services: null, vectors: null },
    ids: { next: (prefix) => `${prefix}_${String(++ids).padStart(4, '0')}` },
    endpoint: {
      health: async () => ({ kind: 'healthy' }),
      models: async () => [],
      requestsInFlight: async () => 0,
      completeOneToken: async () => undefined,
    },
    tickMs: 20_000,
  });
  const actor = { name: 'anna', address: null, requestId: null };
  const wanted = { name: 'sweep', cron, timezone: 'Europe/Berlin', enabled: true, missed: 'skip', lockWaitMs: 0 } as const;
  const { id } = await desk.create({ ...wanted, action: { type: 'health_sweep' } }, actor);
  await desk.start();
  await hinder(clock);
  await clock.advance(hours * HOUR - (clock.now() - Date.parse(from)));
  await desk.close();
  const runs = await store.runs({ automation: id, limit: 1_000 });
  return runs.toReversed().map(({ scheduledFor, outcome }) => [new Date(scheduledFor ?? 0).toISOString().slice(0, 16), outcome]);
}

describe('automations on the days when clocks change', () => {
  it('fire in spring at the end of the hour that is left out, once', async () => {
    // At 02:00 it is 03:00.
    expect(await fired('30 2 * * *', '2026-03-28T20:00:00Z', 32)).to.deep.equal([
      ['2026-03-29T01:00', 'succeeded'],
      ['2026-03-30T00:30', 'succeeded'],
    ]);
  });

  it('fire in autumn the first of two times that look the same, once', async () => {
    expect(await fired('30 2 * * *', '2026-10-24T20:00:00Z', 32)).to.deep.equal([
      ['2026-10-25T00:30', 'succeeded'],
      ['2026-10-26T01:30', 'succeeded'],
    ]);
  });

  it('fire every hour of the longest day of the year, all 25 of them', async () => {
    const moments = await fired('0 * * * *', '2026-10-24T21:59:00Z', 25);
    expect(moments).to.have.length(25);
    expect(new Set(moments.map(([moment]) => moment)).size).to.equal(25);
  });

  it('do not fire a second time when the machine’s own clock is set back by the hour as well', async () => {
    const moments = await fired('30 2 * * *', '2026-10-24T22:00:00Z', 12, async (clock) => {
      await clock.advance(3 * HOUR);
      clock.jump(-HOUR);
    });
    expect(moments).to.deep.equal([['2026-10-25T00:30', 'succeeded']]);
  });

  it('tell of one missed night after the machine slept through the change', async () => {
    const moments = await fired('30 2 * * *', '2026-03-28T20:00:00Z', 16, async (clock) => {
      await clock.advance(HOUR);
      clock.jump(9 * HOUR);
    });
    expect(moments).to.deep.equal([['2026-03-29T01:00', 'skipped']]);
  });
});
