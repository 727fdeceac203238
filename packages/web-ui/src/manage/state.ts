import { idle, type Loadable, type Paged, unpaged } from '../state.ts';
import type { LogBuffer } from '../view-models/log-buffer.ts';
import type {
  DeepHealthReport,
  HostTest,
  Operation,
  PatchPlan,
  Service,
  ServiceDetail,
  ServiceLogs,
  UpdateBody,
  UpdatePlan,
} from '../wire.ts';

/** Something fetched whole. `of`: what it was asked for, `null` nothing yet. */
export type Fetched<T> = Loadable<T> & Readonly<{ of: string | null }>;

/** Output of the operation on screen, as far as it is known. */
export type OperationLog = Readonly<{ of: string; buffer: LogBuffer }>;

/** What the screens for managing know beside the rest of the page. */
export type ManageState = Readonly<{
  operations: Paged<string>;
  /** Every operation that was heard of, by id. */
  known: Readonly<Record<string, Operation>>;
  /** The one on screen, when it is not among those that were heard of. */
  operation: Loadable<string>;
  log: OperationLog | null;
  /** Of the host on screen, once somebody asked for it. */
  hostTest: Fetched<HostTest>;
  updates: Fetched<UpdatePlan>;
  services: Fetched<readonly Service[]>;
  deep: Fetched<DeepHealthReport>;
  service: Fetched<ServiceDetail>;
  serviceLogs: Fetched<ServiceLogs>;
  /** Of the open dialog about patches; `of` is `apply/<service>` or `undo/<service>`. */
  patches: Fetched<PatchPlan>;
}>;

const unfetched = <T>(): Fetched<T> => ({ of: null, ...idle<T>() });

export const initialManageState = (): ManageState => ({
  operations: unpaged(),
  known: {},
  operation: idle(),
  log: null,
  hostTest: unfetched(),
  updates: unfetched(),
  services: unfetched(),
  deep: unfetched(),
  service: unfetched(),
  serviceLogs: unfetched(),
  patches: unfetched(),
});

/** What can be asked about hosts. */
export type HostAction = Readonly<
  | { kind: 'test_host'; host: string }
  | { kind: 'trust_host'; host: string; fingerprint: string }
  | { kind: 'plan_update'; host: string }
  | { kind: 'update_host'; host: string; body: UpdateBody }
  | { kind: 'reboot_host'; host: string }
>;

/** What can be asked about services. */
export type ServiceAction = Readonly<
  | { kind: 'check_services' }
  | { kind: 'read_logs'; service: string }
  | { kind: 'restart_service'; service: string; reason: string }
  | { kind: 'limit_memory'; service: string; limitMib: number | null }
  | { kind: 'plan_patches'; service: string; what: PatchWork }
  | { kind: 'patch_service'; service: string; what: PatchWork; confirm: string }
>;

export type PatchWork = 'apply' | 'undo';

/** What can be asked for on these screens. */
export type ManageAction = HostAction | ServiceAction | Readonly<{ kind: 'cancel_operation'; id: string }>;

/** Dialogs of these screens. */
export type ManageDialog = Readonly<
  | { kind: 'cancel_operation'; id: string }
  | { kind: 'trust_host'; host: string; fingerprint: string }
  | { kind: 'update_host'; host: string }
  | { kind: 'reboot_host'; host: string }
  | { kind: 'restart_service'; service: string }
  | { kind: 'limit_memory'; service: string }
  | { kind: 'patch_service'; service: string; what: PatchWork }
>;
