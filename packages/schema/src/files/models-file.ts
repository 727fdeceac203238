import Type, { type Static } from 'typebox';
import { CLOSED, integer, mapOf, number, text, texts } from './common.ts';

/** `true` is the bare flag, `false` its `--no-` form, a list repeats words after the flag, a map is passed as JSON. */
const FileFlags = Type.Optional(
  Type.Unsafe<Readonly<Record<string, unknown>> | null>({
    type: ['object', 'null'],
    additionalProperties: { type: ['string', 'number', 'boolean', 'array', 'object'] },
    description: 'Flags of `vllm serve`, without the dashes. Host, port and tensor parallelism are set by Spark Control.',
  }),
);

const FileEnv = Type.Optional(
  Type.Unsafe<Readonly<Record<string, unknown>> | null>({
    type: ['object', 'null'],
    additionalProperties: {
      type: ['string', 'number', 'object'],
      properties: { from_env: { type: 'string', pattern: '^[A-Za-z_][A-Za-z0-9_]*$' } },
      required: ['from_env'],
      additionalProperties: false,
    },
    description: 'Environment of the model server. `{ from_env: NAME }` takes a secret from the environment of the control plane.',
  }),
);

/** One model. Exactly one of `repo` and `local_path`. */
export const ModelEntry = Type.Object(
  {
    name: text('Name that people read. Default: the key.', { maxLength: 100 }),
    description: text('What it is good at, in a sentence.', { maxLength: 2_000 }),
    repo: text('Hugging Face repository, organisation/name.', { examples: ['Qwen/Qwen3-32B-FP8'] }),
    revision: text('Branch, tag or commit of the repository.'),
    local_path: text('Folder with the weights: the same absolute path on every host, below a model root of the cluster.'),
    served_model_name: text('Name that clients send as `model`. Default: the key.', { maxLength: 128 }),
    image: text("Docker image. Default: the cluster's."),
    nodes: integer('How many hosts it spans. Default: 1.', 1, 64),
    weights_gib: number('Size of the weights in GiB: for deadlines and estimates.', 0, 100_000),
    flags: FileFlags,
    extra_args: texts('Words appended as they are, for flags that Spark Control does not know.'),
    env: FileEnv,
    clusters: texts('Clusters it may run on. Default: all.'),
  },
  CLOSED,
);

/** `config/models.yaml`. */
export const ModelsFile = Type.Object(
  { models: mapOf(ModelEntry, 'The catalog: key and entry.') },
  {
    ...CLOSED,
    title: 'Models of Spark Control',
  },
);

/**
 * `models-overrides.yaml` of the data folder: each entry replaces fields of the entry with its key, flag by flag and variable by
 * variable, or adds a model; `null` hides the model, or takes a flag away.
 */
export const ModelOverridesFile = Type.Object(
  { models: Type.Optional(Type.Unsafe<Readonly<Record<string, unknown>> | null>({ type: ['object', 'null'] })) },
  { ...CLOSED, title: 'Overrides of the models of Spark Control' },
);

export type FileModelEntry = Static<typeof ModelEntry>;
export type FileModels = Static<typeof ModelsFile>;
