import { expect } from 'chai';
import { createStream, type Source, type StreamState } from '../src/stream.ts';

class FakeSource implements Source {
  readyState = 0;
  readonly url: string;
  readonly #listeners = new Map<string, (event: MessageEvent<string>) => void>();

  constructor(url: string) {
    this.url = url;
  }

  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void {
    this.#listeners.set(type, listener);
  }

  close(): void {
    this.readyState = 2;
  }

  emit(type: string, data: unknown = null): void {
    this.#listeners.get(type)?.({ data: JSON.stringify(data) } as MessageEvent<string>);
  }

  /** What EventSource does when the line breaks (it retries by itself) or the answer is an error (it gives up). */
  fail(gaveUp: boolean): void {
    this.readyState = gaveUp ? 2 : 0;
    this.emit('error');
  }
}

function rig() {
  const sources: FakeSource[] = [];
  const states: StreamState[] = [];
  const events: string[] = [];
  let timer: { ms: number; run: () => void } | null = null;
  const stream = createStream({
    open: (url) => {
      const source = new FakeSource(url);
      sources.push(source);
      return source;
    },
    onEvent: ({ type, data }) => events.push(`${type} ${JSON.stringify(data)}`),
    onState: (state) => states.push(state),
    after: (ms, run) => {
      const mine = { ms, run };
      timer = mine;
      return () => {
        if (timer === mine) timer = null;
      };
    },
  });
  const newest = (): FakeSource => sources.at(-1)!;
  return { stream, sources, states, events, newest, wait: () => timer?.ms ?? null, fire: () => timer?.run() };
}

describe('the event stream', () => {
  it('hands on events and is live from the first one', () => {
    const { newest, events, states } = rig();
    newest().emit('snapshot', { now: 'x' });
    newest().emit('swap', { id: 'swp_01' });
    expect(events).to.deep.equal(['snapshot {"now":"x"}', 'swap {"id":"swp_01"}']);
    expect(states.slice(0, 2)).to.deep.equal(['connecting', 'live']);
  });

  it('leaves reconnecting to EventSource while that tries', () => {
    const { newest, sources, states } = rig();
    newest().emit('snapshot');
    newest().fail(false);
    expect(states.at(-1)).to.equal('reconnecting');
    expect(sources).to.have.length(1);
  });

  it('opens a new one, later and later, when EventSource has given up', () => {
    const { newest, sources, fire, wait } = rig();
    const waits: (number | null)[] = [];
    for (let round = 0; round < 6; round += 1) {
      newest().fail(true);
      waits.push(wait());
      fire();
    }
    expect(waits).to.deep.equal([1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
    expect(sources).to.have.length(7);
  });

  it('starts anew with short waits after it was live', () => {
    const { newest, fire, wait } = rig();
    newest().fail(true);
    fire();
    newest().emit('snapshot');
    newest().fail(true);
    expect(wait()).to.equal(1_000);
  });

  it('takes a long silence for a dead line', () => {
    const { newest, sources, fire, wait, states } = rig();
    newest().emit('snapshot');
    expect(wait()).to.equal(45_000);
    const [silent] = sources;
    fire();
    expect(silent?.readyState).to.equal(2);
    expect(sources).to.have.length(2);
    expect(states.at(-1)).to.equal('reconnecting');
  });

  it('asks for the log of the swap on screen, and only that', () => {
    const { stream, sources } = rig();
    stream.follow('swp_01');
    stream.follow('swp_01');
    stream.follow(null);
    expect(sources.map(({ url }) => url)).to.deep.equal(['/api/events', '/api/events?logs=swp_01', '/api/events']);
    expect(sources.slice(0, 2).every(({ readyState }) => readyState === 2)).to.equal(true);
  });

  it('hears nothing from a line it has left', () => {
    const { stream, sources, events, states } = rig();
    stream.follow('swp_01');
    const before = states.length;
    sources[0]?.emit('swap');
    sources[0]?.fail(true);
    expect([events, states.length]).to.deep.equal([[], before]);
  });

  it('gives the line back while paused and takes one on return', () => {
    const { stream, sources, states, wait } = rig();
    stream.pause();
    expect([sources[0]?.readyState, states.at(-1), wait()]).to.deep.equal([2, 'paused', null]);
    stream.follow('swp_01');
    expect(sources).to.have.length(1);
    stream.resume();
    stream.resume();
    expect(sources.map(({ url }) => url)).to.deep.equal(['/api/events', '/api/events?logs=swp_01']);
  });

  it('is quiet once closed', () => {
    const { stream, sources, wait } = rig();
    stream.close();
    expect([sources[0]?.readyState, wait()]).to.deep.equal([2, null]);
  });
});
