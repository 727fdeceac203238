import { type AppState, currentCluster, serverNow } from '../../state.ts';
import { ago, bytes, instant, plural } from '../../view-models/format.ts';
import { type Mark, mark } from '../../view-models/mark.ts';
import { type ModelRow, modelRow, usualLoad } from '../../view-models/model-row.ts';
import type { Model, ModelDiskHost, ModelRevision, ParsedCommand, Problem } from '../../wire.ts';
import type { ManageState } from '../state.ts';
import type { KnobsView } from './knobs.ts';

export type DiskRow = Readonly<{
  host: string;
  mark: Mark;
  size: string;
  path: string;
  problem: string | null;
  free: string;
  canDelete: boolean;
}>;
export type HistoryRow = Readonly<{
  revision: number;
  when: string;
  by: string;
  action: string;
  revisionText: string;
  changes: readonly string[];
  canRevert: boolean;
}>;

export type ModelScreenView = Readonly<{
  key: string;
  name: string;
  badge: string | null;
  isKnown: boolean;
  problem: Problem | null;
  mark: Mark | null;
  /** What can be done with it on the cluster that is looked at; `null`: there is none. */
  action: ModelRow['action'] | null;
  cluster: string | null;
  facts: readonly (readonly [name: string, value: string])[];
  knobs: KnobsView | null;
  disk: Readonly<{ rows: readonly DiskRow[]; reason: string | null; loading: boolean; problem: Problem | null }>;
  history: readonly HistoryRow[];
  isBusy: Readonly<{ download: boolean; pull: boolean }>;
  canDownload: boolean;
}>;

export function modelScreenView(state: AppState, data: ManageState, key: string): ModelScreenView {
  const read = data.model.of === key ? data.model.value : null;
  // How it is now, the list says: it is fetched again after each swap. The form goes by what was read with its revision.
  const model = state.models.value?.find((one) => one.key === key) ?? read?.model ?? null;
  const cluster = currentCluster(state);
  const row = model === null || cluster === null ? null : modelRow(model, cluster, state);
  const now = serverNow(state);
  const disk = data.modelDisk.of === key ? data.modelDisk : null;
  const history = data.modelHistory.of === key ? (data.modelHistory.value ?? []) : [];
  return {
    key,
    name: model?.name ?? key,
    badge: model?.badge ?? null,
    isKnown: data.model.of === key && !data.model.loading,
    problem: data.model.of === key ? data.model.problem : null,
    mark: row?.mark ?? (model === null ? null : stateMark(model)),
    action: row?.action ?? null,
    cluster: cluster?.key ?? null,
    facts: model === null ? [] : modelFacts(model),
    knobs: read === null ? null : knobsView(state, data, read),
    disk: {
      rows: (disk?.value?.items ?? []).map((one) => diskRow(one, disk?.value?.deletable ?? false)),
      reason: disk?.value?.reason ?? null,
      loading: disk?.loading ?? true,
      problem: disk?.problem ?? null,
    },
    history: history.map((one, at) => historyRow(one, now, at > 0)),
    isBusy: { download: state.busy.includes(`download/${key}`), pull: state.busy.includes(`pull-image/${key}`) },
    canDownload: model !== null && model.repo !== null,
  };
}

const knobsView = (
  state: AppState,
  { newer, flags }: ManageState,
  { model, revision }: Readonly<{ model: Model; revision: number }>,
): KnobsView => ({
  model,
  revision,
  newer: newer?.model === model.key ? newer.revision : null,
  flags: flags.value ?? [],
  request: state.request,
});

const STATES: Readonly<Record<Model['state'], Mark>> = {
  loaded: mark('ok', 'loaded'),
  loading: mark('busy', 'loading'),
  unloaded: mark('none', 'not loaded'),
};
const stateMark = ({ state }: Model): Mark => STATES[state];

function modelFacts(model: Model): ModelScreenView['facts'] {
  const { time, samples } = usualLoad(model.load_seconds);
  const fits = model.fits === null ? 'not known yet' : model.fits ? 'yes' : 'probably not, as things are; a pre-flight says why';
  const all: readonly (readonly [string, string | null])[] = [
    ['Description', model.description],
    ['Repository', model.repo],
    ['Revision', model.revision],
    ['Path', model.local_path],
    ['Served as', model.served_model_name],
    ['Image', model.image],
    ['Spans', plural(model.nodes, 'host')],
    ['Weights', model.weights_bytes === null ? null : bytes(model.weights_bytes)],
    ['Fits in memory', fits],
    ['Usual load', `${time} ${samples}`.trim()],
    ['Further arguments', model.extra_args.length === 0 ? null : model.extra_args.join(' ')],
  ];
  return all.flatMap(([name, value]) => (value === null ? [] : [[name, value] as const]));
}

function diskRow(one: ModelDiskHost, deletable: boolean): DiskRow {
  return {
    host: one.host,
    mark: diskMark(one),
    size: one.bytes === null ? '' : bytes(one.bytes),
    path: one.path ?? '',
    problem: one.problem,
    free: one.free_bytes === null ? '' : bytes(one.free_bytes),
    canDelete: deletable && one.present === true && !one.downloading,
  };
}

function diskMark({ present, complete, downloading }: ModelDiskHost): Mark {
  if (downloading) return mark('busy', 'downloading');
  if (present === null) return mark('unknown', 'unknown');
  if (!present) return mark('none', 'not there');
  return complete ? mark('ok', 'there') : mark('warn', 'incomplete');
}

function historyRow({ revision, at, actor, action, diff }: ModelRevision, now: number, canRevert: boolean): HistoryRow {
  // What was in the files when the history began says nothing about a change.
  const isFirst = action === 'external' && diff.every(({ before }) => before === undefined);
  return {
    revision,
    when: ago(instant(at), now),
    by: actor,
    action: isFirst ? 'first seen in the file' : action === 'external' ? 'changed in the file' : action,
    revisionText: `revision ${revision}`,
    changes: (isFirst ? [] : diff).map(({ path, before, after }) => `${fieldName(path)}: ${shown(before)} → ${shown(after)}`),
    canRevert,
  };
}

/** `/flags/max-model-len` is `--max-model-len` to whoever reads it, `/env/HF_HOME` is `HF_HOME`. */
const fieldName = (path: string): string => path.replace(/^\/flags\//, '--').replace(/^\/(?:env\/)?/, '');

function shown(value: unknown): string {
  if (value === undefined) return 'none';
  if (typeof value === 'string') return value;
  if (typeof value === 'object' && value !== null && 'from_env' in value) return `from_env:${String(value.from_env)}`;
  return JSON.stringify(value);
}

export type AddModelView = Readonly<{
  parsed: ParsedCommand | null;
  parsing: boolean;
  parseProblem: Problem | null;
  request: AppState['request'];
}>;

export const addModelView = (state: AppState, { parsed }: ManageState): AddModelView => ({
  parsed: parsed.value,
  parsing: parsed.loading,
  parseProblem: parsed.problem,
  request: state.request,
});

export type ModelDialogView = Readonly<{ name: string; detail: string }>;

export function modelDialogView(data: ManageState, model: string, host: string | null): ModelDialogView {
  const disk = data.modelDisk.value?.items.find((one) => one.host === host);
  return {
    name: data.model.value?.model.name ?? model,
    detail: disk?.bytes == null ? '' : bytes(disk.bytes),
  };
}
