import Type, { type Static } from 'typebox';
import { Host } from './cluster.ts';
import { CLOSED, NullableTimestamp, Timestamp } from './common.ts';

/** A log line on `/api/swap/{id}/stream`. `seq` counts the lines of a swap from 1 and is how a client drops what it has. */
export const SwapLogEvent = Type.Object({
  seq: Type.Integer({ minimum: 1 }),
  host: Type.String(),
  at: Timestamp,
  line: Type.String(),
});

/** The same on `/api/events`, where lines of several swaps meet. */
export const LogEvent = Type.Object({
  swap_id: Type.String(),
  seq: Type.Integer({ minimum: 1 }),
  host: Type.String(),
  at: Timestamp,
  line: Type.String(),
});

/** A `host` event: the host, and when its cluster was last looked at. `model` events come with changes only; this comes all the time. */
export const HostEvent = Type.Object({ ...Host.properties, observed_at: NullableTimestamp });

export const EventsQuery = Type.Object(
  {
    logs: Type.Optional(
      Type.String({
        maxLength: 1_000,
        pattern: '^[A-Za-z0-9_]+(,[A-Za-z0-9_]+)*$',
        description: 'Swap ids, separated by commas, whose log lines are wanted',
      }),
    ),
  },
  CLOSED,
);

/** Names of the events of `/api/swap/{id}/stream`. All but `log` carry the whole swap. */
export const SWAP_STREAM_EVENTS = ['snapshot', 'phase', 'progress', 'log', 'settled'] as const;

/** Names of the events of `/api/events`: status, swap, cluster, lock, host, operation, log line. */
export const EVENT_STREAM_EVENTS = ['snapshot', 'swap', 'model', 'lock', 'host', 'operation', 'log'] as const;

export type WireHostEvent = Static<typeof HostEvent>;
export type WireSwapLogEvent = Static<typeof SwapLogEvent>;
export type WireLogEvent = Static<typeof LogEvent>;
