import Type, { type Static } from 'typebox';
import { Cluster, Host } from './cluster.ts';
import { NullableString, Timestamp } from './common.ts';
import { Lock } from './lock.ts';
import { ModelSummary } from './model.ts';
import { Operation } from './operation.ts';
import { Service } from './service.ts';
import { Swap } from './swap.ts';

/** One snapshot of all that the overview shows; also the first event of `/api/events`. */
export const Status = Type.Object({
  version: Type.String(),
  simulated: Type.Boolean(),
  started_at: Timestamp,
  now: Timestamp,
  clusters: Type.Array(Cluster),
  hosts: Type.Array(Host),
  /** One of each cluster. */
  locks: Type.Array(Lock),
  models: Type.Array(ModelSummary),
  /** All that are not settled and the last ten that are, newest first. */
  swaps: Type.Array(Swap),
  /** All that run and the last ten that are over, newest first. */
  operations: Type.Array(Operation),
  /** Those that are not disabled. */
  services: Type.Array(Service),
  catalog: Type.Object({ revision: Type.Integer({ minimum: 0 }), fault: NullableString }),
  last_event_id: Type.Integer({ minimum: 0 }),
});

export const Healthz = Type.Object({ ok: Type.Literal(true), version: Type.String() });

export const Readyz = Type.Object({
  ok: Type.Boolean(),
  checks: Type.Array(Type.Object({ name: Type.String(), ok: Type.Boolean(), detail: Type.String() })),
});

export const Version = Type.Object({ name: Type.Literal('spark-control'), version: Type.String(), simulated: Type.Boolean() });

/** The dashboard's session. The token goes into the header `x-csrf-token` of every unsafe request. */
export const Session = Type.Object({ csrf_token: Type.String(), anonymous: Type.Boolean() });

export type WireStatus = Static<typeof Status>;
export type WireHealthz = Static<typeof Healthz>;
export type WireReadyz = Static<typeof Readyz>;
export type WireVersion = Static<typeof Version>;
export type WireSession = Static<typeof Session>;
