import Type, { type Static } from 'typebox';
import { CLOSED, KEY_REGEXP } from '../wire/common.ts';
import { boolean, mapOf, port, text } from './common.ts';

export const SERVICE_KINDS = ['vllm', 'openai', 'asr', 'diarizer', 'tts', 'embeddings', 'qdrant', 'open_webui', 'http'] as const;

/** Names that kinds had once; the file is still read with them. */
export const FORMER_KINDS: Readonly<Record<string, (typeof SERVICE_KINDS)[number]>> = {
  speech_to_text: 'asr',
  text_to_speech: 'tts',
  vector_store: 'qdrant',
  web_ui: 'open_webui',
};

const PatchEntry = Type.Object(
  {
    name: Type.String({ pattern: KEY_REGEXP, description: 'Name that people read.' }),
    source: Type.String({
      minLength: 1,
      maxLength: 4_096,
      description: 'File on this machine; `~` is your home, a relative path counts from the file that names it.',
    }),
    target: Type.String({ pattern: '^/.', maxLength: 1_024, description: 'Absolute path of the file inside the container.' }),
  },
  CLOSED,
);

/** A service beside the model server. Either `url`, or `port` and optionally `host`. */
export const ServiceEntry = Type.Object(
  {
    name: text('Name that people read. Default: the key.', { maxLength: 100 }),
    kind: Type.Enum([...SERVICE_KINDS], { description: 'What it does: decides how it is probed and shown. `vllm` is only watched.' }),
    url: text('Base URL, for a service that runs elsewhere.', { pattern: '^https?://' }),
    host: text('Host of spark.yaml that it runs on. Default: the head of the first cluster.'),
    port: port('TCP port on that host.'),
    health_path: text('Path that answers 200 when it is well.', { pattern: '^/[^\\s#]*$', maxLength: 500 }),
    model: text('Model name to send, for services that want one.', { maxLength: 256 }),
    container: text('Name of its container, for restart and logs.', { pattern: '^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$' }),
    user: text("Login user for its container, where it is not the host's. A variable such as QDRANT_USER goes first.", {
      pattern: '^[A-Za-z_][A-Za-z0-9_.-]{0,31}$',
    }),
    api_key: Type.Optional(
      Type.Object(
        { from_env: Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_]*$' }) },
        { ...CLOSED, description: 'Variable of the control plane that holds its key.' },
      ),
    ),
    public_url: text('Address that people open, for a link in the dashboard.', { pattern: '^https?://' }),
    uses_gpu: boolean(
      "Whether a restart needs the lock of its cluster. Default: true for vllm, openai, asr, diarizer, tts and embeddings on a cluster's host.",
    ),
    memory_limit: Type.Optional(
      Type.Unsafe<string | number | null>({
        type: ['string', 'integer', 'null'],
        pattern: '^\\d{1,9}(\\.\\d{1,3})? ?(KiB|MiB|GiB)$',
        minimum: 1,
        description: 'Memory cap that its container is to have, such as "8GiB", "512MiB" or a number of bytes; 64 MiB at least.',
      }),
    ),
    patches: Type.Optional(
      Type.Unsafe<readonly FilePatchEntry[] | null>({
        type: ['array', 'null'],
        items: PatchEntry,
        maxItems: 32,
        description: 'Files that "reapply patches" copies into its container.',
      }),
    ),
    probe_path: text('Path that the deep check asks, where it is not the usual one of its kind.', {
      pattern: '^/[^\\s#]*$',
      maxLength: 500,
    }),
    voice: text('Voice that the deep check of a tts service asks for.', { maxLength: 200 }),
    speaker_path: text('Where the answer of a diarizer has its speakers. Default: segments[].speaker.', {
      pattern: '^[A-Za-z_]\\w*(\\.[A-Za-z_]\\w*)*(\\[\\](\\.[A-Za-z_]\\w*)*)?$',
      maxLength: 200,
    }),
  },
  CLOSED,
);

/** `config/services.yaml`. */
export const ServicesFile = Type.Object(
  { services: mapOf(ServiceEntry, 'Services beside the model server: key and entry.') },
  { ...CLOSED, title: 'Services of Spark Control' },
);

/** `services-overrides.yaml` of the data folder: each entry replaces fields of the entry with its key, or adds a service; `null` hides it. */
export const ServiceOverridesFile = Type.Object(
  { services: Type.Optional(Type.Unsafe<Readonly<Record<string, unknown>> | null>({ type: ['object', 'null'] })) },
  { ...CLOSED, title: 'Overrides of the services of Spark Control' },
);

export type FilePatchEntry = Static<typeof PatchEntry>;
export type FileServiceEntry = Static<typeof ServiceEntry>;
export type FileServices = Static<typeof ServicesFile>;
