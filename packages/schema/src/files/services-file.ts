import Type, { type Static } from 'typebox';
import { CLOSED, mapOf, port, text } from './common.ts';

export const SERVICE_KINDS = ['speech_to_text', 'text_to_speech', 'embeddings', 'vector_store', 'web_ui', 'vllm', 'http'] as const;

/** A service beside the model server. Either `url`, or `port` and optionally `host`. */
export const ServiceEntry = Type.Object(
  {
    name: text('Name that people read. Default: the key.', { maxLength: 100 }),
    kind: Type.Enum([...SERVICE_KINDS], { description: 'What it does: decides how it is probed and shown.' }),
    url: text('Base URL, for a service that runs elsewhere.', { pattern: '^https?://' }),
    host: text('Host of spark.yaml that it runs on. Default: the head of the first cluster.'),
    port: port('TCP port on that host.'),
    health_path: text('Path that answers 200 when it is well.', { pattern: '^/' }),
    model: text('Model name to send, for services that want one.'),
    container: text('Name of its container, for restart and logs.'),
    api_key: Type.Optional(
      Type.Object(
        { from_env: Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_]*$' }) },
        { ...CLOSED, description: 'Variable of the control plane that holds its key.' },
      ),
    ),
    public_url: text('Address that people open, for a link in the dashboard.', { pattern: '^https?://' }),
  },
  CLOSED,
);

/** `config/services.yaml`. */
export const ServicesFile = Type.Object(
  { services: mapOf(ServiceEntry, 'Services beside the model server: key and entry.') },
  { ...CLOSED, title: 'Services of Spark Control' },
);

export type FileServiceEntry = Static<typeof ServiceEntry>;
export type FileServices = Static<typeof ServicesFile>;
