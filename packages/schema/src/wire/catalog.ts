import Type, { type Static } from 'typebox';
import { CLOSED, Key, listOf, NullableBytes, NullableNumber, NullableString, NullableText, Timestamp } from './common.ts';
import { Model } from './model.ts';
import { FlagValue } from './preflight.ts';

/** Flags by name without dashes. Only their shape is checked here: names, types and ranges are, field by field, what the answer's `issues` are about. */
const FlagMap = Type.Record(Type.String(), Type.Union([FlagValue, Type.Null()]));
/** Text, or `{from_env}` for a secret of the control plane's own environment. `***` leaves a masked value as it is. */
const EnvMap = Type.Record(
  Type.String(),
  Type.Union([Type.String({ maxLength: 8_192 }), Type.Number(), Type.Object({ from_env: Type.String() }, CLOSED), Type.Null()]),
);

const fields = {
  name: Type.Optional(NullableText(100)),
  description: Type.Optional(NullableText(2_000)),
  repo: Type.Optional(NullableText(200)),
  revision: Type.Optional(NullableText(200)),
  local_path: Type.Optional(Type.Unsafe<string | null>({ type: ['string', 'null'], maxLength: 4_096 })),
  served_model_name: Type.Optional(NullableText(128)),
  image: Type.Optional(NullableText(512)),
  nodes: Type.Optional(Type.Unsafe<number | null>({ type: ['integer', 'null'], minimum: 1, maximum: 64 })),
  weights_gib: Type.Optional(Type.Unsafe<number | null>({ type: ['number', 'null'], minimum: 0, maximum: 100_000 })),
  flags: Type.Optional(Type.Union([FlagMap, Type.Null()])),
  extra_args: Type.Optional(Type.Unsafe<readonly string[] | null>({ type: ['array', 'null'], items: { type: 'string' }, maxItems: 200 })),
  env: Type.Optional(Type.Union([EnvMap, Type.Null()])),
  clusters: Type.Optional(Type.Unsafe<readonly string[] | null>({ type: ['array', 'null'], items: { type: 'string' }, maxItems: 64 })),
};

/** A new model: exactly one of `repo` and `local_path`. */
export const CreateModelBody = Type.Object({ key: Key, ...fields }, CLOSED);
/**
 * Only what is named changes; `null` takes a field back to what the base file, or the default, says. Flags and variables are changed one by
 * one, and there `null` takes that one away. Naming one kind of source takes the other away.
 */
export const ChangeModelBody = Type.Object(fields, CLOSED);
/** The knobs as a whole: flags (and, when given, variables) that are not named are taken away. */
export const KnobsBody = Type.Object({ flags: FlagMap, env: Type.Optional(EnvMap) }, CLOSED);
/** The model as it is now. `notes`: what its author should know, a sentence each. */
export const EditedModel = Type.Object({ ...Model.properties, notes: Type.Array(Type.String()) });
export const ModelHistoryQuery = Type.Object(
  { limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50, description: 'Newest first' })) },
  CLOSED,
);
export const RevertModelBody = Type.Object({ revision: Type.Integer({ minimum: 0 }) }, CLOSED);

/** One field before and after; the side on which it was not there has no such member. Secrets read ***. */
export const FieldDiff = Type.Object({ path: Type.String(), before: Type.Optional(Type.Unknown()), after: Type.Optional(Type.Unknown()) });

export const ModelRevision = Type.Object({
  revision: Type.Integer({ minimum: 0 }),
  at: Timestamp,
  actor: Type.String(),
  action: Type.Enum(['created', 'changed', 'removed', 'reverted', 'external']),
  diff: Type.Array(FieldDiff),
});
export const ModelHistory = listOf(ModelRevision);

