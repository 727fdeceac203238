import type { CancelDialogView } from '../elements/cancel-dialog.ts';
import type { HistoryView } from '../elements/history.ts';
import type { ModelsView } from '../elements/models.ts';
import type { OverviewView } from '../elements/overview.ts';
import type { SwapScreenView } from '../elements/swap.ts';
import type { SwapDialogView } from '../elements/swap-dialog.ts';
import { ownLock } from '../lock-state.ts';
import { type AppState, currentCluster, recentSwaps, serverNow } from '../state.ts';
import type { Operation } from '../wire.ts';
import { span } from './format.ts';
import { hostView } from './host.ts';
import { inTheWay, lockView } from './lock.ts';
import { emptyLog } from './log-buffer.ts';
import { modelRows } from './model-row.ts';
import { notices } from './notices.ts';
import { operationTitle } from './operation-title.ts';
import { preflightView } from './preflight.ts';
import { servingTitle, servingView } from './serving.ts';
import { cancelConsequence, swapRow, swapTitle, swapView } from './swap.ts';

const RECENT = 6;

export function overviewView(state: AppState): OverviewView {
  const cluster = currentCluster(state);
  const now = serverNow(state);
  return {
    serving: servingView(state),
    lock: lockView(state),
    hosts: (state.status?.hosts ?? []).filter((host) => host.cluster === cluster?.key).map((host) => hostView(host, now)),
    notices: notices(state),
    running: (state.status?.operations ?? []).filter(({ settled }) => !settled).map(runningView),
    recent:
      cluster === null
        ? []
        : recentSwaps(state, cluster.key)
            .slice(0, RECENT)
            .map((swap) => swapRow(swap, now, state.status?.simulated)),
    isLoaded: state.status !== null,
    isCatalogEmpty: state.models.value !== null && state.models.value.length === 0,
  };
}

function runningView(operation: Operation): OverviewView['running'][number] {
  const { fraction, label, eta_seconds: eta } = operation.progress;
  return {
    id: operation.id,
    title: operationTitle(operation),
    text: [label, eta === null ? '' : `${span(eta)} left`].filter((text) => text !== '').join(' · '),
    percent: fraction === null ? null : Math.round(fraction * 100),
  };
}

export const modelsView = (state: AppState): ModelsView => ({
  cluster: currentCluster(state)?.key ?? null,
  rows: modelRows(state),
  total: state.models.value?.length ?? 0,
  filter: state.modelFilter,
  loading: state.models.loading,
  problem: state.models.problem,
});

export function historyView(state: AppState): HistoryView {
  const { history, historyFilter: filter } = state;
  const now = serverNow(state);
  const rows = history.ids.map((id) => state.swaps[id]).filter((swap) => swap !== undefined);
  return {
    rows: rows.map((swap) => swapRow(swap, now, state.status?.simulated)),
    filter,
    models: (state.models.value ?? []).map(({ key }) => key),
    loading: history.loading,
    hasMore: history.nextCursor !== null,
    problem: history.problem,
  };
}

export function swapScreenView(state: AppState, id: string): SwapScreenView {
  const swap = state.swaps[id] ?? null;
  return {
    id,
    swap: swap === null ? null : swapView(swap, serverNow(state)),
    problem: state.swapProblems[id] ?? null,
    log: state.logs[id] ?? emptyLog,
    again: swap?.settled === true && swap.outcome !== 'ready' ? toLoad(state, swap.cluster, swap.model) : null,
    back: swap?.outcome === 'ready' ? toLoad(state, swap.cluster, swap.previous_model) : null,
  };
}

/** A swap to offer: to a model of the catalog that does not serve there already. */
function toLoad(state: AppState, cluster: string, model: string | null): SwapScreenView['again'] {
  const serving = state.status?.clusters.find(({ key }) => key === cluster)?.serving;
  const isKnown = (state.models.value ?? []).some(({ key }) => key === model);
  return model === null || !isKnown || serving === model ? null : { cluster, model };
}

/** The view of the open swap or unload dialog. */
export function swapDialogView(state: AppState, clusterKey: string, model: string | null): SwapDialogView {
  const cluster = state.status?.clusters.find(({ key }) => key === clusterKey);
  const { preflight } = state;
  return {
    cluster: clusterKey,
    clusterName: cluster?.name ?? clusterKey,
    model,
    modelName: state.models.value?.find(({ key }) => key === model)?.name ?? model ?? '',
    serving: cluster?.serving ?? null,
    current: cluster === undefined ? 'unknown' : servingTitle(cluster).replace(/^(Nothing|Unknown|Not)/, (word) => word.toLowerCase()),
    isLoaded: typeof cluster?.serving === 'string' && cluster.serving !== 'unknown',
    isUnmanaged: cluster?.serving === 'unmanaged',
    swapRunning: typeof cluster?.active_swap === 'string',
    lock: inTheWay(state, clusterKey),
    hasLock: ownLock(state, clusterKey) !== null,
    preflight: preflight.value === null ? null : preflightView(preflight.value, ownLock(state, clusterKey) !== null),
    preflightLoading: preflight.loading,
    preflightProblem: preflight.problem,
    busy: state.busy,
    request: state.request,
  };
}

export function cancelDialogView(state: AppState, id: string): CancelDialogView {
  const swap = state.swaps[id];
  return {
    swap: id,
    title: swap === undefined ? id : swapTitle(swap),
    consequence: swap === undefined ? '' : cancelConsequence(swap),
    isOver: swap?.settled ?? false,
    request: state.request,
  };
}
