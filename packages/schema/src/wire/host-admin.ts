import Type, { type Static } from 'typebox';
import { CLOSED, NullableBytes, NullableString, NullableText, NullableTimestamp, Timestamp } from './common.ts';

export const AccessStep = Type.Object({
  name: Type.Enum(['resolve', 'port', 'host_key', 'login', 'docker', 'launcher', 'image', 'api_port', 'time']),
  status: Type.Enum(['pass', 'warn', 'fail', 'skip']),
  detail: Type.String(),
  hint: NullableString,
  measured: NullableString,
  duration_ms: Type.Number({ minimum: 0 }),
});

/** Every step of a way to a host, in order. */
export const HostTest = Type.Object({
  host: Type.String(),
  ok: Type.Boolean(),
  steps: Type.Array(AccessStep),
  /** The key that the host shows, for `POST .../trust`; `null` when it could not be seen. */
  fingerprint: NullableString,
  trusted: Type.Boolean(),
});

/** The fingerprint that a person has compared with the host's own: it has to be the one that the host shows now. */
export const TrustBody = Type.Object({ fingerprint: Type.String({ pattern: '^SHA256:[A-Za-z0-9+/]{43}=?$' }) }, CLOSED);

const Risk = Type.Enum(['none', 'caution', 'danger']);

/** What an update of one host would do. `id` is the plan's: send it back to carry out just this. */
export const UpdatePlan = Type.Object({
  id: Type.String(),
  host: Type.String(),
  at: Timestamp,
  os: NullableString,
  kernel: NullableString,
  driver: NullableString,
  docker: NullableString,
  lists_at: NullableTimestamp,
  packages: Type.Array(
    Type.Object({
      name: Type.String(),
      action: Type.Enum(['install', 'upgrade', 'remove']),
      from: NullableString,
      to: NullableString,
      section: Type.Enum(['kernel', 'nvidia', 'docker', 'firmware', 'other']),
      risk: Risk,
      note: NullableString,
    }),
  ),
  firmware: Type.Union([
    Type.Array(
      Type.Object({
        device: Type.String(),
        name: Type.String(),
        from: NullableString,
        to: Type.String(),
        risk: Risk,
        note: NullableString,
      }),
    ),
    Type.Null(),
  ]),
  held: Type.Array(Type.String()),
  download_bytes: NullableBytes,
  free: Type.Array(Type.Object({ path: Type.String(), bytes: Type.Integer({ minimum: 0 }) })),
  reboot: Type.Object({ required_now: Type.Boolean(), expected: Type.Boolean(), causes: Type.Array(Type.String()) }),
  /** Worst of the lines. */
  risk: Risk,
  /** Why it cannot be carried out as things are, one sentence each; empty: it can. */
  blockers: Type.Array(Type.String()),
  warnings: Type.Array(Type.String()),
  /** The commands that it runs, in order. */
  commands: Type.Array(Type.String()),
});

const lockId = Type.Optional(
  Type.Unsafe<string | null>({
    type: ['string', 'null'],
    maxLength: 200,
    description: 'Lock of the cluster; without it one is taken for the duration',
  }),
);
const drain = Type.Optional(Type.Integer({ minimum: 0, maximum: 3_600, description: 'Default: 30' }));
const asker = { requested_by: Type.Optional(NullableText(200)), reason: Type.Optional(NullableText(500)) };

export const UpdateBody = Type.Object(
  {
    plan: Type.String({ minLength: 1, maxLength: 200, description: 'Id of a plan that was just shown' }),
    /** `cluster`: this host and then every other one of its cluster, workers first. */
    scope: Type.Optional(Type.Enum(['host', 'cluster'])),
    reboot: Type.Optional(Type.Enum(['if_required', 'always', 'never'])),
    firmware: Type.Optional(Type.Boolean()),
    /** Needed for a plan with a line of danger. */
    accept_danger: Type.Optional(Type.Boolean()),
    /** Load the present model again at the end. Default: true. */
    restore_model: Type.Optional(Type.Boolean()),
    drain_seconds: drain,
    lock_id: lockId,
    ...asker,
  },
  CLOSED,
);

export const RebootBody = Type.Object(
  {
    confirm: Type.String({ maxLength: 64, description: "The host's own key" }),
    drain_seconds: drain,
    lock_id: lockId,
    restore_model: Type.Optional(Type.Boolean()),
    ...asker,
  },
  CLOSED,
);

export type WireAccessStep = Static<typeof AccessStep>;
export type WireHostTest = Static<typeof HostTest>;
export type WireUpdatePlan = Static<typeof UpdatePlan>;
export type WireUpdateBody = Static<typeof UpdateBody>;
export type WireRebootBody = Static<typeof RebootBody>;
