import Type, { type Static } from 'typebox';
import {
  CLOSED,
  Key,
  listOf,
  NullableBytes,
  NullableInteger,
  NullableNumber,
  NullableString,
  NullableText,
  NullableTimestamp,
  Timestamp,
} from './common.ts';

export const ServiceKind = Type.Enum(['vllm', 'openai', 'asr', 'diarizer', 'tts', 'embeddings', 'qdrant', 'open_webui', 'http']);

export const ContainerFacts = Type.Object({
  id: Type.String(),
  name: Type.String(),
  image: Type.String(),
  image_id: Type.String(),
  status: Type.String(),
  started_at: NullableTimestamp,
  restarts: NullableInteger,
  health: NullableString,
  memory_limit_bytes: NullableBytes,
  memory_used_bytes: NullableBytes,
  restart_policy: NullableString,
});

const summary = {
  key: Type.String(),
  name: Type.String(),
  kind: ServiceKind,
  host: NullableString,
  /** Cluster whose lock a restart needs; `null`: none. */
  lock: NullableString,
  base_url: NullableString,
  public_url: NullableString,
  model: NullableString,
  container: NullableString,
  state: Type.Enum(['up', 'degraded', 'down', 'unknown']),
  detail: Type.String(),
  latency_ms: NullableNumber,
  checked_at: NullableTimestamp,
  /** For an Open WebUI: the address with the running model chosen, only while that model is known there. */
  link: NullableString,
  source: Type.Enum(['file', 'override']),
  /** What can be done with it here. */
  actions: Type.Array(Type.Enum(['restart', 'logs', 'memory', 'patches', 'snapshots'])),
};

export const Service = Type.Object(summary);
export const ServiceList = listOf(Service);

export const DeepHealth = Type.Object({
  service: Type.String(),
  name: Type.String(),
  kind: ServiceKind,
  status: Type.Enum(['pass', 'fail', 'skip']),
  detail: Type.String(),
  latency_ms: NullableNumber,
  at: Timestamp,
});
/** One real request to every service and to every model that serves. */
export const DeepHealthReport = Type.Object({ ok: Type.Boolean(), at: Timestamp, items: Type.Array(DeepHealth) });

export const ServiceDetail = Type.Object({
  ...summary,
  facts: Type.Union([ContainerFacts, Type.Null()]),
  /** Why the facts are missing. */
  facts_problem: NullableString,
  memory_limit_wanted_bytes: NullableBytes,
  deep: Type.Union([DeepHealth, Type.Null()]),
  models: Type.Union([Type.Array(Type.String()), Type.Null()]),
});

export const ServiceLogsQuery = Type.Object({ lines: Type.Optional(Type.Integer({ minimum: 1, maximum: 2_000, default: 200 })) }, CLOSED);
export const ServiceLogs = Type.Object({ service: Type.String(), at: Timestamp, lines: Type.Array(Type.String()) });

export const RestartServiceBody = Type.Object(
  {
    lock_id: Type.Optional(Type.Unsafe<string | null>({ type: ['string', 'null'], maxLength: 200 })),
    requested_by: Type.Optional(NullableText(200)),
    reason: Type.Optional(NullableText(500)),
  },
  CLOSED,
);

/** `null` takes the cap away. */
export const MemoryCapBody = Type.Object(
  { limit_mib: Type.Unsafe<number | null>({ type: ['integer', 'null'], minimum: 64, maximum: 1_048_576 }) },
  CLOSED,
);

