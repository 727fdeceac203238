import type { HostKey } from '../ids.ts';

export const SERVICE_KINDS = ['vllm', 'openai', 'asr', 'diarizer', 'tts', 'embeddings', 'qdrant', 'open_webui', 'http'] as const;

export type ServiceKind = (typeof SERVICE_KINDS)[number];

/** Kinds that keep a model on the GPU of the host they run on, unless their entry says otherwise. */
export const GPU_KINDS: readonly ServiceKind[] = ['vllm', 'openai', 'asr', 'diarizer', 'tts', 'embeddings'];

/** How its deep check asks; `null` follows from the kind. `speakers`: where a diarizer's answer has them, `segments[].speaker` for example. */
export type ProbeOptions = Readonly<{ path: string | null; voice: string | null; speakers: string | null }>;

/** A file that "reapply patches" copies into the container: `source` on the control plane's machine, `target` absolute in the container. */
export type PatchFile = Readonly<{ name: string; source: string; target: string }>;

/** A service beside the model server, as configured. It has a `url`, or a `port` on `host` (`null`: the first cluster's head). */
export type Service = Readonly<{
  key: string;
  name: string;
  kind: ServiceKind;
  url: string | null;
  host: HostKey | null;
  port: number | null;
  healthPath: string;
  model: string | null;
  container: string | null;
  /** Login user other than the host's, for its container. */
  user: string | null;
  /** Name of the variable that holds its key. */
  apiKeyVariable: string | null;
  publicUrl: string | null;
  /** Whether restarting it touches the GPU, so that the cluster's lock is needed. */
  usesGpu: boolean;
  /** Memory cap that its container is to have; `null`: none asked for. */
  memoryLimitBytes: number | null;
  patches: readonly PatchFile[];
  /** Left out: all follows from the kind. */
  probe?: ProbeOptions;
  /** Named in DISABLED_SERVICES: hidden and never asked. */
  isDisabled: boolean;
  origin: 'file' | 'override';
}>;

/** `detail`: one sentence for people. `latencyMs` of the request that was made. */
export type ServiceStatus = Readonly<{
  service: string;
  state: 'up' | 'degraded' | 'down' | 'unknown';
  detail: string;
  latencyMs: number | null;
  at: number;
}>;

/** As `docker inspect` has it. `null` fields: not set or not told. */
export type ContainerFacts = Readonly<{
  id: string;
  name: string;
  image: string;
  imageId: string;
  status: string;
  startedAt: number | null;
  restarts: number | null;
  health: string | null;
  memoryLimitBytes: number | null;
  memoryUsedBytes: number | null;
  restartPolicy: string | null;
}>;
