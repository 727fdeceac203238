import { type Actor, type SettingChange, SparkError } from '@spark-control/core';
import { expect } from 'chai';
import { expectDocumented, routeOf } from './support/documented.ts';
import { ScriptedSettings, someSettings } from './support/scripted-settings.ts';
import { type Answer, ask, bodyOf, startServer, type TestServer } from './support/test-server.ts';

describe('the routes of settings', () => {
  let server: TestServer;
  let desk: ScriptedSettings;
  beforeEach(async () => {
    desk = new ScriptedSettings();
    server = await startServer({ settings: desk });
  });
  afterEach(() => server.close());

  const call = async (method: 'GET' | 'PATCH', body?: unknown, headers: Record<string, string> = {}): Promise<Answer> => {
    const sent =
      body === undefined ? { headers } : { body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } };
    const answer = await ask(server.port, '/api/settings', { method, ...sent });
    expectDocumented(routeOf(method, '/api/settings'), answer);
    return answer;
  };

  it('show them with their revision', async () => {
    const answer = await call('GET');
    expect(answer.headers.etag).to.equal('"abc123"');
    expect(bodyOf(answer)).to.deep.include({ warnings: [], restart_required: false });
    expect(bodyOf<{ items: unknown[] }>(answer).items).to.deep.equal(someSettings().settings);
  });

  it('change them for who has seen that revision', async () => {
    const seen: [readonly SettingChange[], string | null, Actor][] = [];
    desk.change = async (...given) => {
      seen.push(given);
      return someSettings({ revision: 'def', restartRequired: true });
    };
    const changes = [
      { path: '/server/port', value: 9000 },
      { path: '/hosts/a', value: { address: 'x' } },
      { path: '/limits', value: null },
    ];
    const answer = await call('PATCH', { changes }, { 'if-match': '"abc123"' });
    expect([answer.status, answer.headers.etag, bodyOf(answer)['restart_required']]).to.deep.equal([200, '"def"', true]);
    for (const etag of ['W/"abc123"', '*', '']) await call('PATCH', { changes }, { 'if-match': etag });
    expect(seen.map(([, expected]) => expected)).to.deep.equal(['abc123', 'abc123', null, null]);
    expect(seen[0]?.[0]).to.deep.equal(changes);
    expect(seen[0]?.[2].name).to.match(/^anonymous@/);
  });

  it('pass on why a change is refused', async () => {
    const refusals = [
      ['READ_ONLY', 409],
      ['STALE_REVISION', 412],
      ['INVALID_SETTINGS', 422],
      ['STORE_UNAVAILABLE', 503],
    ] as const;
    for (const [code, status] of refusals) {
      const issues = [{ path: '/server/port', code: 'bad_number', message: 'Too large.' }];
      desk.change = async () => {
        throw new SparkError(code, 'No.', { details: code === 'INVALID_SETTINGS' ? { issues } : {} });
      };
      const answer = await call('PATCH', { changes: [{ path: '/server/port', value: 1 }] });
      expect([answer.status, bodyOf(answer)['code']]).to.deep.equal([status, code]);
      if (code === 'INVALID_SETTINGS') expect(bodyOf(answer)['issues']).to.deep.equal(issues);
    }
  });

  it('take nothing but changes', async () => {
    for (const body of [
      {},
      { changes: [] },
      { changes: [{ path: 'x', value: 1 }] },
      { changes: [{ path: '/x' }] },
      { changes: [], more: 1 },
    ])
      expect((await call('PATCH', body)).status).to.equal(422);
  });
});