/** Files that would be copied into the container. `id` is the plan's: send it as `confirm`. */
export const PatchPlan = Type.Object({
  id: Type.String(),
  service: Type.String(),
  container: Type.String(),
  at: Timestamp,
  action: Type.Enum(['apply', 'undo']),
  files: Type.Array(
    Type.Object({
      name: Type.String(),
      target: Type.String(),
      wanted_sha256: NullableString,
      current_sha256: NullableString,
      change: Type.Enum(['none', 'add', 'replace', 'remove']),
    }),
  ),
  restart: Type.Boolean(),
  blockers: Type.Array(Type.String()),
});
/** Which plan: of the patches, or of the undo of the last time. */
export const PatchQuery = Type.Object({ action: Type.Optional(Type.Enum(['apply', 'undo'], { default: 'apply' })) }, CLOSED);
/** Without `confirm` the answer is the plan, and nothing is changed. */
export const PatchBody = Type.Object(
  {
    confirm: Type.Optional(Type.Unsafe<string | null>({ type: ['string', 'null'], maxLength: 200 })),
    lock_id: Type.Optional(Type.Unsafe<string | null>({ type: ['string', 'null'], maxLength: 200 })),
    requested_by: Type.Optional(NullableText(200)),
    reason: Type.Optional(NullableText(500)),
  },
  CLOSED,
);

/** Where everything answers, for programs that look for it. */
export const Endpoint = Type.Object({
  key: Type.String(),
  name: Type.String(),
  kind: Type.String(),
  url: NullableString,
  health_url: NullableString,
  model: NullableString,
  cluster: NullableString,
  disabled: Type.Boolean(),
});
export const EndpointList = listOf(Endpoint);

export const NimInstallBody = Type.Object(
  {
    image: Type.String({ minLength: 1, maxLength: 512 }),
    host: Type.Optional(Key),
    container: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$' })),
    port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535, description: 'Port on the host. Default: 8001' })),
    cache: Type.Optional(Type.String({ maxLength: 1_024, description: 'Folder on the host. Default: ~/.cache/nim' })),
    shm_gib: Type.Optional(Type.Integer({ minimum: 1, maximum: 128 })),
    env: Type.Optional(Type.Record(Type.String(), Type.String({ maxLength: 8_192 }))),
    /** Used once and never stored. Default: NGC_API_KEY of the control plane's environment. */
    ngc_api_key: Type.Optional(Type.String({ minLength: 1, maxLength: 512 })),
    replace: Type.Optional(
      Type.Boolean({ description: 'Update: a container of that name makes way, and comes back when the new one fails' }),
    ),
    register_service: Type.Optional(
      Type.Object(
        {
          key: Key,
          name: Type.Optional(NullableText(100)),
          kind: Type.Optional(Type.Enum(['openai', 'embeddings', 'asr', 'tts', 'http'])),
        },
        CLOSED,
      ),
    ),
    lock_id: Type.Optional(Type.Unsafe<string | null>({ type: ['string', 'null'], maxLength: 200 })),
    requested_by: Type.Optional(NullableText(200)),
    reason: Type.Optional(NullableText(500)),
  },
  CLOSED,
);

/** `repository`: to be written behind the registry, with a tag. */
export const NimImage = Type.Object({
  repository: Type.String(),
  title: Type.String(),
  kind: Type.Enum(['openai', 'embeddings']),
  architectures: Type.Array(Type.String()),
  disk_gib_min: Type.Number(),
  disk_gib_max: Type.Number(),
  note: Type.String(),
});
export const NimImageList = listOf(NimImage);

export type WireNimImage = Static<typeof NimImage>;
export type WireService = Static<typeof Service>;
export type WireServiceList = Static<typeof ServiceList>;
export type WireServiceDetail = Static<typeof ServiceDetail>;
export type WireContainerFacts = Static<typeof ContainerFacts>;
export type WireDeepHealth = Static<typeof DeepHealth>;
export type WireDeepHealthReport = Static<typeof DeepHealthReport>;
export type WireServiceLogs = Static<typeof ServiceLogs>;
export type WirePatchPlan = Static<typeof PatchPlan>;
export type WireEndpoint = Static<typeof Endpoint>;
export type WireEndpointList = Static<typeof EndpointList>;
export type WireNimInstall = Static<typeof NimInstallBody>;
