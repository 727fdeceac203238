import type { ManageModule } from './manage/contract.ts';
import type { ManageDialog, ManageState } from './manage/state.ts';
import type { Route } from './router.ts';
import type { StreamState } from './stream.ts';
import { instant } from './view-models/format.ts';
import { appendLog, emptyLog, type LogBuffer } from './view-models/log-buffer.ts';
import type {
  AuditEntry,
  Automation,
  AutomationRun,
  Calendar,
  Cluster,
  Delivery,
  HostEvent,
  Lock,
  LogLine,
  Model,
  Operation,
  Preflight,
  Problem,
  Status,
  Swap,
  Webhook,
} from './wire.ts';

/** Something asked of the server: what came last stays visible while it is asked again. */
export type Loadable<T> = Readonly<{ value: T | null; loading: boolean; problem: Problem | null }>;

export type Connection = Readonly<{ state: StreamState /** By this device's clock. */; lastEventAt: number | null }>;

export type HistoryList = Readonly<{ ids: readonly string[]; nextCursor: string | null; loading: boolean; problem: Problem | null }>;

/** A list that comes page by page, newest first. `of`: what it is the list of; an answer for something else is void. */
export type Paged<T> = Readonly<{
  of: string | null;
  items: readonly T[] | null;
  nextCursor: string | null;
  loading: boolean;
  problem: Problem | null;
}>;

/** Lists that are fetched for their screens and stay until they are fetched again. */
export type Lists = Readonly<{
  calendar: Loadable<Calendar>;
  automations: Loadable<readonly Automation[]>;
  webhooks: Loadable<readonly Webhook[]>;
  runs: Paged<AutomationRun>;
  deliveries: Paged<Delivery>;
  audit: Paged<AuditEntry>;
}>;

/** A lock, and when this page heard of it (`AppState.monotonic`): what is left of it is counted from there. */
export type SeenLock = Readonly<{ lock: Lock; at: number }>;

/** A lock acquired in this tab. The id proves it, so it stays in this tab. */
export type OwnLock = Readonly<{ lockId: string; holder: string; fence: number }>;

/** A place in the line for a lock, kept by asking again and again. `position`: 1 is next; `null` until it is known. */
export type Waiting = Readonly<{ holder: string; position: number | null }>;

/** What a dialog asks about before it is done. */
export type Confirmation = 'remove_automation' | 'remove_webhook' | 'rotate_secret';

export type Dialog = Readonly<
  | { kind: 'swap'; cluster: string; model: string }
  | { kind: 'unload'; cluster: string }
  | { kind: 'cancel'; swap: string }
  | { kind: 'acquire'; cluster: string }
  | { kind: 'break'; cluster: string }
  /** `id: null`: a new one. */
  | { kind: 'automation'; id: string | null }
  | { kind: 'webhook'; id: string | null }
  | { kind: 'confirm'; what: Confirmation; id: string }
  /** The only time that the secret is shown; it is nowhere else in the page. */
  | { kind: 'secret'; url: string; secret: string }
  | { kind: 'manage'; open: ManageDialog }
  | { kind: 'help' }
  | { kind: 'palette' }
>;

const MANAGED_DIALOGS: readonly Dialog['kind'][] = ['automation', 'webhook', 'confirm', 'secret', 'manage'];

/** Whether the code of a dialog comes with the screens for managing. */
export const isManagedDialog = ({ kind }: Dialog): boolean => MANAGED_DIALOGS.includes(kind);

export type Toast = Readonly<{ id: number; tone: 'ok' | 'bad'; text: string; problem: Problem | null }>;

/** All that the page knows. What the server said is kept as it said it; view-models make it readable. */
export type AppState = Readonly<{
  route: Route;
  connection: Connection;
  /** This device's clock, once a second, in ms. */
  now: number;
  /** A clock that nobody can set, once a second while the page is looked at, in ms. Countdowns go by it. */
  monotonic: number;
  /** The server's clock minus this device's. */
  clockSkewMs: number;
  status: Status | null;
  /** The lock of each cluster as it was last heard of. */
  locks: Readonly<Record<string, SeenLock>>;
  /** Locks acquired in this tab, by cluster. */
  ownLocks: Readonly<Record<string, OwnLock>>;
  /** Lines that this tab stands in, by cluster. */
  waits: Readonly<Record<string, Waiting>>;
  /** The name under which locks are acquired here. */
  holder: string;
  /** Cluster chosen by the reader, `null`: the first. */
  chosenCluster: string | null;
  models: Loadable<readonly Model[]>;
  modelFilter: string;
  swaps: Readonly<Record<string, Swap>>;
  swapProblems: Readonly<Record<string, Problem>>;
  logs: Readonly<Record<string, LogBuffer>>;
  history: HistoryList;
  historyFilter: Readonly<{ outcome: string; model: string }>;
  lists: Lists;
  auditFilter: string;
  /** The screens for managing, once they are loaded. */
  manage: Readonly<{ module: ManageModule; data: ManageState }> | null;
  manageProblem: Problem | null;
  /** Buttons whose request is under way. */
  busy: readonly string[];
  dialog: Dialog | null;
  preflight: Loadable<Preflight>;
  /** A request of the open dialog is under way, or was refused. */
  request: Readonly<{ busy: boolean; problem: Problem | null }>;
  toasts: readonly Toast[];
  singleKeys: boolean;
  theme: 'auto' | 'light' | 'dark';
}>;

