import { clusterKey, hostKey, modelKey, type NumberedEvent, swapId } from '@spark-control/core';
import { HostEvent, Lock } from '@spark-control/schema';
import { expect } from 'chai';
import { aSwap } from '../../../core/test/support/builders.ts';
import { settle } from '../../../core/test/support/fake-clock.ts';
import { MAX_STREAMS_PER_ADDRESS } from '../../src/streams/stream-limits.ts';
import { expectFits } from '../support/documented.ts';
import { EventReader } from '../support/event-reader.ts';
import { aView } from '../support/scripted-core.ts';
import { aLockView, someLockFacts } from '../support/scripted-locks.ts';
import { ask, bodyOf, startServer, type TestServer } from '../support/test-server.ts';

const DEFAULT = clusterKey('default');

describe('/api/events', () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startServer();
    server.core.swaps = async () => [];
  });
  afterEach(() => server.close());

  const open = (lastEventId?: string, path = '/api/events') =>
    EventReader.open(server.port, path, lastEventId === undefined ? {} : { lastEventId });

  it('tells of swaps, models and hosts, whole each time', async () => {
    const reader = await open();
    await reader.received(1);
    server.core.emitSwap(aSwap());
    server.core.emitSwap(aSwap(), 'progress');
    const view = aView({ serving: { kind: 'model', model: modelKey('qwen') }, runtime: 'running', isHealthy: true });
    server.core.emit({ id: 3, kind: 'model', cluster: DEFAULT, swapId: null, at: 0, view });
    server.core.emit({
      kind: 'host',
      cluster: DEFAULT,
      at: 1_700_000_000_000,
      observedAt: 1_700_000_001_000,
      reports: [
        { host: hostKey('spark1'), reachable: false, code: 'HOST_UNREACHABLE', reason: 'timed out' },
        { host: hostKey('gone'), reachable: false, code: 'HOST_UNREACHABLE', reason: 'not of this cluster' },
      ],
    });
    server.core.emitLog(swapId('swp_1'), 1, 'not asked for');
    server.core.emitSwap(aSwap());
    await reader.received(6);
    expect(reader.names).to.deep.equal(['snapshot', 'swap', 'swap', 'model', 'host', 'swap']);
    expect(reader.events.map(({ id }) => id)).to.deep.equal(['0', '1', '2', '3', null, '4']);
    expect(reader.events[0]?.data).to.include({ version: '1.2.3', last_event_id: 0 });
    expect(reader.events[3]?.data).to.include({ key: 'default', serving: 'qwen', healthy: true });
    expect(reader.events[4]?.data).to.include({ key: 'spark1', reachable: false, code: 'HOST_UNREACHABLE', reason: 'timed out' });
    expect(reader.events[4]?.data).to.include({ at: '2023-11-14T22:13:20.000Z', observed_at: '2023-11-14T22:13:21.000Z' });
    expectFits(HostEvent, reader.events[4]?.data, 'a host event');
    reader.cut();
  });

  it('tells of locks and of the line before them, whole each time', async () => {
    const reader = await open();
    await reader.received(1);
    const lock = aLockView({ state: 'held', lock: someLockFacts(), lastFence: 7 });
    const queue = [{ holder: 'alice', since: 1_700_000_000_000 }];
    server.core.emit({ id: 1, kind: 'lock', cluster: DEFAULT, swapId: null, at: 0, lock });
    server.core.emit({ id: 2, kind: 'lock', cluster: DEFAULT, swapId: null, at: 0, lock: { ...lock, queue } });
    const elsewhere = aLockView({ cluster: clusterKey('gone') });
    server.core.emit({ id: 3, kind: 'lock', cluster: elsewhere.cluster, swapId: null, at: 0, lock: elsewhere });
    server.core.emitSwap(aSwap());
    await reader.received(4);
    expect(reader.events.map(({ id, event }) => [id, event])).to.deep.equal([
      ['0', 'snapshot'],
      ['1', 'lock'],
      ['2', 'lock'],
      ['4', 'swap'],
    ]);
    for (const { data } of reader.events.slice(1, 3)) expectFits(Lock, data, 'a lock event');
    expect(reader.events[1]?.data).to.include({ cluster: 'default', held: true, state: 'held', last_fence: 7 });
    expect(reader.events[2]?.data['queue']).to.deep.equal([{ holder: 'alice', since: '2023-11-14T22:13:20.000Z' }]);
    reader.cut();
    const resumed = await open('0');
    expect(
      (await resumed.received(3)).map(({ event }) => event),
      'replayed from the journal',
    ).to.deep.equal(['lock', 'lock', 'swap']);
    resumed.cut();
  });

  it('shows the lock of every cluster in its snapshot', async () => {
    const held = aLockView({ state: 'held', lock: someLockFacts() });
    server.core.locks.views = () => [held, aLockView({ cluster: clusterKey('other') })];
    const reader = await open();
    const [snapshot] = await reader.received(1);
    const locks = snapshot?.data['locks'] as { cluster: string; held: boolean }[];
    expect(locks.map(({ cluster, held: isHeld }) => [cluster, isHeld])).to.deep.equal([
      ['default', true],
      ['other', false],
    ]);
    reader.cut();
  });

  it('sends log lines of the swaps that were asked for', async () => {
    server.core.emitLog(swapId('swp_1'), 1, 'earlier');
    const reader = await open(undefined, '/api/events?logs=swp_1,swp_9');
    await reader.received(2);
    server.core.emitLog(swapId('swp_2'), 1, 'of another');
    server.core.emitLog(swapId('swp_1'), 2, 'later');
    const lines = (await reader.received(3)).slice(1).map(({ data }) => [data['swap_id'], data['seq'], data['line']]);
    expect(lines).to.deep.equal([
      ['swp_1', 1, 'earlier'],
      ['swp_1', 2, 'later'],
    ]);
    reader.cut();
    expect((await ask(server.port, '/api/events?logs=../x')).status).to.equal(422);
  });

  it('every reader gets every number once, over cuts at any place', async () => {
    const seen: number[] = [];
    let reader = await open();
    await reader.received(1);
    for (let round = 0; round < 20; round += 1) {
      for (let n = 0; n < 7; n += 1) server.core.emitSwap(aSwap(), n % 2 === 0 ? 'swap' : 'progress');
      const wanted = round % 4; // so many are read before the cut, some are still on their way
      await reader.until(() => reader.ids.length >= wanted);
      reader.cut();
      seen.push(...reader.ids);
      reader = await open(String(seen.at(-1) ?? 0));
    }
    const newest = server.core.journal.at(-1)?.id ?? 0;
    await reader.until(() => reader.ids.at(-1) === newest);
    seen.push(...reader.ids);
    reader.cut();
    expect(seen).to.deep.equal(Array.from({ length: newest }, (_, n) => n + 1));
  });

  it('brings numbers into order when they come out of order or are skipped', async () => {
    const reader = await open();
    await reader.received(1);
    server.core.emitSwap(aSwap());
    const event = (id: number): NumberedEvent => ({ id, kind: 'swap', cluster: DEFAULT, swapId: swapId('swp_1'), at: 0, swap: aSwap() });
    server.core.journal.push(event(2), event(3), event(4));
    server.core.publish(event(3));
    server.core.publish(event(2));
    server.core.publish(event(4));
    await reader.received(5);
    expect(reader.ids).to.deep.equal([1, 2, 3, 4]);
    reader.cut();
  });

  it('makes each event once for all readers', async () => {
    let estimates = 0;
    server.core.estimate = async () => {
      estimates += 1;
      return { p50Seconds: 10, p90Seconds: 20, samples: 1 };
    };
    server.core.catalog = () => ({ revision: 1, models: [], fault: null });
    const readers = await Promise.all(Array.from({ length: 10 }, () => open()));
    await Promise.all(readers.map((reader) => reader.received(1)));
    for (let n = 0; n < 5; n += 1) server.core.emitSwap(aSwap({ phase: 'loading' }));
    await Promise.all(readers.map((reader) => reader.received(6)));
    expect(estimates).to.equal(1);
    expect(new Set(readers.map(({ raw }) => raw.slice(raw.indexOf('event: swap')))).size).to.equal(1);
    for (const reader of readers) reader.cut();
  });

  it('keeps quiet lines open with a comment each 15 seconds, and no timer without readers', async () => {
    expect(server.clock.sleepers).to.equal(0);
    const reader = await open();
    await reader.received(1);
    await server.clock.advance(15_000);
    await reader.until(() => reader.raw.includes(': alive'));
    await server.clock.advance(15_000);
    await reader.until(() => reader.raw.split(': alive').length === 3);
    expect(reader.names).to.deep.equal(['snapshot']);
    const gone = new Promise((resolve) => server.server.on('request', resolve));
    reader.cut();
    await ask(server.port, '/api/version');
    await gone;
    await server.clock.advance(30_000);
    expect(server.clock.sleepers).to.equal(0);
  });

  it('drops a reader that does not read, and lets it resume', async () => {
    const frozen = await EventReader.open(server.port, '/api/events', { frozen: true });
    const reader = await open();
    await reader.received(1);
    const reason = 'x'.repeat(64 * 1024);
    let sent = 0;
    // Kernel buffers take some megabytes before anything is left unread in this process.
    while (!server.logs.some(({ message }) => message.includes('dropped')) && sent < 1_000) {
      server.core.emitSwap(aSwap({ reason }));
      sent += 1;
      await reader.until(() => reader.ids.length >= sent);
    }
    expect(sent).to.be.lessThan(1_000);
    frozen.resume();
    await frozen.ended();
    const last = frozen.ids.at(-1) ?? 0;
    expect(last).to.be.lessThan(sent);
    const resumed = await open(String(last));
    await resumed.until(() => resumed.ids.length >= sent - last);
    expect(resumed.ids[0]).to.equal(last + 1);
    reader.cut();
    resumed.cut();
  });

  it('takes so many streams of one address and no more, and gives their places back', async () => {
    const readers = await Promise.all(Array.from({ length: MAX_STREAMS_PER_ADDRESS }, () => open()));
    const refused = await ask(server.port, '/api/events');
    expect(refused.status).to.equal(429);
    expect(refused.headers).to.have.property('retry-after');
    expect(bodyOf(refused)).to.include({ code: 'RATE_LIMITED' });
    readers[0]?.cut();
    let again = await open();
    while (again.status === 429) {
      again.cut();
      await settle();
      again = await open();
    }
    expect(again.status).to.equal(200);
    for (const reader of [...readers, again]) reader.cut();
  });

  it('ends when the server stops, asks to come back soon, and takes nothing new', async () => {
    const reader = await open();
    await reader.received(1);
    server.closeStreams();
    server.closeStreams();
    await reader.ended();
    expect(reader.raw).to.match(/retry: 1000\n\n$/);
    expect(server.core.listeners).to.equal(0);
    expect(server.clock.sleepers).to.equal(0);
    const late = await open();
    await late.ended();
    expect(late.status).to.equal(200);
    expect(late.events).to.deep.equal([]);
  });

  it('answers a problem when the snapshot cannot be made', async () => {
    server.core.swaps = async () => {
      throw new TypeError('broken');
    };
    const answer = await ask(server.port, '/api/events');
    expect(answer.status).to.equal(500);
    expect(bodyOf(answer)).to.include({ code: 'INTERNAL' });
  });
});
