import Type, { type Static } from 'typebox';
import { NullableBytes, NullableNumber, NullableString } from './common.ts';
import { FlagValue } from './preflight.ts';

export const LauncherKind = Type.Enum(['launch_cluster', 'docker_run', 'simulated']);

/** Launch to ready, of this model's own past loads. */
export const LoadSeconds = Type.Object({ p50: NullableNumber, p90: NullableNumber, samples: Type.Integer({ minimum: 0 }) });

const summary = {
  key: Type.String(),
  name: Type.String(),
  description: NullableString,
  source: Type.Enum(['catalog', 'override', 'custom']),
  badge: NullableString,
  /** `loading`: a swap towards it runs. On several clusters: the most that holds on one of them. */
  state: Type.Enum(['loaded', 'loading', 'unloaded']),
  /** Hosts it spans. */
  nodes: Type.Integer({ minimum: 1 }),
  weights_bytes: NullableBytes,
  /** Clusters it may run on. */
  clusters: Type.Array(Type.String()),
  load_seconds: LoadSeconds,
};

export const ModelSummary = Type.Object(summary);

/** Weights of one model on one host. */
export const ModelDisk = Type.Object({ host: Type.String(), path: Type.String(), bytes: NullableBytes, complete: Type.Boolean() });

export const Model = Type.Object({
  ...summary,
  repo: NullableString,
  revision: NullableString,
  local_path: NullableString,
  launcher: Type.Union([LauncherKind, Type.Null()]),
  image: NullableString,
  served_model_name: Type.String(),
  flags: Type.Record(Type.String(), FlagValue),
  extra_args: Type.Array(Type.String()),
  env: Type.Record(Type.String(), Type.String(), { description: 'Secrets read ***' }),
  fits: Type.Unsafe<boolean | null>({ type: ['boolean', 'null'], description: 'null: not known' }),
  disk: Type.Array(ModelDisk),
});

export const ModelList = Type.Object({
  items: Type.Array(Model),
  next_cursor: NullableString,
  revision: Type.Integer({ minimum: 0 }),
  fault: NullableString,
});

export type WireModelSummary = Static<typeof ModelSummary>;
export type WireModel = Static<typeof Model>;
export type WireModelList = Static<typeof ModelList>;
