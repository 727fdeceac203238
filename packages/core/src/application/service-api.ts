import type { Actor } from '../audit/audit-entry.ts';
import type { ClusterKey, HostKey } from '../ids.ts';
import type { Operation } from '../operation/operation.ts';
import type { ServiceControl } from '../ports/service-control.ts';
import type { DeepHealth } from '../ports/service-probe.ts';
import type { ContainerFacts, Service, ServiceKind, ServiceStatus } from '../service/service.ts';

export type ServiceAction = 'restart' | 'logs' | 'memory' | 'patches' | 'snapshots';

/** A service with what is known of it. `host`: where it runs, `null` elsewhere. `lock`: the cluster whose lock a restart needs. `link`: where an Open WebUI opens with the running model chosen. */
export type ServiceView = Readonly<{
  service: Service;
  host: HostKey | null;
  baseUrl: string | null;
  lock: ClusterKey | null;
  status: ServiceStatus;
  link: string | null;
  actions: readonly ServiceAction[];
}>;

/** `service` of an item is the key of a service, or of a cluster whose model was asked. */
export type DeepItem = DeepHealth & Readonly<{ name: string; kind: ServiceKind }>;

export type DeepReport = Readonly<{ ok: boolean; at: number; items: readonly DeepItem[] }>;

/** `factsProblem`: why there are no facts. `deep`: the last one, which may be a while ago. `models`: `null`, it does not tell. */
export type ServiceDetails = ServiceView &
  Readonly<{ facts: ContainerFacts | null; factsProblem: string | null; deep: DeepItem | null; models: readonly string[] | null }>;

/** `id` changes with the files, what is there now, and the container. `blockers`: while there are any, a confirmation is refused. */
export type PatchPlan = Readonly<{
  id: string;
  service: string;
  container: string;
  at: number;
  action: 'apply' | 'undo';
  /** Of an undo: what brings the old files back. */
  backup: string | null;
  files: readonly Readonly<{
    name: string;
    target: string;
    wanted: string | null;
    current: string | null;
    change: 'none' | 'add' | 'replace' | 'remove';
  }>[];
  blockers: readonly string[];
}>;

/** Where something answers. `disabled`: it is never asked. */
export type EndpointView = Readonly<{
  key: string;
  name: string;
  kind: string;
  url: string | null;
  healthUrl: string | null;
  model: string | null;
  cluster: ClusterKey | null;
  disabled: boolean;
}>;

export type ServiceOrder = Readonly<{ lockId: string | null; requestedBy: string; reason: string | null; actor: Actor }>;

/**
 * The services beside the model servers. What is disabled is in `endpoints` only, and everything else rejects SERVICE_NOT_FOUND for it. What
 * changes something rejects NOT_SUPPORTED with the reason where it cannot be done; what needs a cluster's lock LOCKED, LOCK_EXPIRED
 * and FENCED_OFF; what begins an operation OPERATION_IN_PROGRESS and STORE_UNAVAILABLE.
 */
export interface ServiceDesk {
  /** As of the last poll, from memory. */
  list(): readonly ServiceView[];
  details(key: string, signal: AbortSignal): Promise<ServiceDetails>;
  /** One real request to every service and every model that serves; answers younger than 10 s are given again. */
  deep(signal: AbortSignal): Promise<DeepReport>;
  logs(key: string, lines: number, signal: AbortSignal): Promise<Readonly<{ at: number; lines: readonly string[] }>>;
  restart(key: string, order: ServiceOrder): Promise<Operation>;
  /** `null` takes the cap away. Resolves with the cap in force. Rejects INVALID_REQUEST for a cap below what is in use. */
  limitMemory(key: string, bytes: number | null, actor: Actor, signal: AbortSignal): Promise<number | null>;
  /** Changes nothing. Rejects INVALID_SETTINGS when a file of a patch cannot be read. */
  patchPlan(key: string, action: PatchPlan['action'], signal: AbortSignal): Promise<PatchPlan>;
  /** Begins what the plan `confirm` says. Rejects STALE_REVISION when that is not the plan any more. */
  patch(key: string, action: PatchPlan['action'], confirm: string, order: ServiceOrder, signal: AbortSignal): Promise<Operation>;
  /** Clusters first. */
  endpoints(): readonly EndpointView[];
  /** For automations, which take the lock themselves. */
  readonly control: ServiceControl;
  /** Begins to poll. */
  start(): void;
  close(): Promise<void>;
}
