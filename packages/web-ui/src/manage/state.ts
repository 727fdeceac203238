import { idle, type Loadable, type Paged, unpaged } from '../state.ts';
import type { LogBuffer } from '../view-models/log-buffer.ts';
import type {
  CreateModel,
  DeepHealthReport,
  Endpoint,
  HostTest,
  Knobs,
  Model,
  ModelDiskView,
  ModelRevision,
  NimImage,
  NimInstall,
  Operation,
  ParsedCommand,
  PatchPlan,
  Service,
  ServiceDetail,
  ServiceLogs,
  Settings,
  StorageRestoreGuide,
  UpdateBody,
  UpdatePlan,
  VectorCollection,
  VectorSnapshot,
  VllmFlag,
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
  /** The model on screen, with the revision of the catalog in which it was read. */
  model: Fetched<Readonly<{ model: Model; revision: number }>>;
  modelHistory: Fetched<readonly ModelRevision[]>;
  modelDisk: Fetched<ModelDiskView>;
  /** Somebody else changed the same entry meanwhile: what was typed could be saved over this revision. */
  newer: Readonly<{ model: string; revision: number }> | null;
  flags: Fetched<readonly VllmFlag[]>;
  parsed: Fetched<ParsedCommand>;
  settings: Fetched<Settings>;
  services: Fetched<readonly Service[]>;
  deep: Fetched<DeepHealthReport>;
  service: Fetched<ServiceDetail>;
  serviceLogs: Fetched<ServiceLogs>;
  /** Of the open dialog about patches; `of` is `apply/<service>` or `undo/<service>`. */
  patches: Fetched<PatchPlan>;
  endpoints: Fetched<readonly Endpoint[]>;
  nimImages: Fetched<readonly NimImage[]>;
  /** Of the vector store on screen. */
  collections: Fetched<readonly VectorCollection[]>;
  snapshots: Fetched<readonly VectorSnapshot[]>;
  restoreGuide: Fetched<StorageRestoreGuide>;
}>;

export const unfetched = <T>(): Fetched<T> => ({ of: null, ...idle<T>() });

export const initialManageState = (): ManageState => ({
  operations: unpaged(),
  known: {},
  operation: idle(),
  log: null,
  hostTest: unfetched(),
  updates: unfetched(),
  model: unfetched(),
  modelHistory: unfetched(),
  modelDisk: unfetched(),
  newer: null,
  flags: unfetched(),
  parsed: unfetched(),
  settings: unfetched(),
  services: unfetched(),
  deep: unfetched(),
  service: unfetched(),
  serviceLogs: unfetched(),
  patches: unfetched(),
  endpoints: unfetched(),
  nimImages: unfetched(),
  collections: unfetched(),
  snapshots: unfetched(),
  restoreGuide: unfetched(),
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
  | { kind: 'known_nims' }
  | { kind: 'install_nim'; body: NimInstall }
>;

/** What to copy, and how long copies are kept. Neither `collection` nor `storage`: every collection. */
export type SnapshotWish = Readonly<{ collection?: string; storage?: boolean; keep_count?: number; keep_days?: number }>;

/** What can be asked about the snapshots of a vector store. `collection: null`: of the whole storage. */
export type VectorAction = Readonly<
  | { kind: 'take_snapshot'; service: string; wish: SnapshotWish }
  | { kind: 'delete_snapshot'; service: string; collection: string | null; name: string }
  | { kind: 'restore_collection'; service: string; collection: string; name: string; confirm: string }
  | { kind: 'read_restore_guide'; service: string }
>;

export type PatchWork = 'apply' | 'undo';

/** Flags and variables of a model as they are to be; `revision`: of the catalog that the reader saw. */
export type KnobsChange = Readonly<{ model: string; revision: number; body: Knobs }>;

/** What can be asked about models. */
export type ModelAction = Readonly<
  | ({ kind: 'save_knobs' } & KnobsChange)
  | { kind: 'create_model'; body: CreateModel }
  | { kind: 'parse_command'; command: string }
  | { kind: 'remove_model'; model: string }
  | { kind: 'revert_model'; model: string; revision: number }
  /** `cluster`: on which it is to run, when it may run on several. */
  | { kind: 'download_weights'; model: string; cluster?: string }
  | { kind: 'pull_image'; model: string; cluster?: string }
  | { kind: 'delete_weights'; model: string; host: string }
>;

/** What can be asked for on these screens. */
export type ManageAction =
  | Readonly<{ kind: 'change_setting'; path: string; value: unknown }>
  | HostAction
  | ServiceAction
  | VectorAction
  | ModelAction
  | Readonly<{ kind: 'cancel_operation'; id: string }>;

/** Dialogs of these screens. */
export type ManageDialog = Readonly<
  | { kind: 'cancel_operation'; id: string }
  | { kind: 'trust_host'; host: string; fingerprint: string }
  | { kind: 'update_host'; host: string }
  | { kind: 'reboot_host'; host: string }
  | { kind: 'change_setting'; path: string }
  | { kind: 'remove_model'; model: string }
  | { kind: 'revert_model'; model: string; revision: number }
  | { kind: 'delete_weights'; model: string; host: string }
  | { kind: 'restart_service'; service: string }
  | { kind: 'limit_memory'; service: string }
  | { kind: 'patch_service'; service: string; what: PatchWork }
  | { kind: 'install_nim' }
  | { kind: 'take_snapshot'; service: string }
  | { kind: 'delete_snapshot'; service: string; collection: string | null; name: string }
  | { kind: 'restore_collection'; service: string; collection: string; name: string }
  | { kind: 'restore_guide'; service: string }
>;
