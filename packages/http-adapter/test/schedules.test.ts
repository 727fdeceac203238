import { clusterKey } from '@spark-control/core';
import type { WireCalendar, WireProblem, WireRegisteredSchedule } from '@spark-control/schema';
import { expect } from 'chai';
import { aCluster } from '../../core/test/support/builders.ts';
import { expectDocumented, routeOf } from './support/documented.ts';
import { ScriptedCore } from './support/scripted-core.ts';
import { aLockView, someLockFacts } from './support/scripted-locks.ts';
import { type Answer, ask, bodyOf, startServer, type TestServer } from './support/test-server.ts';

const [PUT, GET, DELETE] = [
  routeOf('PUT', '/api/schedules/{id}'),
  routeOf('GET', '/api/schedules'),
  routeOf('DELETE', '/api/schedules/{id}'),
];
/** The clock of the test server stands here. */
const NOW = Date.parse('2023-11-14T22:13:20.000Z');
const NIGHTLY = { owner: 'cron:nightly', title: 'Evaluation', cron: '0 6 * * *', duration_seconds: 3600 };
const HOLIDAY = { owner: 'ada', title: 'Workshop', windows: [{ start: '2023-11-15T06:30:00Z', end: '2023-11-15T09:00:00+02:00' }] };

describe('/api/schedules', () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startServer();
  });
  afterEach(() => server.close());

  const put = async (id: string, body: unknown): Promise<Answer> => {
    const headers = { 'content-type': 'application/json' };
    const answer = await ask(server.port, `/api/schedules/${id}`, { method: 'PUT', headers, body: JSON.stringify(body) });
    expectDocumented(PUT, answer);
    return answer;
  };
  const calendar = async (query = ''): Promise<Answer> => {
    const answer = await ask(server.port, `/api/schedules${query}`);
    expectDocumented(GET, answer);
    return answer;
  };
  const remove = async (id: string): Promise<Answer> => {
    const answer = await ask(server.port, `/api/schedules/${id}`, { method: 'DELETE' });
    expectDocumented(DELETE, answer);
    return answer;
  };
  const pathsOf = (answer: Answer): readonly string[] => {
    expect(answer.status, answer.text).to.equal(422);
    return (bodyOf<WireProblem>(answer).issues ?? []).map(({ path, code }) => `${path} ${code}`);
  };

  it('registers a schedule with 201 and again with 200, and gives back every field', async () => {
    const first = await put('nightly', NIGHTLY);
    expect(first.status).to.equal(201);
    expect(bodyOf(first)).to.deep.equal({
      id: 'nightly',
      owner: 'cron:nightly',
      title: 'Evaluation',
      cluster: 'default',
      model: null,
      cron: '0 6 * * *',
      timezone: 'UTC',
      windows: [],
      duration_seconds: 3600,
      url: null,
      expires_after_seconds: null,
      stale: false,
      registered_at: '2023-11-14T22:13:20.000Z',
      created_at: '2023-11-14T22:13:20.000Z',
      warnings: [],
    });
    expect((await put('nightly', NIGHTLY)).status).to.equal(200);
  });

  it('takes back what it gave, nulls and all', async () => {
    const body = { ...HOLIDAY, url: 'https://jobs.lan/7', expires_after_seconds: 3600, model: 'qwen', timezone: 'Europe/Berlin' };
    const { id, stale, registered_at, created_at, warnings, ...given } = bodyOf<WireRegisteredSchedule>(await put('workshop', body));
    expect([id, stale, registered_at, created_at, warnings]).to.have.length(5);
    expect(given).to.deep.equal({
      ...body,
      windows: [{ start: '2023-11-15T06:30:00.000Z', end: '2023-11-15T07:00:00.000Z' }],
      cluster: 'default',
      cron: null,
      duration_seconds: null,
    });
    const again = await put('workshop', given);
    expect(again.status).to.equal(200);
    expect(server.audit.entries).to.have.length(1);
  });

  it('warns of a model that is not there yet, and takes it', async () => {
    const answer = await put('nightly', { ...NIGHTLY, model: 'qwem' });
    expect(answer.status).to.equal(201);
    expect(bodyOf<WireRegisteredSchedule>(answer).warnings[0]).to.contain('Did you mean qwen?');
  });

  it('tells who registered what in the audit trail', async () => {
    await put('nightly', NIGHTLY);
    await remove('nightly');
    expect(server.audit.entries.map(({ action, target, actor }) => [action, target, actor.name, actor.requestId !== null])).to.deep.equal([
      ['schedule_registered', 'nightly', 'anonymous@127.0.0.1', true],
      ['schedule_removed', 'nightly', 'anonymous@127.0.0.1', true],
    ]);
  });

  it('refuses the schedule of another owner with 409', async () => {
    await put('nightly', NIGHTLY);
    const answer = await put('nightly', { ...NIGHTLY, owner: 'n8n' });
    expect(answer.status).to.equal(409);
    expect(bodyOf<WireProblem>(answer)).to.include({ code: 'READ_ONLY' });
    expect(bodyOf<WireProblem>(answer).detail).to.contain('cron:nightly');
  });

  it('removes with 204, and answers 404 afterwards', async () => {
    await put('nightly', NIGHTLY);
    const gone = await remove('nightly');
    expect([gone.status, gone.text]).to.deep.equal([204, '']);
    expect((await remove('nightly')).status).to.equal(404);
    expect((await remove('no%20key%2F..')).status).to.equal(404);
  });

  const window = (start: string, end: string) => ({ owner: 'ada', title: 'x', windows: [{ start, end }] });
  const refusals: readonly (readonly [string, unknown, readonly string[]])[] = [
    ['a cron that never fires', { ...NIGHTLY, cron: '0 0 30 2 *' }, ['/cron bad_cron']],
    ['an unknown zone', { ...NIGHTLY, timezone: 'Europe/Atlantis' }, ['/timezone bad_timezone']],
    ['a window that ends before it starts', window('2026-01-02T00:00:00Z', '2026-01-01T00:00:00Z'), ['/windows/0/end ends_before_start']],
    [
      'a window that ends before it starts, by its offset',
      window('2026-01-01T00:00:00Z', '2026-01-01T01:00:00+02:00'),
      ['/windows/0/end ends_before_start'],
    ],
    ['neither cron nor windows', { owner: 'ada', title: 'x' }, ['/cron required']],
    ['a cron without duration', { ...NIGHTLY, duration_seconds: null }, ['/duration_seconds required']],
    ['the 30th of February', window('2026-02-30T00:00:00Z', '2026-03-05T00:00:00Z'), ['/windows/0/start format']],
    ['24 o’clock', window('2026-02-27T00:00:00Z', '2026-02-27T24:00:00Z'), ['/windows/0/end format']],
    ['a leap second', window('2016-12-31T23:59:60Z', '2017-01-01T00:00:00Z'), ['/windows/0/start format']],
    ['a time without offset', window('2026-02-27T00:00:00', '2026-02-28T00:00:00Z'), ['/windows/0/start format']],
    ['a time that is a number', window(5 as never, '2026-02-28T00:00:00Z'), ['/windows/0/start wrong_type']],
    ['a duration of nothing', { ...NIGHTLY, duration_seconds: 0 }, ['/duration_seconds too_small']],
    ['a duration of more than a week', { ...NIGHTLY, duration_seconds: 604_801 }, ['/duration_seconds too_large']],
    ['a URL with credentials', { ...NIGHTLY, url: 'https://ada:secret@jobs.lan/' }, ['/url bad_url']],
    ['an empty owner', { ...NIGHTLY, owner: ' ' }, ['/owner pattern']],
    ['a field that nobody knows', { ...NIGHTLY, command: 'rm -rf /' }, ['/command unknown_field']],
    [
      'a body that says when it was registered',
      { ...NIGHTLY, registered_at: '2026-01-01T00:00:00.000Z' },
      ['/registered_at unknown_field'],
    ],
  ];
  for (const [what, body, issues] of refusals) {
    it(`refuses ${what} with 422 and a path`, async () => {
      expect(pathsOf(await put('plan', body))).to.deep.equal(issues);
    });
  }

  it('refuses an id that is no key, and never shows a password', async () => {
    expect(pathsOf(await put('No%20Key', NIGHTLY))).to.deep.equal(['/path/id bad_key']);
    expect(pathsOf(await put('lock', NIGHTLY))).to.deep.equal(['/path/id bad_key']);
    expect((await put('plan', { ...NIGHTLY, url: 'https://ada:secret@jobs.lan/' })).text).to.not.contain('secret');
  });

  it('refuses an unknown cluster with 404', async () => {
    const answer = await put('plan', { ...NIGHTLY, cluster: 'defualt' });
    expect(answer.status).to.equal(404);
    expect(bodyOf<WireProblem>(answer).detail).to.contain('Did you mean default?');
  });

  it('shows the next seven days, by start, with conflicts on both sides', async () => {
    await put('nightly', NIGHTLY);
    await put('workshop', HOLIDAY);
    const { from, to, items, schedules, cut_at } = bodyOf<WireCalendar>(await calendar());
    expect([from, to, cut_at]).to.deep.equal(['2023-11-14T22:13:20.000Z', '2023-11-21T22:13:20.000Z', null]);
    expect(items.map(({ schedule, start }) => `${schedule} ${start.slice(8, 16)}`).slice(0, 3)).to.deep.equal([
      'nightly 15T06:00',
      'workshop 15T06:30',
      'nightly 16T06:00',
    ]);
    expect(items).to.have.length(8);
    expect(items[0]?.conflicts).to.deep.equal([
      {
        kind: 'schedule',
        with: 'workshop',
        detail: 'ada plans "Workshop"',
        start: '2023-11-15T06:30:00.000Z',
        end: '2023-11-15T07:00:00.000Z',
      },
    ]);
    expect(items[1]?.conflicts.map((conflict) => conflict.with)).to.deep.equal(['nightly']);
    expect(schedules.map(({ id }) => id)).to.deep.equal(['nightly', 'workshop']);
  });

  it('shows a lock that somebody else holds', async () => {
    await put('now', { owner: 'ada', title: 'x', windows: [{ start: '2023-11-14T22:00:00Z', end: '2023-11-14T23:00:00Z' }] });
    const lock = someLockFacts({ holder: 'bob', reason: 'fix', expiresAt: NOW + 600_000 });
    server.core.locks.views = () => [aLockView({ state: 'held', lock })];
    const [first] = bodyOf<WireCalendar>(await calendar()).items;
    expect(first?.conflicts).to.deep.equal([
      {
        kind: 'lock',
        with: 'bob',
        detail: 'bob holds the lock until 2023-11-14T22:23:20.000Z (fix)',
        start: '2023-11-14T22:13:20.000Z',
        end: '2023-11-14T22:23:20.000Z',
      },
    ]);
  });

  it('takes any window of up to 400 days, in any offset', async () => {
    await put('nightly', NIGHTLY);
    const answer = await calendar('?from=2026-03-01T00:00:00%2B02:00&to=2026-03-02T08:00:00-01:00');
    const { from, to, items } = bodyOf<WireCalendar>(answer);
    expect([from, to, items.length]).to.deep.equal(['2026-02-28T22:00:00.000Z', '2026-03-02T09:00:00.000Z', 2]);
    expect(bodyOf<WireCalendar>(await calendar('?from=2026-01-01T00:00:00Z&to=2027-02-05T00:00:00Z')).items).to.have.length(400);
    // Seven days more than there are: the end is shown as the last that can be said.
    expect(bodyOf<WireCalendar>(await calendar('?from=9999-12-30T00:00:00Z')).to).to.equal('9999-12-31T23:59:59.999Z');
  });

  it('says where it was cut', async () => {
    await put('busy', { ...NIGHTLY, cron: '* * * * *', duration_seconds: 1 });
    const { items, cut_at } = bodyOf<WireCalendar>(await calendar('?from=2026-01-01T00:00:00Z&to=2027-01-01T00:00:00Z'));
    expect([items.length, cut_at]).to.deep.equal([5_000, '2026-01-04T11:20:00.000Z']);
  });

  const queries: readonly (readonly [string, readonly string[]])[] = [
    ['?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z', ['/query/to ends_before_start']],
    ['?from=2026-01-01T00:00:00Z&to=2026-01-01T00:00:00Z', ['/query/to ends_before_start']],
    ['?to=2020-01-01T00:00:00Z', ['/query/to ends_before_start']],
    ['?from=2026-01-01T00:00:00Z&to=2027-02-05T00:00:00.001Z', ['/query/to too_large']],
    ['?from=2026-02-30T00:00:00Z', ['/query/from format']],
    ['?from=tomorrow&to=2026-01-01', ['/query/from format', '/query/to format']],
    ['?from=2026-03-01T00:00:00+02:00', ['/query/from format']],
    ['?cluster=No%20Key', ['/query/cluster pattern']],
    ['?limit=5', ['/query/limit unknown_field']],
  ];
  for (const [query, issues] of queries) {
    it(`refuses ${query} with 422 and a path`, async () => {
      expect(pathsOf(await calendar(query))).to.deep.equal(issues);
    });
  }

  it('says what becomes of a + in a query', async () => {
    expect(bodyOf<WireProblem>(await calendar('?from=2026-03-01T00:00:00+02:00')).detail).to.contain('%2B');
  });
});

