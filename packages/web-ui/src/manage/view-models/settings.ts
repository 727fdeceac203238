import type { AppState } from '../../state.ts';
import type { Problem, Setting, Settings } from '../../wire.ts';
import type { ManageState } from '../state.ts';
import { textOf } from './knobs.ts';

export type SettingRow = Readonly<{ path: string; name: string; value: string; source: string; writable: boolean; description: string }>;

export type SettingsView = Readonly<{
  groups: readonly Readonly<{ name: string; rows: readonly SettingRow[] }>[];
  files: Settings['files'];
  warnings: readonly string[];
  restartRequired: boolean;
  isFileMissing: boolean;
  isLoaded: boolean;
  problem: Problem | null;
}>;

export function settingsView(_state: AppState, { settings }: ManageState): SettingsView {
  const items = settings.value?.items ?? [];
  const names = [...new Set(items.map(groupOf))];
  return {
    groups: names.map((name) => ({ name, rows: items.filter((item) => groupOf(item) === name).map(settingRow) })),
    files: settings.value?.files ?? [],
    warnings: settings.value?.warnings ?? [],
    restartRequired: settings.value?.restart_required ?? false,
    isFileMissing: settings.value?.files.some(({ name, exists }) => name === 'spark.yaml' && !exists) ?? false,
    isLoaded: settings.value !== null,
    problem: settings.problem,
  };
}

/** `/clusters/default/port` is of the cluster `default`, `/server/port` of the server; variables have no place in the file. */
function groupOf({ path }: Setting): string {
  const parts = path.split('/').slice(1, -1);
  const [first, second] = parts;
  if (first === undefined) return 'Environment';
  if (first === 'clusters' && second !== undefined) return ['Cluster', ...parts.slice(1)].join(' ');
  if (first === 'hosts' && second !== undefined) return ['Host', ...parts.slice(1)].join(' ');
  return `${first[0]?.toUpperCase() ?? ''}${parts.join(' ').slice(1)}`;
}

function settingRow({ path, value, source, variable, writable, description }: Setting): SettingRow {
  return {
    path,
    name: (path.split('/').at(-1) ?? path).replaceAll('~1', '/').replaceAll('~0', '~'),
    value: value === null || value === undefined ? '' : textOf(value).replaceAll('\n', ', '),
    source: source === 'environment' ? (variable ?? 'environment') : source,
    writable,
    description: description.replaceAll('`', ''),
  };
}

export type SettingDialogView = Readonly<{ row: SettingRow | null; request: AppState['request'] }>;

export function settingDialogView(state: AppState, { settings }: ManageState, path: string): SettingDialogView {
  const setting = settings.value?.items.find((item) => item.path === path);
  return { row: setting === undefined ? null : settingRow(setting), request: state.request };
}

/** What a typed text stands for in the file: a number, a truth value, a list in brackets, or itself; nothing takes the value away. */
export function settingValue(text: string): unknown {
  const trimmed = text.trim();
  if (trimmed === '') return null;
  if (trimmed === 'true' || trimmed === 'false') return trimmed === 'true';
  if (/^-?\d+(?:\.\d+)?$/.test(trimmed)) return Number(trimmed);
  if (/^[[{]/.test(trimmed)) {
    try {
      return JSON.parse(trimmed);
    } catch {
      return trimmed;
    }
  }
  return trimmed;
}
