import type {
  Static,
  SwapListQuery,
  WirePreflightReport,
  WireSwap,
  WireSwapList,
  WireSwapLogEvent,
  WireSwapRequest,
  WireValidateBody,
} from '@spark-control/schema';
import { eventData } from '../stream/event-data.ts';
import { type FollowOptions, follow } from '../stream/follow.ts';
import type { CallOptions, Transport } from '../transport.ts';

/** An event of a swap's stream. `log` lines come once each, however often the line was lost. */
export type SwapEvent = Readonly<
  | { type: 'snapshot' | 'phase' | 'progress' | 'settled'; id: string | null; data: WireSwap }
  | { type: 'log'; id: string | null; data: WireSwapLogEvent }
>;
export type SwapFilter = Static<typeof SwapListQuery>;
export type LockOption = Readonly<{
  /** Of a lock that the caller holds. */
  lockId?: string | null | undefined;
}>;

export type SwapsApi = Readonly<{
  /** Starts or queues it; with `noop: true` the model serves already and nothing was started. */
  request(body: WireSwapRequest, options?: CallOptions & LockOption): Promise<WireSwap>;
  /** `waitSeconds` (to 60): answers when it settles, or after this long. */
  get(id: string, options?: CallOptions & Readonly<{ waitSeconds?: number | undefined }>): Promise<WireSwap>;
  list(filter?: SwapFilter, options?: CallOptions): Promise<WireSwapList>;
  cancel(id: string, options?: CallOptions): Promise<WireSwap>;
  /** Runs every check of a swap and starts nothing. Nobody is warned of the lock that `lockId` proves. */
  validate(model: string, body?: WireValidateBody, options?: CallOptions & LockOption): Promise<WirePreflightReport>;
  /** Ends when the swap has settled. */
  stream(id: string, options?: FollowOptions): AsyncGenerator<SwapEvent, void, void>;
  /** Resolves with the settled swap; what happens until then goes to `onEvent`. */
  settled(id: string, options?: FollowOptions & Readonly<{ onEvent?: ((event: SwapEvent) => void) | undefined }>): Promise<WireSwap>;
}>;

export function createSwapsApi(transport: Transport): SwapsApi {
  const path = (id: string): string => `/api/swap/${encodeURIComponent(id)}`;

  async function* stream(id: string, options: FollowOptions = {}): AsyncGenerator<SwapEvent, void, void> {
    let lastSeq = 0;
    for await (const { event, data, id: at } of follow(
      transport,
      `${path(id)}/stream`,
      (message) => message.event === 'settled',
      options,
    )) {
      switch (event) {
        case 'snapshot':
        case 'phase':
        case 'progress':
        case 'settled':
          yield { type: event, id: at, data: eventData<WireSwap>(data) };
          break;
        case 'log': {
          const line = eventData<WireSwapLogEvent>(data);
          // Each connection begins with the whole tail of the log.
          if (line.seq <= lastSeq) break;
          lastSeq = line.seq;
          yield { type: event, id: at, data: line };
          break;
        }
        default: // of a newer server
      }
    }
  }

  const get: SwapsApi['get'] = (id, { waitSeconds, ...options } = {}) =>
    transport.call(
      { method: 'GET', path: path(id), ...(waitSeconds !== undefined && { waitSeconds, query: { wait_seconds: waitSeconds } }) },
      options,
    );

  return {
    request: (body, { lockId, ...options } = {}) =>
      transport.call({ method: 'POST', path: '/api/swap', body, headers: lockHeader(lockId) }, options),
    get,
    list: (filter = {}, options) => transport.call({ method: 'GET', path: '/api/swaps', query: filter }, options),
    cancel: (id, options) => transport.call({ method: 'POST', path: `${path(id)}/cancel`, body: {} }, options),
    validate: (model, body = {}, { lockId, ...options } = {}) =>
      transport.call({ method: 'POST', path: `${path(model)}/validate`, body, headers: lockHeader(lockId) }, options),
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

export const lockHeader = (lockId: string | null | undefined): Readonly<Record<string, string>> =>
  lockId === null || lockId === undefined ? {} : { 'x-swap-lock': lockId };