export const idle = <T>(): Loadable<T> => ({ value: null, loading: false, problem: null });

export const unpaged = <T>(of: string | null = null): Paged<T> => ({ of, items: null, nextCursor: null, loading: false, problem: null });

export function initialState(route: Route, now: number, monotonic = 0): AppState {
  return {
    route,
    connection: { state: 'connecting', lastEventAt: null },
    now,
    monotonic,
    clockSkewMs: 0,
    status: null,
    locks: {},
    ownLocks: {},
    waits: {},
    holder: '',
    chosenCluster: null,
    models: idle(),
    modelFilter: '',
    swaps: {},
    swapProblems: {},
    logs: {},
    history: { ids: [], nextCursor: null, loading: false, problem: null },
    historyFilter: { outcome: '', model: '' },
    lists: { calendar: idle(), automations: idle(), webhooks: idle(), runs: unpaged(), deliveries: unpaged(), audit: unpaged() },
    auditFilter: '',
    manage: null,
    manageProblem: null,
    busy: [],
    dialog: null,
    preflight: idle(),
    request: { busy: false, problem: null },
    toasts: [],
    singleKeys: true,
    theme: 'auto',
  };
}

/** The server's time now, as far as this device can tell: elapsed times must not depend on how its clock is set. */
export const serverNow = (state: AppState): number => state.now + state.clockSkewMs;

/** The cluster that is looked at: the chosen one, or the first when that is gone. */
export function currentCluster(state: AppState): Cluster | null {
  const clusters = state.status?.clusters ?? [];
  return clusters.find(({ key }) => key === state.chosenCluster) ?? clusters[0] ?? null;
}

/** A snapshot replaces what the server knows best; swaps it no longer lists and logs stay, so that nothing flickers away. */
export function onSnapshot(state: AppState, status: Status, deviceNow: number, monotonic: number): Partial<AppState> {
  return {
    status,
    locks: Object.fromEntries(status.locks.map((lock) => [lock.cluster, { lock, at: monotonic }])),
    swaps: { ...state.swaps, ...Object.fromEntries(status.swaps.map((swap) => [swap.id, swap])) },
    clockSkewMs: (instant(status.now) ?? deviceNow) - deviceNow,
  };
}

export function onSwap(state: AppState, swap: Swap): Partial<AppState> {
  const known = state.swaps[swap.id];
  // A late answer to a GET must not undo what the stream said in between.
  if (known?.settled && !swap.settled) return {};
  return { swaps: { ...state.swaps, [swap.id]: swap } };
}

export function onCluster(state: AppState, cluster: Cluster): Partial<AppState> {
  if (state.status === null) return {};
  const clusters = state.status.clusters.map((known) => (known.key === cluster.key ? cluster : known));
  return { status: { ...state.status, clusters } };
}

export function onOperation(state: AppState, operation: Operation): Partial<AppState> {
  if (state.status === null) return {};
  const others = state.status.operations.filter(({ id }) => id !== operation.id);
  return { status: { ...state.status, operations: [operation, ...others] } };
}

/** A host's latest, and that its cluster was looked at: a cluster comes anew only when something about it changes. */
export function onHost(state: AppState, event: HostEvent): Partial<AppState> {
  if (state.status === null) return {};
  const { observed_at, ...host } = event;
  const hosts = state.status.hosts.map((known) => (known.key === host.key && known.cluster === host.cluster ? host : known));
  const clusters = state.status.clusters.map((known) => (known.key === host.cluster ? { ...known, observed_at } : known));
  return { status: { ...state.status, hosts, clusters } };
}

export function onLog(state: AppState, swapId: string, lines: readonly LogLine[]): Partial<AppState> {
  const before = state.logs[swapId] ?? emptyLog;
  const after = appendLog(before, lines);
  return after === before ? {} : { logs: { ...state.logs, [swapId]: after } };
}

/** Swaps newest first: ids are sortable by time. */
export const recentSwaps = (state: AppState, cluster: string): readonly Swap[] =>
  Object.values(state.swaps)
    .filter((swap) => swap.cluster === cluster)
    .sort((a, b) => (a.id < b.id ? 1 : -1));

export const activeSwap = (state: AppState, cluster: Cluster): Swap | null => {
  if (cluster.active_swap !== null) return state.swaps[cluster.active_swap] ?? null;
  return null;
};
