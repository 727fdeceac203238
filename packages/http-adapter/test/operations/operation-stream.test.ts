import { hostKey, type Operation } from '@spark-control/core';
import { OperationLogEvent, Operation as OperationSchema } from '@spark-control/schema';
import { expect } from 'chai';
import { aSwap } from '../../../core/test/support/builders.ts';
import { settle } from '../../../core/test/support/fake-clock.ts';
import { OperationBench, type ScriptedWork } from '../../../core/test/support/operation-bench.ts';
import { aPart } from '../../../core/test/support/operation-samples.ts';
import { expectFits } from '../support/documented.ts';
import { EventReader } from '../support/event-reader.ts';
import { ask, startServer, type TestServer } from '../support/test-server.ts';

const STREAM = '/api/operations/op_0001/stream';

describe('the stream of an operation', () => {
  let server: TestServer;
  let bench: OperationBench;
  let operation: Operation;
  let work: ScriptedWork;
  beforeEach(async () => {
    bench = new OperationBench();
    server = await startServer({ operations: bench.desk, clock: bench.clock });
    server.core.swaps = async () => [];
    ({ operation, work } = await bench.begin());
    await bench.clock.advance(500);
  });
  afterEach(() => server.close());

  const open = (lastEventId?: string, path = STREAM) =>
    EventReader.open(server.port, path, lastEventId === undefined ? {} : { lastEventId });
  const report = async (doneBytes: number): Promise<void> => {
    work.context.report([aPart('spark1', { status: 'running', doneBytes })]);
    await bench.clock.advance(500);
  };
  const doneBytesOf = ({ data }: { data: Record<string, unknown> }): unknown => (data['progress'] as Record<string, unknown>)['done_bytes'];

  it('begins with a snapshot and the log so far, tells each state and line, and ends with the operation', async () => {
    work.context.log(hostKey('spark1'), 'before');
    const reader = await open();
    await reader.received(2);
    await report(1);
    work.context.log(null, 'shard 1/2');
    await report(2);
    const other = await bench.begin();
    other.work.context.log(null, 'of another');
    server.core.emitSwap(aSwap());
    await work.succeed({ bytes: 2 });
    await reader.ended();
    expect(reader.names).to.deep.equal(['snapshot', 'log', 'progress', 'log', 'progress', 'settled']);
    expect(reader.events.map(({ id }) => id)).to.deep.equal(['1', null, '2', null, '3', '4']);
    expect(reader.events[3]?.data).to.deep.equal({ seq: 2, host: null, at: '2023-11-14T22:13:21.000Z', line: 'shard 1/2' });
    expect(reader.events[5]?.data).to.deep.include({ state: 'succeeded', result: { bytes: 2 } });
    for (const { event, data } of reader.events) expectFits(event === 'log' ? OperationLogEvent : OperationSchema, data, event);
  });

  it('has the headers and the first words of the contract, and a heartbeat', async () => {
    const reader = await open();
    await reader.received(1);
    expect(reader.headers).to.include({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    });
    expect(reader.raw).to.match(/^retry: 2000\n\nid: 1\nevent: snapshot\ndata: \{/);
    await bench.clock.advance(15_000);
    await reader.until(() => reader.raw.includes(': alive'));
    reader.cut();
  });

  it('gives the present state in place of a snapshot after a known Last-Event-ID, when there is a newer one', async () => {
    await report(1);
    await report(2);
    const behind = await open('1');
    await behind.received(1);
    expect(behind.names).to.deep.equal(['progress']);
    expect(behind.ids).to.deep.equal([3]);
    expect(doneBytesOf(behind.events[0]!)).to.equal(2);
    const even = await open('3');
    await report(3);
    await even.received(1);
    expect(even.ids).to.deep.equal([4]);
    behind.cut();
    even.cut();
  });

  for (const unknown of ['0', '99', 'abc', '-1', '1e3', '']) {
    it(`gives a new snapshot to the unknown Last-Event-ID "${unknown}"`, async () => {
      const reader = await open(unknown);
      await reader.received(1);
      expect(reader.events[0]).to.deep.include({ event: 'snapshot', id: '1' });
      reader.cut();
    });
  }

  it('of one that is over is its snapshot, its log and its end, and 204 to a Last-Event-ID at that end', async () => {
    work.context.log(null, 'one');
    await work.succeed();
    const reader = await open();
    await reader.ended();
    expect(reader.names).to.deep.equal(['snapshot', 'log', 'settled']);
    expect(reader.events.map(({ id }) => id)).to.deep.equal(['2', null, '2']);
    expect((await ask(server.port, STREAM, { headers: { 'last-event-id': '2' } })).status).to.equal(204);
    const late = await open('1');
    await late.ended();
    expect(late.names).to.deep.equal(['log', 'settled']);
  });

  it('loses and repeats nothing between snapshot and live, whenever something happens', async () => {
    const { get } = bench.desk;
    bench.desk.get = async (id) => {
      work.context.log(null, 'one');
      await report(1);
      const found = await get.call(bench.desk, id);
      work.context.log(null, 'two');
      await report(2);
      return found;
    };
    const reader = await open();
    await reader.until(() => reader.ids.length >= 1);
    await report(9);
    await work.succeed();
    await reader.ended();
    const from = Number(reader.events[0]?.id);
    expect(reader.ids).to.deep.equal(Array.from({ length: reader.ids.length }, (_, n) => from + 1 + n));
    expect(reader.events.filter(({ event }) => event === 'log').map(({ data }) => data['seq'])).to.deep.equal([1, 2]);
    expect(reader.names.at(-1)).to.equal('settled');
  });

  it('goes on over a restart of the control plane with higher numbers', async () => {
    await report(1);
    await bench.restart();
    const restarted = await startServer({ operations: bench.desk, clock: bench.clock });
    const reader = await EventReader.open(restarted.port, STREAM, { lastEventId: '2' });
    await reader.received(1);
    expect(reader.names).to.deep.equal(['progress']);
    expect(reader.ids[0]).to.be.greaterThan(1_000_000);
    await restarted.close();
  });

  describe('on /api/events', () => {
    const EVENTS = '/api/events';

    it('is told whole each time and without a number, and its lines are not', async () => {
      const reader = await open(undefined, EVENTS);
      await reader.received(1);
      expect((reader.events[0]!.data['operations'] as { id: string }[]).map(({ id }) => id)).to.deep.equal(['op_0001']);
      await report(1);
      work.context.log(null, 'not here');
      server.core.emitSwap(aSwap());
      await work.succeed();
      await reader.received(4);
      expect(reader.events.map(({ id, event }) => [id, event])).to.deep.equal([
        ['0', 'snapshot'],
        [null, 'operation'],
        ['1', 'swap'],
        [null, 'operation'],
      ]);
      for (const { event, data } of reader.events) if (event === 'operation') expectFits(OperationSchema, data, event);
      expect(reader.events[3]?.data).to.include({ id: operation.id, state: 'succeeded' });
      reader.cut();
    });

    it('is told again to a reader that comes back, since nobody knows what it missed', async () => {
      server.core.emitSwap(aSwap());
      server.core.emitSwap(aSwap());
      await report(4);
      const reader = await open('1', EVENTS);
      await reader.received(2);
      expect(reader.names).to.deep.equal(['swap', 'operation']);
      expect(doneBytesOf(reader.events[1]!)).to.equal(4);
      await settle();
      await report(5);
      await reader.received(3);
      expect(doneBytesOf(reader.events[2]!)).to.equal(5);
      reader.cut();
    });
  });
});