export const ParseCommandBody = Type.Object({ command: Type.String({ minLength: 1, maxLength: 32_768 }) }, CLOSED);
/** What a pasted command comes to: a body for `POST /api/models`, and what of the command did not go into it. */
export const ParsedCommand = Type.Object({
  form: Type.Enum(['docker_run', 'vllm_serve']),
  entry: CreateModelBody,
  /** Words that were understood and left out, and why. */
  dropped: Type.Array(Type.Object({ words: Type.String(), reason: Type.String() })),
  warnings: Type.Array(Type.String()),
  issues: Type.Array(Type.Object({ path: Type.String(), code: Type.String(), message: Type.String() })),
});

export const VllmFlag = Type.Object({
  name: Type.String({ description: 'Without dashes' }),
  type: Type.Enum(['boolean', 'integer', 'number', 'text', 'choice', 'length', 'json', 'level_or_json', 'words']),
  minimum: NullableNumber,
  maximum: NullableNumber,
  exclusive_minimum: Type.Boolean(),
  values: Type.Union([Type.Array(Type.String()), Type.Null()]),
  open: Type.Boolean({ description: 'Other values than `values` are taken too' }),
  default: Type.Unknown({ description: "vLLM's own default; null: none, or not known" }),
  since: NullableString,
  group: Type.String(),
  description: Type.String(),
  danger: NullableString,
  managed: NullableString,
});
export const VllmFlagList = listOf(VllmFlag);

/** Weights of a model on one host. `bytes: null`: not there, or could not be asked (`problem`). */
export const ModelDiskHost = Type.Object({
  host: Type.String(),
  cluster: Type.String(),
  kind: Type.Enum(['cache', 'path']),
  present: Type.Unsafe<boolean | null>({ type: ['boolean', 'null'] }),
  path: NullableString,
  bytes: NullableBytes,
  complete: Type.Boolean(),
  downloading: Type.Boolean(),
  free_bytes: NullableBytes,
  problem: NullableString,
});
export const ModelDiskView = Type.Object({
  model: Type.String(),
  deletable: Type.Boolean(),
  /** Why not, in a sentence. */
  reason: NullableString,
  items: Type.Array(ModelDiskHost),
});

export const DeleteDiskQuery = Type.Object(
  {
    host: Type.Optional(Type.String({ maxLength: 200, description: 'Default: every host' })),
    dry_run: Type.Optional(Type.Enum(['true', 'false'])),
    force: Type.Optional(Type.Enum(['true', 'false'], { description: 'Also when another entry of the catalog uses the same repository' })),
  },
  CLOSED,
);
export const DiskRemoval = Type.Object({
  model: Type.String(),
  dry_run: Type.Boolean(),
  freed_bytes: Type.Integer({ minimum: 0 }),
  items: Type.Array(
    Type.Object({
      host: Type.String(),
      path: NullableString,
      freed_bytes: Type.Integer({ minimum: 0 }),
      through: Type.Enum(['login', 'container', 'nothing']),
    }),
  ),
});

const hosts = Type.Optional(
  Type.Array(Type.String({ maxLength: 64 }), { minItems: 1, maxItems: 64, description: 'Default: every host that the model spans' }),
);
export const DownloadBody = Type.Object(
  { cluster: Type.Optional(Key), hosts, requested_by: Type.Optional(NullableText(200)), reason: Type.Optional(NullableText(500)) },
  CLOSED,
);

export type WireCreateModel = Static<typeof CreateModelBody>;
export type WireChangeModel = Static<typeof ChangeModelBody>;
export type WireKnobs = Static<typeof KnobsBody>;
export type WireEditedModel = Static<typeof EditedModel>;
export type WireFieldDiff = Static<typeof FieldDiff>;
export type WireModelRevision = Static<typeof ModelRevision>;
export type WireModelHistory = Static<typeof ModelHistory>;
export type WireParsedCommand = Static<typeof ParsedCommand>;
export type WireVllmFlag = Static<typeof VllmFlag>;
export type WireVllmFlagList = Static<typeof VllmFlagList>;
export type WireModelDiskHost = Static<typeof ModelDiskHost>;
export type WireModelDiskView = Static<typeof ModelDiskView>;
export type WireDiskRemoval = Static<typeof DiskRemoval>;
export type WireDownload = Static<typeof DownloadBody>;
