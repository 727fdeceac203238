import type { Actor, AuditEntry } from '../audit/audit-entry.ts';
import type { ClusterKey, HostKey, ModelKey } from '../ids.ts';
import type { Operation } from '../operation/operation.ts';
import type { Clock } from '../ports/clock.ts';
import type { ImageStore } from '../ports/image-store.ts';
import type { Logger } from '../ports/logger.ts';
import type { SecretSource } from '../ports/secret-source.ts';
import type { WeightStore } from '../ports/weight-store.ts';
import type { SparkCore } from './core-api.ts';
import type { OperationDesk } from './operation-api.ts';

/** `cluster: null`: the first one that the model may run on. `hosts: null`: all that it spans there. */
export type StorageRequest = Readonly<{
  model: ModelKey;
  cluster: string | null;
  hosts: readonly string[] | null;
  requestedBy: string;
  reason: string | null;
}>;

/** Weights of a model on one host. `present: null`: it could not be asked, `problem` says why. */
export type ModelDiskHost = Readonly<{
  host: HostKey;
  cluster: ClusterKey;
  kind: 'cache' | 'path';
  present: boolean | null;
  path: string | null;
  bytes: number | null;
  complete: boolean;
  downloading: boolean;
  freeBytes: number | null;
  problem: string | null;
}>;

/** `reason`: why the weights may not be deleted, in a sentence. */
export type ModelDisk = Readonly<{ model: ModelKey; deletable: boolean; reason: string | null; hosts: readonly ModelDiskHost[] }>;

/** `host: null`: every host that has them. `force`: also when another entry of the catalog needs the same repository. */
export type WeightsRemoval = Readonly<{ model: ModelKey; host: string | null; dryRun: boolean; force: boolean }>;

/** `through: 'nothing'`: nothing was deleted there, since it was a trial or there was nothing. */
export type RemovedWeights = Readonly<{
  host: HostKey;
  path: string | null;
  freedBytes: number;
  through: 'login' | 'container' | 'nothing';
}>;

/** What of the models lies on the disks of the hosts, and how it comes and goes. */
export interface StorageDesk {
  /**
   * Begins an operation `model_download`; one that finds all there is over at once. Rejects MODEL_NOT_FOUND, CLUSTER_NOT_FOUND,
   * HOST_NOT_FOUND, NOT_SUPPORTED (a local path), NOT_ENOUGH_DISK (host, needed and free), HOST_UNREACHABLE, OPERATION_IN_PROGRESS,
   * STORE_UNAVAILABLE.
   */
  download(request: StorageRequest, actor: Actor, signal: AbortSignal): Promise<Operation>;
  /** Begins an operation `image_pull`, also when the image is there: it may have a newer version. Rejects as {@link download}. */
  pullImage(request: StorageRequest, actor: Actor, signal: AbortSignal): Promise<Operation>;
  /** Asks the hosts, unless they were asked half a minute ago. Rejects MODEL_NOT_FOUND. */
  disk(model: ModelKey, signal: AbortSignal): Promise<ModelDisk>;
  /** As of the last survey, from memory; empty without one. Has the hosts asked again in the background when that was long ago. */
  knownDisk(model: ModelKey): readonly ModelDiskHost[];
  /**
   * Deletes the weights of a model from the cache. Rejects MODEL_NOT_FOUND, HOST_NOT_FOUND, NOT_SUPPORTED (a local path is never
   * deleted), MODEL_IN_USE (served, being loaded, downloaded, or needed by another entry), HOST_UNREACHABLE, RUNTIME_REJECTED,
   * STORE_UNAVAILABLE.
   */
  remove(
    removal: WeightsRemoval,
    actor: Actor,
    signal: AbortSignal,
  ): Promise<Readonly<{ freedBytes: number; hosts: readonly RemovedWeights[] }>>;
  /** Ends surveys in the background. */
  close(): void;
}

export type StorageDeskDeps = Readonly<{
  core: Pick<SparkCore, 'clusters' | 'catalog' | 'views' | 'swap' | 'swaps' | 'hostReports'>;
  operations: OperationDesk;
  weights: ReadonlyMap<ClusterKey, WeightStore>;
  images: ReadonlyMap<ClusterKey, ImageStore>;
  secrets: SecretSource;
  /** Writes an entry of the audit trail; durable before it resolves. Rejects STORE_UNAVAILABLE. */
  record: (entry: AuditEntry) => Promise<void>;
  clock: Clock;
  logger: Logger;
}>;
