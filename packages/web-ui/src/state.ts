import type { Route } from './router.ts';
import type { StreamState } from './stream.ts';
import { instant } from './view-models/format.ts';
import { appendLog, emptyLog, type LogBuffer } from './view-models/log-buffer.ts';
import type { Cluster, HostEvent, LogLine, Model, Preflight, Problem, Status, Swap } from './wire.ts';

/** Something asked of the server: what came last stays visible while it is asked again. */
export type Loadable<T> = Readonly<{ value: T | null; loading: boolean; problem: Problem | null }>;

export type Connection = Readonly<{ state: StreamState /** By this device's clock. */; lastEventAt: number | null }>;

export type HistoryList = Readonly<{ ids: readonly string[]; nextCursor: string | null; loading: boolean; problem: Problem | null }>;

export type Dialog = Readonly<
  | { kind: 'swap'; cluster: string; model: string }
  | { kind: 'unload'; cluster: string }
  | { kind: 'cancel'; swap: string }
  | { kind: 'help' }
  | { kind: 'palette' }
>;

export type Toast = Readonly<{ id: number; tone: 'ok' | 'bad'; text: string; problem: Problem | null }>;

/** All that the page knows. What the server said is kept as it said it; view-models make it readable. */
export type AppState = Readonly<{
  route: Route;
  connection: Connection;
  /** This device's clock, once a second, in ms. */
  now: number;
  /** The server's clock minus this device's. */
  clockSkewMs: number;
  status: Status | null;
  /** Cluster chosen by the reader, `null`: the first. */
  chosenCluster: string | null;
  models: Loadable<readonly Model[]>;
  modelFilter: string;
  swaps: Readonly<Record<string, Swap>>;
  swapProblems: Readonly<Record<string, Problem>>;
  logs: Readonly<Record<string, LogBuffer>>;
  history: HistoryList;
  historyFilter: Readonly<{ outcome: string; model: string }>;
  dialog: Dialog | null;
  preflight: Loadable<Preflight>;
  /** A request of the open dialog is under way, or was refused. */
  request: Readonly<{ busy: boolean; problem: Problem | null }>;
  toasts: readonly Toast[];
  singleKeys: boolean;
  theme: 'auto' | 'light' | 'dark';
}>;

export const idle = <T>(): Loadable<T> => ({ value: null, loading: false, problem: null });

export function initialState(route: Route, now: number): AppState {
  return {
    route,
    connection: { state: 'connecting', lastEventAt: null },
    now,
    clockSkewMs: 0,
    status: null,
    chosenCluster: null,
    models: idle(),
    modelFilter: '',
    swaps: {},
    swapProblems: {},
    logs: {},
    history: { ids: [], nextCursor: null, loading: false, problem: null },
    historyFilter: { outcome: '', model: '' },
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
export function onSnapshot(state: AppState, status: Status, deviceNow: number): Partial<AppState> {
  return {
    status,
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
