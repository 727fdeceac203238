import type { Actor } from '../audit/audit-entry.ts';
import type { UpdatePlan } from '../host/update-plan.ts';
import type { ClusterKey, HostKey } from '../ids.ts';
import type { Operation } from '../operation/operation.ts';
import type { Clock } from '../ports/clock.ts';
import type { HostFence } from '../ports/host-fence.ts';
import type { HostMaintenance } from '../ports/host-maintenance.ts';
import type { Logger } from '../ports/logger.ts';
import type { SparkCore } from './core-api.ts';
import type { OperationDesk } from './operation-api.ts';

export const REBOOT_POLICIES = ['if_required', 'always', 'never'] as const;
export type RebootPolicy = (typeof REBOOT_POLICIES)[number];

type Disturbance = Readonly<{
  host: HostKey;
  /** How long requests that run may go on before the model is unloaded. */
  drainSeconds: number;
  /** A lock of the caller's; `null`: one is taken for the duration. */
  lockId: string | null;
  /** Load again what serves now, at the end. */
  restoreModel: boolean;
  requestedBy: string;
  reason: string | null;
}>;

export type UpdateRequest = Disturbance &
  Readonly<{
    /** Id of the plan that was shown for `host`. */
    plan: string;
    /** `cluster`: every host of it, the head last. */
    scope: 'host' | 'cluster';
    reboot: RebootPolicy;
    firmware: boolean;
    acceptDanger: boolean;
  }>;

export type RebootRequest = Disturbance;

/** Updates and reboots hosts, as operations under the lock of their cluster. */
export interface MaintenanceDesk {
  /** Rejects HOST_NOT_FOUND, HOST_UNREACHABLE and the like, RUNTIME_REJECTED, NOT_SUPPORTED. */
  plan(host: HostKey): Promise<UpdatePlan>;
  /**
   * Rejects as `plan`, and LOCKED, LOCK_EXPIRED, FENCED_OFF, SWAP_IN_PROGRESS, UNMANAGED_MODEL, OPERATION_IN_PROGRESS, STALE_REVISION (the plan is another one by now),
   * PREFLIGHT_FAILED (with issues), STORE_UNAVAILABLE.
   */
  update(request: UpdateRequest, actor: Actor): Promise<Operation>;
  reboot(request: RebootRequest, actor: Actor): Promise<Operation>;
}

/** How a service beside the model server is. */
export type SideService = Readonly<{ service: string; ok: boolean; detail: string }>;

/** How long things may take, ms. */
export type MaintenanceTimes = Readonly<{
  /** A host that cannot be reached, outside of its reboot. */
  awayMs: number;
  /** The same in the middle of its update, which goes on there. */
  awayInUpdateMs: number;
  /** From the order to reboot until it answers as another boot: a Spark with a full memory test takes minutes. */
  rebootMs: number;
  /** From then until driver and Docker answer. */
  verifyMs: number;
  servicesMs: number;
  pollMs: number;
}>;

export const MAINTENANCE_TIMES: MaintenanceTimes = {
  awayMs: 300_000,
  awayInUpdateMs: 1_800_000,
  rebootMs: 1_200_000,
  verifyMs: 300_000,
  servicesMs: 180_000,
  pollMs: 2_000,
};

export type MaintenanceDeps = Readonly<{
  core: SparkCore;
  operations: OperationDesk;
  /** `null`: these hosts cannot be updated from here. */
  maintenance: HostMaintenance | null;
  /** The fence files of a cluster's hosts. */
  fenceOf: (cluster: ClusterKey) => Pick<HostFence, 'claim'>;
  clock: Clock;
  logger: Logger;
  /** Id of this control plane's data folder, which its claims bear. */
  controllerId: string;
  /** The services with a container on a host, each asked. Default: there are none. */
  sideServices?: (host: HostKey, signal: AbortSignal) => Promise<readonly SideService[]>;
  /** Default: {@link MAINTENANCE_TIMES}. */
  times?: Partial<MaintenanceTimes>;
}>;
