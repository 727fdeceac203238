import type { AppState } from '../../state.ts';
import { serverNow } from '../../state.ts';
import { ago, bytes, instant, plural } from '../../view-models/format.ts';
import { type Mark, mark } from '../../view-models/mark.ts';
import { usualLoad } from '../../view-models/model-row.ts';
import type { Model, ModelDiskHost, ModelRevision, ParsedCommand, Problem } from '../../wire.ts';
import type { ManageState } from '../state.ts';
import type { KnobsView } from './knobs.ts';

export type DiskRow = Readonly<{ host: string; mark: Mark; size: string; path: string; free: string; canDelete: boolean }>;
export type HistoryRow = Readonly<{
  revision: number;
  when: string;
  by: string;
  action: string;
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
  facts: readonly (readonly [name: string, value: string])[];
  knobs: KnobsView | null;
  disk: Readonly<{ rows: readonly DiskRow[]; reason: string | null; loading: boolean; problem: Problem | null }>;
  history: readonly HistoryRow[];
  isBusy: Readonly<{ download: boolean; pull: boolean }>;
  canDownload: boolean;
}>;

export function modelScreenView(state: AppState, data: ManageState, key: string): ModelScreenView {
  const read = data.model.of === key ? data.model.value : null;
  const model = read?.model ?? null;
  const now = serverNow(state);
  const disk = data.modelDisk.of === key ? data.modelDisk : null;
  const history = data.modelHistory.of === key ? (data.modelHistory.value ?? []) : [];
  return {
    key,
    name: model?.name ?? key,
    badge: model?.badge ?? null,
    isKnown: data.model.of === key && !data.model.loading,
    problem: data.model.of === key ? data.model.problem : null,
    mark: model === null ? null : stateMark(model),
    facts: model === null ? [] : modelFacts(model),
    knobs: read === null ? null : { model: read.model, revision: read.revision, flags: data.flags.value ?? [], request: state.request },
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

const STATES: Readonly<Record<Model['state'], Mark>> = {
  loaded: mark('ok', 'loaded'),
  loading: mark('busy', 'loading'),
  unloaded: mark('none', 'not loaded'),
};
const stateMark = ({ state }: Model): Mark => STATES[state];

function modelFacts(model: Model): ModelScreenView['facts'] {
  const { time, samples } = usualLoad(model.load_seconds);
  const fits = model.fits === null ? 'not known' : model.fits ? 'yes' : 'no, as things are';
  const all: readonly (readonly [string, string | null])[] = [
    ['What it is', model.description],
    ['Repository', model.repo],
    ['Revision', model.revision],
    ['Path', model.local_path],
    ['Served as', model.served_model_name],
    ['Image', model.image],
    ['Spans', plural(model.nodes, 'host')],
    ['Weights', model.weights_bytes === null ? null : bytes(model.weights_bytes)],
    ['Fits', fits],
    ['Usual load', `${time} ${samples}`.trim()],
    ['Further words', model.extra_args.length === 0 ? null : model.extra_args.join(' ')],
  ];
  return all.flatMap(([name, value]) => (value === null ? [] : [[name, value] as const]));
}

function diskRow(one: ModelDiskHost, deletable: boolean): DiskRow {
  return {
    host: one.host,
    mark: diskMark(one),
    size: one.bytes === null ? '' : bytes(one.bytes),
    path: one.path ?? one.problem ?? '',
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
    changes: (isFirst ? [] : diff).map(({ path, before, after }) => `${path}: ${shown(before)} → ${shown(after)}`),
    canRevert,
  };
}

const shown = (value: unknown): string => (value === undefined ? 'none' : typeof value === 'string' ? value : JSON.stringify(value));

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

export type ModelDialogView = Readonly<{ model: string; name: string; detail: string; request: AppState['request'] }>;

export function modelDialogView(state: AppState, data: ManageState, model: string, host: string | null): ModelDialogView {
  const disk = data.modelDisk.value?.items.find((one) => one.host === host);
  return {
    model,
    name: data.model.value?.model.name ?? model,
    detail: disk?.bytes == null ? '' : bytes(disk.bytes),
    request: state.request,
  };
}
