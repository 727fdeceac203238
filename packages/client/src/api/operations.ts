import type { OperationQuery, Static, WireOperation, WireOperationList, WireOperationLogEvent } from '@spark-control/schema';
import { eventData } from '../stream/event-data.ts';
import { type FollowOptions, follow } from '../stream/follow.ts';
import type { CallOptions, Transport } from '../transport.ts';

/** An event of an operation's stream. `log` lines come once each, however often the line was lost. */
export type OperationEvent = Readonly<
  | { type: 'snapshot' | 'progress' | 'settled'; id: string | null; data: WireOperation }
  | { type: 'log'; id: string | null; data: WireOperationLogEvent }
>;
export type OperationFilter = Static<typeof OperationQuery>;

/** Long work other than swaps. */
export type OperationsApi = Readonly<{
  list(filter?: OperationFilter, options?: CallOptions): Promise<WireOperationList>;
  /** `waitSeconds` (to 60): answers when it is over, or after this long. */
  get(id: string, options?: CallOptions & Readonly<{ waitSeconds?: number | undefined }>): Promise<WireOperation>;
  cancel(id: string, options?: CallOptions): Promise<WireOperation>;
  /** Ends when the operation is over. */
  stream(id: string, options?: FollowOptions): AsyncGenerator<OperationEvent, void, void>;
  /** Resolves with the operation once it is over; what happens until then goes to `onEvent`. */
  settled(
    id: string,
    options?: FollowOptions & Readonly<{ onEvent?: ((event: OperationEvent) => void) | undefined }>,
  ): Promise<WireOperation>;
}>;

const BASE = '/api/operations';

export function createOperationsApi(transport: Transport): OperationsApi {
  const path = (id: string): string => `${BASE}/${encodeURIComponent(id)}`;

  async function* stream(id: string, options: FollowOptions = {}): AsyncGenerator<OperationEvent, void, void> {
    let lastSeq = 0;
    for await (const message of follow(transport, `${path(id)}/stream`, ({ event }) => event === 'settled', options)) {
      const { event, data, id: at } = message;
      if (event === 'snapshot' || event === 'progress' || event === 'settled') yield { type: event, id: at, data: eventData(data) };
      if (event !== 'log') continue;
      const line = eventData<WireOperationLogEvent>(data);
      // Each connection begins with the whole tail of the log.
      if (line.seq <= lastSeq) continue;
      lastSeq = line.seq;
      yield { type: event, id: at, data: line };
    }
  }

  const get: OperationsApi['get'] = (id, { waitSeconds, ...options } = {}) =>
    transport.call(
      { method: 'GET', path: path(id), ...(waitSeconds !== undefined && { waitSeconds, query: { wait_seconds: waitSeconds } }) },
      options,
    );

  return {
    list: (filter = {}, options) => transport.call({ method: 'GET', path: BASE, query: filter }, options),
    get,
    cancel: (id, options) => transport.call({ method: 'POST', path: `${path(id)}/cancel`, body: {} }, options),
    stream,
    async settled(id, { onEvent, ...options } = {}) {
      for await (const event of stream(id, options)) {
        onEvent?.(event);
        if (event.type === 'settled') return event.data;
      }
      return get(id, { signal: options.signal });
    },
  };
}
