import { expect } from 'chai';
import { createClient, type FollowOptions, SparkApiError, type SparkEvent, SparkUnreachableError, type SwapEvent } from '../src/index.ts';
import { fastClock, ManualClock, until } from './support/clock.ts';
import { type Answer, FakeApi, frame, problem, stream } from './support/fake-api.ts';
import { AT, aSwap, settledSwap } from './support/wire.ts';

const STREAM = 'GET /api/swap/{}/stream';
const line = (seq: number): string => frame('log', { seq, host: 'spark1', at: AT, line: `line ${seq}` });

describe('a followed stream', () => {
  let api: FakeApi;
  beforeEach(async () => {
    api = await new FakeApi().listen();
  });
  afterEach(() => api.stop());

  const client = () => createClient({ baseUrl: api.url, clock: fastClock(20) });
  const connections = (...answers: readonly Answer[]): void => {
    api.on(STREAM, ({ count }) => answers[count - 1] ?? { status: 204 });
  };
  async function all(options: FollowOptions = {}): Promise<readonly string[]> {
    const events: string[] = [];
    for await (const event of client().swaps.stream('swp_1', options)) events.push(nameOf(event));
    return events;
  }
  const nameOf = (event: SwapEvent): string => (event.type === 'log' ? event.data.line : `${event.type} ${event.id}`);
  const lastEventIds = () => api.seen.map(({ headers }) => headers['last-event-id']);

  it('ends with the event that ends it', async () => {
    connections(
      stream([
        frame('snapshot', aSwap(), 4),
        frame('progress', aSwap(), 5),
        frame('settled', settledSwap('ready'), 6),
        frame('phase', aSwap(), 7),
      ]),
    );
    expect(await all()).to.deep.equal(['snapshot 4', 'progress 5', 'settled 6']);
    expect(api.seen).to.have.length(1);
  });

  it('goes on after a cut where it was, without a line of the log twice', async () => {
    connections(
      stream([frame('snapshot', aSwap(), 4), line(1), line(2), 'id: 5\nevent: phase\nda']),
      stream([line(1), line(2), line(3), frame('phase', aSwap(), 5), frame('settled', settledSwap('ready'), 6)]),
    );
    expect(await all()).to.deep.equal(['snapshot 4', 'line 1', 'line 2', 'line 3', 'phase 5', 'settled 6']);
    expect(lastEventIds()).to.deep.equal([undefined, '4']);
  });

  it('ends when the server says that nothing comes after the last event', async () => {
    connections(stream([frame('snapshot', aSwap(), 4)]));
    expect(await all()).to.deep.equal(['snapshot 4']);
    expect(lastEventIds()).to.deep.equal([undefined, '4']);
  });

  it('begins after a given event', async () => {
    connections(stream([frame('settled', settledSwap('ready'), 9)]));
    await all({ lastEventId: '8' });
    expect(lastEventIds()).to.deep.equal(['8']);
  });

  it('passes over events that it does not know', async () => {
    connections(stream([frame('aurora', {}, 1), frame('settled', settledSwap('ready'), 2)]));
    expect(await all()).to.deep.equal(['settled 2']);
  });

  it('replaces a connection that fell silent for 45 s, and takes a comment for a sign of life', async () => {
    const clock = new ManualClock();
    let write = (_: string): void => undefined;
    const silent: Answer = (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(frame('snapshot', aSwap(), 4));
      write = (text) => void response.write(text);
    };
    connections(silent, stream([frame('settled', settledSwap('ready'), 5)]));
    const events: string[] = [];
    const work = (async () => {
      for await (const event of createClient({ baseUrl: api.url, clock }).swaps.stream('swp_1')) events.push(nameOf(event));
    })();
    await until(() => events.length === 1);
    clock.advance(44_000);
    const sleeps = clock.begun;
    write(': alive\n\n');
    await until(() => clock.begun > sleeps);
    clock.advance(44_000);
    expect(api.openAnswers).to.equal(1);
    const before = clock.begun;
    clock.advance(1_000);
    await until(() => clock.begun > before);
    clock.advance(30_000);
    await work;
    expect(events).to.deep.equal(['snapshot 4', 'settled 5']);
    expect(lastEventIds()).to.deep.equal([undefined, '4']);
  });

  it('comes back after the server was restarted, and after answers that time cures', async () => {
    connections(
      stream([frame('snapshot', aSwap(), 4)]),
      problem(503, 'STORE_UNAVAILABLE'),
      'drop',
      stream([frame('settled', settledSwap('ready'), 5)]),
    );
    const outages: string[] = [];
    expect(await all({ onOutage: (error) => outages.push(error.message) })).to.deep.equal(['snapshot 4', 'settled 5']);
    expect(outages).to.have.length(3);
    expect(outages[1]).to.equal('The detail of STORE_UNAVAILABLE.');
  });

  it('waits as long as it is told to by Retry-After', async () => {
    const pauses: number[] = [];
    connections(
      stream([frame('snapshot', aSwap(), 4)]),
      { ...problem(429, 'RATE_LIMITED', { retry_after_seconds: 4 }) },
      stream([frame('settled', settledSwap('ready'), 5)]),
    );
    await all({ onOutage: (_, retryInMs) => pauses.push(retryInMs) });
    expect(pauses[1]).to.equal(4_000);
  });

  it('waits twice as long each time nothing comes of a connection', async () => {
    const pauses: number[] = [];
    connections(stream([frame('snapshot', aSwap(), 4)]), stream([]), stream([]), stream([frame('settled', settledSwap('ready'), 5)]));
    await all({ onOutage: (_, retryInMs) => pauses.push(retryInMs) });
    for (const [index, pause] of pauses.entries()) expect(pause, `pause ${index}`).to.be.within(75 * 2 ** index, 125 * 2 ** index);
  });

  it('rejects at once with what time does not cure', async () => {
    connections(problem(404, 'SWAP_NOT_FOUND'));
    const error = await all().catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(SparkApiError).with.property('code', 'SWAP_NOT_FOUND');
    expect(api.seen).to.have.length(1);
  });

  it('rejects when the first connection does not come about', async () => {
    await api.stop();
    expect(await all().catch((reason: unknown) => reason)).to.be.instanceOf(SparkUnreachableError);
    await api.listen();
  });

  it('rejects when the line is gone for longer than allowed', async () => {
    connections(stream([frame('snapshot', aSwap(), 4)]), ...Array.from({ length: 20 }, () => 'drop' as const));
    const error = await all({ maxOutageMs: 1_000 }).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(SparkUnreachableError);
    expect(api.seen.length).to.be.within(2, 8);
  });

  it('rejects with the reason of its signal while it waits for the next event', async () => {
    connections(stream([frame('snapshot', aSwap(), 4)], false));
    const over = new AbortController();
    const events: string[] = [];
    const work = (async () => {
      for await (const event of client().swaps.stream('swp_1', { signal: over.signal })) events.push(nameOf(event));
    })().catch((reason: unknown) => reason);
    await until(() => events.length === 1);
    over.abort(new Error('enough'));
    expect(await work).to.have.property('message', 'enough');
  });

  it('closes its connection when its reader has had enough', async () => {
    connections(stream([frame('snapshot', aSwap(), 4), frame('phase', aSwap(), 5)], false));
    for await (const event of client().swaps.stream('swp_1')) {
      expect(event.type).to.equal('snapshot');
      break;
    }
    await until(() => api.openAnswers === 0);
  });

  it('says that data which is no JSON does not come from Spark Control', async () => {
    connections(stream(['event: phase\ndata: {oh\n\n']));
    expect(await all().catch((reason: unknown) => reason)).to.have.property('code', 'UNEXPECTED_ANSWER');
  });

  it('resolves with the settled swap, also when its end was not seen', async () => {
    connections(stream([frame('snapshot', aSwap(), 4)]));
    api.on('GET /api/swap/{}', { status: 200, body: settledSwap('failed') });
    const seen: string[] = [];
    const swap = await client().swaps.settled('swp_1', { onEvent: ({ type }) => seen.push(type) });
    expect(swap.outcome).to.equal('failed');
    expect(seen).to.deep.equal(['snapshot']);
  });

  it('carries the events of everything, with the log lines that are asked for', async () => {
    const log = (swap_id: string, seq: number): string => frame('log', { swap_id, seq, host: 'spark1', at: AT, line: 'x' });
    api.on('GET /api/events', ({ count }) =>
      count === 1
        ? stream([frame('snapshot', { clusters: [] }, 1), log('swp_1', 1), log('swp_2', 1)])
        : stream([log('swp_1', 1), log('swp_1', 2), frame('lock', { cluster: 'default' }, 2)]),
    );
    const events: SparkEvent[] = [];
    for await (const event of client().events({ logs: ['swp_1', 'swp_2'] })) {
      events.push(event);
      if (event.type === 'lock') break;
    }
    expect(events.map(({ type, data }) => (type === 'log' ? `${data.swap_id} ${data.seq}` : type))).to.deep.equal([
      'snapshot',
      'swp_1 1',
      'swp_2 1',
      'swp_1 2',
      'lock',
    ]);
    expect(api.seen[0]?.query.get('logs')).to.equal('swp_1,swp_2');
  });
});
