import Type, { type Static } from 'typebox';
import { CLOSED, Key, NullableBytes, NullableInteger, NullableNumber, NullableString } from './common.ts';

/** A value of a vLLM flag. What each flag takes is the core's knowledge, not this schema's. */
export const FlagValue = Type.Unsafe<string | number | boolean | readonly string[] | Readonly<Record<string, unknown>>>({
  anyOf: [{ type: ['string', 'number', 'boolean'] }, { type: 'array', items: { type: 'string' } }, { type: 'object' }],
});

/** Long vLLM flags without the dashes. */
export const Flags = Type.Unsafe<Readonly<Record<string, Static<typeof FlagValue>>>>({
  type: 'object',
  patternProperties: { '^[a-z0-9][a-z0-9._-]{0,79}$': FlagValue },
  additionalProperties: false,
  maxProperties: 200,
});

/** Body of `POST /api/swap/{key}/validate`. `flags` are tried in place of the catalog's. */
export const ValidateBody = Type.Object({ cluster: Type.Optional(Key), flags: Type.Optional(Flags) }, CLOSED);

export const PreflightCheck = Type.Object({
  name: Type.Enum(['catalog', 'lock', 'host', 'launcher', 'image', 'weights', 'port', 'memory', 'disk', 'flags', 'unmanaged', 'schedule']),
  host: NullableString,
  status: Type.Enum(['pass', 'warn', 'fail', 'unknown']),
  detail: Type.String(),
  hint: NullableString,
  measured: NullableString,
});

const Basis = Type.Enum(['measured', 'estimated']);

export const PreflightReport = Type.Object({
  model: Type.String(),
  cluster: Type.String(),
  ok: Type.Boolean(),
  checks: Type.Array(PreflightCheck),
  command: Type.Union([Type.Object({ launcher: Type.String(), preview: Type.String() }), Type.Null()]),
  memory: Type.Object({
    needed_bytes: NullableBytes,
    available_bytes: NullableBytes,
    basis: Basis,
    /** Shares as `--gpu-memory-utilization` takes them: the lowest that holds the model, and the highest that leaves the host its margin. */
    lowest_utilization: NullableNumber,
    highest_utilization: NullableNumber,
    /** Tokens of the longest single request that the KV cache has room for. */
    longest_context: NullableInteger,
    /** Requests of the longest context at once. */
    concurrency: NullableNumber,
    parts: Type.Array(
      Type.Object({ name: Type.Enum(['weights', 'overhead', 'graphs', 'kv_cache']), bytes: Type.Integer({ minimum: 0 }), basis: Basis }),
    ),
    reasons: Type.Array(
      Type.Object({
        code: Type.Enum([
          'exceeds_memory',
          'weights_do_not_fit',
          'no_kv_room',
          'start_refused',
          'page_cache',
          'host_thrash',
          'loader_copies',
          'failed_before',
        ]),
        status: Type.Enum(['warn', 'fail']),
        basis: Basis,
        message: Type.String(),
        hint: NullableString,
      }),
    ),
  }),
  estimate: Type.Object({ p50_seconds: NullableNumber, p90_seconds: NullableNumber, samples: Type.Integer({ minimum: 0 }) }),
});

export type WirePreflightReport = Static<typeof PreflightReport>;
export type WirePreflightCheck = Static<typeof PreflightCheck>;
export type WireValidateBody = Static<typeof ValidateBody>;