describe('/api/schedules with several clusters', () => {
  it('holds those of the cluster that is asked for; without one, `default` is meant, and with null none', async () => {
    const core = new ScriptedCore();
    core.clusters = [aCluster({ key: clusterKey('solo') }), aCluster()];
    const server = await startServer({}, core);
    const put = async (id: string, cluster?: string | null) => {
      const body = JSON.stringify({ ...HOLIDAY, ...(cluster !== undefined && { cluster }) });
      await ask(server.port, `/api/schedules/${id}`, { method: 'PUT', headers: { 'content-type': 'application/json' }, body });
    };
    await put('a');
    await put('b', 'solo');
    await put('c', null);
    const ids = async (query: string) => {
      const { items, schedules } = bodyOf<WireCalendar>(await ask(server.port, `/api/schedules${query}`));
      expect(schedules.map(({ id }) => id)).to.have.members(items.map(({ schedule }) => schedule));
      return items.map(({ schedule, cluster, conflicts }) => `${schedule} ${cluster} ${conflicts.length}`);
    };
    expect(await ids('')).to.have.members(['a default 0', 'b solo 0', 'c null 0']);
    expect(await ids('?cluster=solo')).to.deep.equal(['b solo 0']);
    expect(await ids('?cluster=nowhere')).to.deep.equal([]);
    await server.close();
  });
});
