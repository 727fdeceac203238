import type { WireCalendar, WirePreflightReport } from '@spark-control/schema';
import { expect } from 'chai';
import { getJson, postJson } from './support/client.ts';
import { Folders } from './support/folders.ts';
import { type Running, run } from './support/running.ts';

const HOUR_MS = 3_600_000;
const iso = (ms: number): string => new Date(ms).toISOString();

describe('the calendar of a whole server', function () {
  this.timeout(60_000);
  let folders: Folders;
  let server: Running;
  beforeEach(async () => {
    folders = new Folders();
    server = await run(folders);
  });
  afterEach(async () => {
    await server.stop();
    folders.remove();
  });

  const put = async (id: string, body: unknown): Promise<number> => {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${server.url}/api/schedules/${id}`, { method: 'PUT', headers, body: JSON.stringify(body) });
    return answer.status;
  };
  const calendar = (from: string, to: string): Promise<WireCalendar> => getJson(`${server.url}/api/schedules?from=${from}&to=${to}`);
  const startsOf = ({ items }: WireCalendar): readonly string[] => items.map(({ schedule, start }) => `${schedule} ${start}`);

  it('has the right times on the days when the clocks change, before and after a restart', async () => {
    const night = { owner: 'cron', title: 'Night', timezone: 'Europe/Berlin', duration_seconds: 60 };
    expect(await put('night', { ...night, cron: '30 2 * * *' })).to.equal(201);
    const spring = ['night 2026-03-28T01:30:00.000Z', 'night 2026-03-29T01:00:00.000Z', 'night 2026-03-30T00:30:00.000Z'];
    const autumn = ['night 2026-10-24T00:30:00.000Z', 'night 2026-10-25T00:30:00.000Z', 'night 2026-10-26T01:30:00.000Z'];
    for (const look of ['before', 'after'] as const) {
      expect(startsOf(await calendar('2026-03-28T00:00:00Z', '2026-03-31T00:00:00Z')), look).to.deep.equal(spring);
      expect(startsOf(await calendar('2026-10-24T00:00:00Z', '2026-10-27T00:00:00Z')), look).to.deep.equal(autumn);
      if (look === 'after') continue;
      await server.stop();
      server = await run(folders);
    }
    expect(await put('night', { ...night, cron: '30 2 * * *' })).to.equal(200);
    expect(await put('night', { ...night, cron: '0 0 30 2 *' })).to.equal(422);
    expect(await put('night', { ...night, cron: '@daily', owner: 'n8n' })).to.equal(409);
  });

  it('shows a plan, a lock and an automation in each other’s way, and the pre-flight warns of the plan', async () => {
    const now = Date.now();
    const windows = [{ start: iso(now - HOUR_MS), end: iso(now + 30 * HOUR_MS) }];
    expect(await put('long', { owner: 'ada', title: 'Evaluation', model: 'not-there-yet', windows })).to.equal(201);
    const lock = await postJson(`${server.url}/api/swap/lock`, { holder: 'bob', ttl_seconds: 600 });
    expect(lock.status, JSON.stringify(lock.body)).to.equal(201);
    const action = { type: 'swap', model: null };
    const automation = await postJson(`${server.url}/api/automations`, { name: 'Free the night', cron: '0 3 * * *', action });
    expect(automation.status, JSON.stringify(automation.body)).to.equal(201);

    const { items } = await calendar(iso(now), iso(now + 24 * HOUR_MS));
    // As a set: just after three there are two nights within a day.
    const found = items.map(({ schedule, conflicts }) => [
      schedule,
      [...new Set(conflicts.map(({ kind, with: other }) => `${kind} ${other}`))],
    ]);
    expect(found).to.deep.equal([['long', ['lock bob', `automation ${String(automation.body['id'])}`]]]);

    const [model] = (await getJson<{ items: readonly { key: string }[] }>(`${server.url}/api/models`)).items;
    const validated = await postJson<WirePreflightReport>(`${server.url}/api/swap/${model?.key}/validate`, {});
    const check = validated.body.checks.find(({ name }) => name === 'schedule');
    expect(check?.status).to.equal('warn');
    expect(check?.detail).to.contain('ada plans not-there-yet ("Evaluation") on this cluster now');
  });
});
