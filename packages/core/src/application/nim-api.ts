import type { Actor } from '../audit/audit-entry.ts';
import type { HostKey } from '../ids.ts';
import type { KnownNim } from '../nim/known-images.ts';
import type { Operation } from '../operation/operation.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { NimHost } from '../ports/nim-host.ts';
import type { SecretSource } from '../ports/secret-source.ts';
import type { ServiceRegistry } from '../ports/service-registry.ts';
import type { SparkCore } from './core-api.ts';
import type { OperationDesk } from './operation-api.ts';

/** `null`: the default, which is the head of the first cluster, a name after the image, port 8001, `~/.cache/nim`, 16 GiB. */
export type NimRequest = Readonly<{
  image: string;
  host: HostKey | null;
  container: string | null;
  port: number | null;
  cache: string | null;
  shmGib: number | null;
  env: Readonly<Record<string, string>>;
  /** `null`: that of the control plane's environment, if there is one and it is for the image's registry. */
  key: string | null;
  replace: boolean;
  register: Readonly<{ key: string; name: string | null; kind: 'openai' | 'embeddings' | 'asr' | 'tts' | 'http' }> | null;
  lockId: string | null;
  requestedBy: string;
  reason: string | null;
}>;

export interface NimDesk {
  known(): readonly KnownNim[];
  /**
   * Begins an operation `nim_install`. What can be known at once is refused at once: rejects HOST_NOT_FOUND, INVALID_REQUEST (with
   * `issues`), LOCKED, LOCK_EXPIRED, FENCED_OFF, HOST_UNREACHABLE, RUNTIME_REJECTED, OPERATION_IN_PROGRESS, STORE_UNAVAILABLE.
   */
  install(request: NimRequest, actor: Actor, signal: AbortSignal): Promise<Operation>;
}

export type NimDeskDeps = Readonly<{
  core: SparkCore;
  operations: OperationDesk;
  nim: NimHost;
  registry: ServiceRegistry;
  /** The control plane's environment: for NGC_API_KEY, and NGC_REGISTRY, the only registry that it is sent to. */
  secrets: SecretSource;
  clock: Clock;
  logger: Logger;
}>;
