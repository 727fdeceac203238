import type { AppState, Paged } from '../state.ts';
import { serverNow } from '../state.ts';
import type { Automation, AutomationBody, AutomationRun, Problem } from '../wire.ts';
import { clock, instant, span, wallTime } from './format.ts';
import { type Mark, mark } from './mark.ts';

export type AutomationRow = Readonly<{
  id: string;
  name: string;
  /** What it does, in words. */
  what: string;
  cron: string;
  timezone: string;
  enabled: boolean;
  next: string;
  last: Readonly<{ mark: Mark; words: string }> | null;
  policy: string;
  isRunBusy: boolean;
}>;

export type RunRow = Readonly<{ id: string; mark: Mark; when: string; took: string; by: string; detail: string; swap: string | null }>;

export type AutomationsView = Readonly<{ rows: readonly AutomationRow[] | null; problem: Problem | null }>;

export type AutomationView = Readonly<{
  id: string;
  row: AutomationRow | null;
  isKnown: boolean;
  problem: Problem | null;
  runs: readonly RunRow[] | null;
  runsProblem: Problem | null;
  hasMore: boolean;
}>;

export const automationsView = (state: AppState): AutomationsView => ({
  rows: state.lists.automations.value?.map((one) => automationRow(one, state)) ?? null,
  problem: state.lists.automations.problem,
});

export function automationView(state: AppState, id: string): AutomationView {
  const { automations, runs } = state.lists;
  const found = automations.value?.find((one) => one.id === id);
  const shown: Paged<AutomationRun> | null = runs.of === id ? runs : null;
  return {
    id,
    row: found === undefined ? null : automationRow(found, state),
    isKnown: automations.value !== null,
    problem: automations.problem,
    runs: shown?.items?.map((run) => runRow(run, serverNow(state))) ?? null,
    runsProblem: shown?.problem ?? null,
    hasMore: typeof shown?.nextCursor === 'string',
  };
}

function automationRow(automation: Automation, state: AppState): AutomationRow {
  const now = serverNow(state);
  const { id, name, cron, timezone, enabled, missed, lock_wait_seconds, next_run_at, last_run } = automation;
  const next = instant(next_run_at);
  return {
    id,
    name,
    what: actionWords(automation.action),
    cron,
    timezone,
    enabled,
    next: !enabled
      ? 'switched off'
      : next === null
        ? 'never'
        : `${next <= now ? 'now' : `in ${span((next - now) / 1000)}`}, ${wallTime(next, now)}`,
    last: last_run === null ? null : { mark: runMark(last_run), words: runWhen(last_run, now) },
    policy: `${missed === 'skip' ? 'A missed run is skipped' : 'A missed run is made up for once'}; waits ${span(lock_wait_seconds)} for the lock.`,
    isRunBusy: state.busy.includes(`run/${id}`),
  };
}

/** What an automation does, as a sentence. One that this page does not know is shown by its name. */
export function actionWords(action: Readonly<Record<string, unknown>>): string {
  const { type, model, cluster, service, collection } = action;
  const where = typeof cluster === 'string' ? ` on ${cluster}` : '';
  switch (type) {
    case 'swap':
      return typeof model === 'string' ? `Swap to ${model}${where}` : `Unload${where}`;
    case 'warm':
      return `Warm ${model}${where}${action['launch'] === true ? ', loading it if need be' : ''}`;
    case 'restart_service':
      return `Restart ${service}`;
    case 'health_sweep':
      return 'Check the health of everything';
    case 'qdrant_snapshot':
      return (typeof collection === 'string' ? `Snapshot of ${collection}` : 'Snapshot of every collection') + keptWords(action);
    default:
      return String(type);
  }
}

/** One that is wanted by either stays. */
function keptWords({ keep_count: count, keep_days: days }: Readonly<Record<string, unknown>>): string {
  const wanted = [
    ...(typeof count === 'number' ? [`the newest ${count}`] : []),
    ...(typeof days === 'number' ? [`those of ${days} ${days === 1 ? 'day' : 'days'}`] : []),
  ];
  return wanted.length === 0 ? '' : `, keeps ${wanted.join(' and ')}`;
}

const OUTCOMES = { succeeded: mark('ok', 'succeeded'), failed: mark('bad', 'failed'), skipped: mark('none', 'skipped') } as const;

const runMark = ({ outcome }: AutomationRun): Mark => (outcome === null ? mark('busy', 'running') : OUTCOMES[outcome]);

const runWhen = (run: AutomationRun, now: number): string => wallTime(instant(run.started_at) ?? now, now);

/** A run that began so much after its time says so. */
const LATE_MS = 60_000;

function runRow(run: AutomationRun, now: number): RunRow {
  const from = instant(run.started_at) ?? now;
  const planned = instant(run.scheduled_for);
  const isLate = planned !== null && from - planned > LATE_MS;
  return {
    id: run.id,
    mark: runMark(run),
    when: runWhen(run, now),
    took: clock(((instant(run.settled_at) ?? now) - from) / 1000),
    by: planned === null ? `by ${run.started_by}` : isLate ? `planned for ${wallTime(planned, now)}` : 'by the clock',
    detail: run.detail ?? '',
    swap: run.swap_id,
  };
}

export type AutomationDialogView = Readonly<{
  id: string | null;
  /** What the form begins with. */
  start: AutomationBody;
  models: readonly string[];
  clusters: readonly string[];
  request: AppState['request'];
}>;

/** `timezone`: of this device, for a new one. */
export function automationDialogView(state: AppState, id: string | null, timezone: string): AutomationDialogView {
  const found = state.lists.automations.value?.find((one) => one.id === id);
  const fresh: AutomationBody = {
    name: '',
    cron: '',
    timezone,
    enabled: true,
    missed: 'skip',
    lock_wait_seconds: 600,
    action: { type: 'swap', model: null },
  };
  return {
    id,
    // The server wrote it by the same schema by which it takes it.
    start: found === undefined ? fresh : { ...found, action: found.action as AutomationBody['action'] },
    models: modelsFor(state, found),
    clusters: (state.status?.clusters ?? []).map(({ key }) => key),
    request: state.request,
  };
}

/** Those of the catalog, and the one it has: a model that has left the catalog must not silently become another. */
function modelsFor({ models }: AppState, found: Automation | undefined): readonly string[] {
  const keys = (models.value ?? []).map(({ key }) => key);
  const present = found?.action['model'];
  return typeof present === 'string' && !keys.includes(present) ? [present, ...keys] : keys;
}
