/** The parts of EventSource that we use, so that a test can stand in for it. */
export type Source = Readonly<{
  readyState: number;
  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void;
  close(): void;
}>;

export type StreamState = 'connecting' | 'live' | 'reconnecting' | 'paused';

export type StreamEvent = Readonly<{ type: string; data: unknown }>;

export type StreamOptions = Readonly<{
  open(url: string): Source;
  onEvent(event: StreamEvent): void;
  onState(state: StreamState): void;
  /** Timers, replaceable in tests. */
  after(ms: number, run: () => void): () => void;
}>;

const EVENTS = ['snapshot', 'swap', 'model', 'lock', 'host', 'log', 'operation'] as const;
const CLOSED = 2;
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 15_000;
/** Hosts are polled every few seconds, so this much silence means that the line is dead without either end having noticed. */
const SILENCE_MS = 45_000;

export type Stream = Readonly<{
  /** Asks for the log of this swap too (`null`: none). */
  follow(swapId: string | null): void;
  /** Closes the line, for a tab nobody looks at; HTTP/1.1 has six lines per server for all tabs together. */
  pause(): void;
  resume(): void;
  close(): void;
}>;

/** The page's one event stream. Reconnects by itself, also after an answer that makes EventSource give up. */
export function createStream(options: StreamOptions): Stream {
  let source: Source | null = null;
  let followed: string | null = null;
  let everLive = false;
  let retryMs = FIRST_RETRY_MS;
  let cancelTimer = (): void => {};

  const schedule = (ms: number, run: () => void): void => {
    cancelTimer();
    cancelTimer = options.after(ms, run);
  };

  const drop = (): void => {
    cancelTimer();
    source?.close();
    source = null;
  };

  const connect = (): void => {
    drop();
    options.onState(everLive ? 'reconnecting' : 'connecting');
    const opened = options.open(followed === null ? '/api/events' : `/api/events?logs=${encodeURIComponent(followed)}`);
    source = opened;
    opened.addEventListener('error', () => {
      if (source !== opened) return;
      options.onState(everLive ? 'reconnecting' : 'connecting');
      if (opened.readyState !== CLOSED) return;
      schedule(retryMs, connect);
      retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
    });
    for (const type of EVENTS) opened.addEventListener(type, (event) => source === opened && receive(type, event.data));
    schedule(SILENCE_MS, connect);
  };

  const receive = (type: string, text: string): void => {
    everLive = true;
    retryMs = FIRST_RETRY_MS;
    schedule(SILENCE_MS, connect);
    options.onState('live');
    options.onEvent({ type, data: JSON.parse(text) });
  };

  connect();
  return {
    follow(swapId) {
      if (swapId === followed) return;
      followed = swapId;
      if (source !== null) connect();
    },
    pause() {
      drop();
      options.onState('paused');
    },
    resume() {
      if (source === null) connect();
    },
    close: drop,
  };
}
