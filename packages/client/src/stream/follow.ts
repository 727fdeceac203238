import { isPassing, SparkApiError, SparkUnreachableError } from '../errors.ts';
import { Limit } from '../limit.ts';
import type { Transport } from '../transport.ts';
import { type SseMessage, SseParser } from './sse-parser.ts';

export type FollowOptions = Readonly<{
  signal?: AbortSignal | undefined;
  /** Goes on after this event, if the server still has what came then. */
  lastEventId?: string | undefined;
  /** For how long a line that was there may be gone before this rejects; for ever by default. */
  maxOutageMs?: number | undefined;
  /** Silence after which a line counts as dead; the server sends a sign of life each 15 s. Default 45 s. */
  stallMs?: number | undefined;
  /** Called each time the line is gone and will be tried again. */
  onOutage?: ((error: Error, retryInMs: number) => void) | undefined;
}>;

const STALL_MS = 45_000;
const RETRY_MS = 2_000;
const LONGEST_RETRY_MS = 30_000;
const FIRST_TRIES = 3;

/**
 * The events of a stream, across as many connections as it takes: one that ends, breaks or falls silent is replaced, and goes
 * on where it was by `Last-Event-ID`. Ends when `isLast` says so or the server answers 204. Trouble that time does not cure,
 * a first connection that does not come about, and an outage longer than allowed reject.
 */
export async function* follow(
  transport: Transport,
  path: string,
  isLast: (message: SseMessage) => boolean,
  options: FollowOptions = {},
): AsyncGenerator<SseMessage, void, void> {
  const { signal, maxOutageMs = Number.POSITIVE_INFINITY } = options;
  const { clock } = transport;
  const line: Line = { lastId: options.lastEventId ?? null, retryMs: RETRY_MS, aliveAt: null, failures: 0 };
  for (;;) {
    signal?.throwIfAborted();
    let trouble: Error;
    try {
      for await (const message of connection(transport, path, line, options)) {
        yield message;
        if (isLast(message)) return;
      }
      if (line.isOver) return;
      trouble = new SparkUnreachableError(transport.baseUrl, 'the stream ended');
    } catch (error) {
      if (signal?.aborted || !isPassing(error)) throw error;
      trouble = error;
    }
    line.failures += 1;
    const isFirst = line.aliveAt === null;
    if (isFirst ? line.failures >= FIRST_TRIES : clock.monotonic() - (line.aliveAt ?? 0) >= maxOutageMs) throw trouble;
    const asked = trouble instanceof SparkApiError ? (trouble.retryAfterSeconds ?? 0) * 1_000 : 0;
    const pause = Math.max(asked, isFirst ? RETRY_MS / 10 : backOff(line));
    options.onOutage?.(trouble, pause);
    await clock.sleep(pause, signal);
  }
}

type Line = {
  lastId: string | null;
  retryMs: number;
  /** When the last byte came; `null` before the first connection. */
  aliveAt: number | null;
  /** Connections without an event since the last event. */
  failures: number;
  isOver?: boolean;
};

/** As the server asks at first, then twice as long each time. Spread, since all clients lose their line at the same moment. */
function backOff({ retryMs, failures }: Line): number {
  const full = Math.min(retryMs * 2 ** Math.min(failures - 1, 10), Math.max(LONGEST_RETRY_MS, retryMs));
  return full * (0.75 + Math.random() / 2);
}

async function* connection(transport: Transport, path: string, line: Line, options: FollowOptions): AsyncGenerator<SseMessage, void, void> {
  const { clock } = transport;
  const limit = new Limit(clock, options.signal);
  try {
    const headers = line.lastId === null ? {} : { 'last-event-id': line.lastId };
    const response = await transport.open(path, headers, limit);
    line.aliveAt = clock.monotonic();
    if (response.status === 204 || response.body === null) {
      line.isOver = true;
      return;
    }
    const parser = new SseParser(line.lastId);
    const reader = response.body.getReader();
    for (;;) {
      limit.set(options.stallMs ?? STALL_MS);
      const { done, value } = await reader.read().catch((error: unknown) => {
        throw transport.lost(error, limit);
      });
      // The reader of these events may take its time over them.
      limit.pause();
      if (done) return;
      line.aliveAt = clock.monotonic();
      for (const item of parser.push(value)) {
        if (item.kind === 'retry') {
          line.retryMs = Math.min(Math.max(item.ms, 10), LONGEST_RETRY_MS);
          continue;
        }
        line.failures = 0;
        line.lastId = item.message.id;
        yield item.message;
      }
    }
  } finally {
    // Also when the reader of these events has had enough: it closes the connection.
    limit.abort();
  }
}
