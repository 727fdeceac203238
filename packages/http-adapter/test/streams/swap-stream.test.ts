import { type Swap, swapId } from '@spark-control/core';
import { expect } from 'chai';
import { aSwap } from '../../../core/test/support/builders.ts';
import { settle } from '../../../core/test/support/fake-clock.ts';
import { EventReader } from '../support/event-reader.ts';
import { ask, startServer, type TestServer } from '../support/test-server.ts';

const STREAM = '/api/swap/swp_1/stream';
const ID = swapId('swp_1');

describe('the stream of a swap', () => {
  let server: TestServer;
  let swap: Swap;
  beforeEach(async () => {
    server = await startServer();
    swap = aSwap({ phase: 'validating' });
    server.core.swap = async (id) => (id === ID ? swap : null);
  });
  afterEach(() => server.close());

  const open = (lastEventId?: string) => EventReader.open(server.port, STREAM, lastEventId === undefined ? {} : { lastEventId });
  const step = (phase: Swap['phase'], kind: 'swap' | 'progress' = 'swap'): void => {
    swap = aSwap({ phase });
    server.core.emitSwap(swap, kind);
  };

  it('begins with a snapshot, tells each step and line, and ends when the swap settles', async () => {
    server.core.emitLog(ID, 1, 'before');
    const reader = await open();
    await reader.received(2);
    step('loading');
    step('loading', 'progress');
    server.core.emitLog(ID, 2, 'weights 1/2');
    server.core.emitSwap(aSwap({ id: swapId('swp_2'), phase: 'ready' }));
    server.core.emitLog(swapId('swp_2'), 1, 'of another');
    step('ready');
    await reader.ended();
    expect(reader.names).to.deep.equal(['snapshot', 'log', 'phase', 'progress', 'log', 'settled']);
    expect(reader.events.map(({ id }) => id)).to.deep.equal(['0', null, '1', '2', null, '4']);
    expect(reader.events[0]?.data).to.include({ id: 'swp_1', phase: 'validating' });
    expect(reader.events[4]?.data).to.deep.equal({ seq: 2, host: 'spark1', at: '2023-11-14T22:13:20.000Z', line: 'weights 1/2' });
    expect(reader.events[5]?.data).to.include({ phase: 'ready', settled: true });
  });

  it('has the headers and the first words of the contract', async () => {
    const reader = await open();
    await reader.received(1);
    expect(reader.headers).to.include({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    });
    expect(reader.raw).to.match(/^retry: 2000\n\nid: 0\nevent: snapshot\ndata: \{/);
    reader.cut();
  });

  it('replays after a known Last-Event-ID, without a snapshot, and goes on live', async () => {
    for (const phase of ['draining', 'stopping', 'launching'] as const) step(phase);
    server.core.emitSwap(aSwap({ id: swapId('swp_2') }));
    const reader = await open('1');
    await reader.received(2);
    step('loading');
    step('ready');
    await reader.ended();
    expect(reader.names).to.deep.equal(['phase', 'phase', 'phase', 'settled']);
    expect(reader.ids).to.deep.equal([2, 3, 5, 6]);
  });

  for (const unknown of ['0', '99', 'abc', '-1', '1e3', '']) {
    it(`gives a new snapshot to the unknown Last-Event-ID "${unknown}"`, async () => {
      for (const phase of ['draining', 'stopping', 'launching'] as const) step(phase);
      server.core.journal.shift();
      server.core.journal.shift();
      const reader = await open(unknown);
      await reader.received(1);
      expect(reader.events[0]).to.deep.include({ event: 'snapshot', id: '3' });
      reader.cut();
    });
  }

  it('of a settled swap is its snapshot and its end', async () => {
    step('draining');
    step('ready');
    server.core.emitLog(ID, 1, 'line');
    const reader = await open();
    await reader.ended();
    expect(reader.names).to.deep.equal(['snapshot', 'log', 'settled']);
    expect(reader.events.map(({ id }) => id)).to.deep.equal(['2', null, '2']);
  });

  it('that has ended answers 204 to a Last-Event-ID at its end, and what is missing to an earlier one', async () => {
    step('draining');
    step('ready');
    expect((await ask(server.port, STREAM, { headers: { 'last-event-id': '2' } })).status).to.equal(204);
    const reader = await open('1');
    await reader.ended();
    expect(reader.names).to.deep.equal(['settled']);
    expect(reader.ids).to.deep.equal([2]);
    // Other swaps go on and move the journal; the end of this one stays its end.
    server.core.emitSwap(aSwap({ id: swapId('swp_2') }));
    expect((await ask(server.port, STREAM, { headers: { 'last-event-id': '3' } })).status).to.equal(204);
  });

  it('answers 404 as a problem when there is no such swap', async () => {
    const answer = await ask(server.port, '/api/swap/swp_0/stream');
    expect(answer.status).to.equal(404);
    expect(answer.headers['content-type']).to.contain('application/problem+json');
  });

  it('loses and repeats nothing between snapshot and live, whenever an event comes', async () => {
    // Events come at every point at which opening a stream waits for something.
    const read = server.core.swap;
    server.core.emitSwap(swap);
    server.core.swap = async (id) => {
      step('draining');
      server.core.emitLog(ID, 1, 'one');
      await settle();
      const found = await read(id);
      step('stopping');
      server.core.emitLog(ID, 2, 'two');
      return found;
    };
    server.core.estimate = async () => {
      step('launching');
      return { p50Seconds: null, p90Seconds: null, samples: 0 };
    };
    const reader = await open();
    await reader.until(() => reader.ids.length >= 3);
    step('ready');
    await reader.ended();
    expect(reader.names[0]).to.equal('snapshot');
    const from = Number(reader.events[0]?.id);
    expect(reader.ids).to.deep.equal(Array.from({ length: reader.ids.length }, (_, n) => from + 1 + n));
    expect(reader.ids.at(-1)).to.equal(server.core.journal.at(-1)?.id);
    expect(reader.events.filter(({ event }) => event === 'log').map(({ data }) => data['seq'])).to.deep.equal([1, 2]);
  });

  it('misses nothing over a cut, and sends the log again with its numbers', async () => {
    const first = await open();
    await first.received(1);
    step('draining');
    server.core.emitLog(ID, 1, 'one');
    await first.received(3);
    first.cut();
    step('stopping');
    step('launching');
    server.core.emitLog(ID, 2, 'two');
    const second = await open(String(first.ids.at(-1)));
    await second.received(4);
    step('ready');
    await second.ended();
    expect([...first.ids, ...second.ids]).to.deep.equal([1, 2, 3, 4]);
    expect(second.events.filter(({ event }) => event === 'log').map(({ data }) => data['seq'])).to.deep.equal([1, 2]);
  });
});
