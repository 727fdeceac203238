import { type Actor, type HostDesk, type HostTestReport, hostKey, SparkError } from '@spark-control/core';
import { HostEvent } from '@spark-control/schema';
import { expect } from 'chai';
import { expectDocumented, expectFits, routeOf } from '../support/documented.ts';
import { EventReader } from '../support/event-reader.ts';
import { type Answer, ask, bodyOf, startServer, type TestServer } from '../support/test-server.ts';

const PIN = `SHA256:${'p'.repeat(43)}`;
const TEST = '/api/hosts/{key}/test';
const TRUST = '/api/hosts/{key}/trust';

const aReport = (over: Partial<HostTestReport> = {}): HostTestReport => ({
  host: hostKey('spark1'),
  ok: false,
  steps: [
    { name: 'resolve', status: 'pass', detail: '10.0.0.1 is 10.0.0.1.', hint: null, measured: '10.0.0.1', durationMs: 2 },
    { name: 'host_key', status: 'fail', detail: 'It is not trusted.', hint: 'First compare.', measured: PIN, durationMs: 30 },
  ],
  fingerprint: PIN,
  trusted: false,
  ...over,
});

describe('the routes of the way to hosts', () => {
  let server: TestServer;
  const trusted: (readonly [host: string, fingerprint: string, actor: Actor])[] = [];
  let desk: HostDesk;
  beforeEach(async () => {
    trusted.splice(0);
    desk = {
      test: async () => aReport(),
      trust: async (host, fingerprint, actor) => void trusted.push([host, fingerprint, actor]),
      pinOf: (host) => trusted.findLast(([key]) => key === host)?.[1] ?? null,
    };
    server = await startServer({ hosts: desk });
  });
  afterEach(() => server.close());

  const call = async (pattern: string, body: unknown, key = 'spark1'): Promise<Answer> => {
    const sent = body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    const answer = await ask(server.port, pattern.replace('{key}', key), { method: 'POST', ...sent });
    expectDocumented(routeOf('POST', pattern), answer);
    return answer;
  };

  it('answer a test with every step, whether it passed or not', async () => {
    const answer = await call(TEST, undefined);
    expect(answer.status).to.equal(200);
    expect(bodyOf(answer)).to.deep.equal({
      ...{ host: 'spark1', ok: false, fingerprint: PIN, trusted: false },
      steps: [
        { name: 'resolve', status: 'pass', detail: '10.0.0.1 is 10.0.0.1.', hint: null, measured: '10.0.0.1', duration_ms: 2 },
        { name: 'host_key', status: 'fail', detail: 'It is not trusted.', hint: 'First compare.', measured: PIN, duration_ms: 30 },
      ],
    });
    expect((await call(TEST, {})).status).to.equal(200);
    expect((await call(TEST, { deep: true })).status).to.equal(422);
  });

  it('trust a host and show it with its pin, there and everywhere', async () => {
    server.core.swaps = async () => [];
    const reader = await EventReader.open(server.port, '/api/events');
    await reader.received(1);
    const answer = await call(TRUST, { fingerprint: PIN });
    expect(answer.status).to.equal(200);
    expect(bodyOf(answer)).to.include({ key: 'spark1', fingerprint: PIN });
    expect(trusted).to.deep.include([
      'spark1',
      PIN,
      { name: 'anonymous@127.0.0.1', address: '127.0.0.1', requestId: trusted[0]?.[2].requestId },
    ]);
    expect(bodyOf(await ask(server.port, '/api/hosts/spark1'))).to.include({ fingerprint: PIN });
    const { hosts } = bodyOf<{ hosts: { key: string; fingerprint: string | null }[] }>(await ask(server.port, '/api/status'));
    expect(hosts.map(({ fingerprint }) => fingerprint)).to.deep.equal([PIN, null]);
    server.core.emit({
      ...{ kind: 'host', cluster: server.core.clusters[0]!.key, at: 1, observedAt: 1 },
      reports: [{ host: hostKey('spark1'), reachable: false, code: 'HOST_UNREACHABLE', reason: 'away' }],
    });
    await reader.received(2);
    expectFits(HostEvent, reader.events[1]?.data, 'a host event');
    expect(reader.events[1]?.data).to.include({ fingerprint: PIN });
    reader.cut();
  });

  it('refuse what is no fingerprint', async () => {
    for (const fingerprint of ['', 'MD5:aa:bb', PIN.slice(0, -1), `${PIN}x`, `${PIN}\n`, null, 7]) {
      expect((await call(TRUST, { fingerprint })).status, String(fingerprint)).to.equal(422);
    }
    expect((await call(TRUST, {})).status).to.equal(422);
    expect(trusted).to.deep.equal([]);
  });

  for (const [code, status] of [
    ['HOST_KEY_MISMATCH', 502],
    ['HOST_UNREACHABLE', 502],
    ['READ_ONLY', 409],
    ['STORE_UNAVAILABLE', 503],
  ] as const) {
    it(`say ${code} with ${status}`, async () => {
      desk.trust = async () => {
        throw new SparkError(code, 'why not');
      };
      const answer = await call(TRUST, { fingerprint: PIN });
      expect([answer.status, bodyOf(answer)['code']]).to.deep.equal([status, code]);
    });
  }

  it('know no other host', async () => {
    expect((await call(TEST, {}, 'spark9')).status).to.equal(404);
    expect((await call(TRUST, { fingerprint: PIN }, 'spark9')).status).to.equal(404);
  });

  it('say so where hosts were joined by other means', async () => {
    const other = await startServer();
    const answer = await ask(other.port, '/api/hosts/spark1/test', { method: 'POST' });
    expectDocumented(routeOf('POST', TEST), answer);
    expect(bodyOf(answer)).to.include({ code: 'NOT_SUPPORTED' });
    expect(bodyOf(await ask(other.port, '/api/hosts/spark1'))).to.include({ fingerprint: null });
    await other.close();
  });
});
