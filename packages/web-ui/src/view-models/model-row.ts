import { type AppState, activeSwap, currentCluster } from '../state.ts';
import type { Cluster, Model } from '../wire.ts';
import { bytes, clock, plural } from './format.ts';
import { type Mark, mark, phaseWord } from './mark.ts';
import { servingMark } from './serving.ts';

export type ModelRow = Readonly<{
  key: string;
  name: string;
  mark: Mark;
  origin: string;
  badge: string | null;
  size: string;
  nodes: string;
  flags: readonly string[];
  load: Readonly<{ time: string; samples: string }>;
  /** It would not fit as things are; a pre-flight says why. */
  isTooBig: boolean;
  /** What the row's button does here and now. */
  action: Readonly<
    | { kind: 'load'; label: string }
    | { kind: 'unload'; label: string }
    | { kind: 'follow'; label: string; swap: string }
    | { kind: 'none'; label: string }
  >;
}>;

export function modelRows(state: AppState): readonly ModelRow[] {
  const cluster = currentCluster(state);
  if (cluster === null) return [];
  return (state.models.value ?? []).filter((model) => matches(model, state.modelFilter)).map((model) => modelRow(model, cluster, state));
}

/** Every word of the filter must be somewhere in the entry. */
export function matches(model: Model, filter: string): boolean {
  const text = [model.key, model.name, model.description, model.repo, model.local_path, ...flagSummary(model.flags)]
    .join(' ')
    .toLowerCase();
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

/** One entry as it is seen from a cluster. */
export function modelRow(model: Model, cluster: Cluster, state: AppState): ModelRow {
  return {
    key: model.key,
    name: model.name,
    mark: modelMark(model, cluster, state),
    origin: model.repo ?? model.local_path ?? '',
    badge: model.badge ?? (model.local_path === null ? null : 'local'),
    size: model.weights_bytes === null ? 'unknown' : bytes(model.weights_bytes),
    nodes: plural(model.nodes, 'host'),
    flags: flagSummary(model.flags),
    load: usualLoad(model.load_seconds),
    isTooBig: model.fits === false,
    action: action(model, cluster, state),
  };
}

function modelMark(model: Model, cluster: Cluster, state: AppState): Mark {
  const active = activeSwap(state, cluster);
  if (active !== null && active.model === model.key) return mark('busy', phaseWord(active.phase));
  if (cluster.serving !== model.key) return mark('none', 'not loaded');
  // What a swap has taken down on purpose is no alarm.
  if (active !== null && !cluster.healthy) return active.phase === 'stopping' ? mark('busy', 'stopping') : mark('none', 'not loaded');
  return servingMark(cluster);
}

export function mayRunOn(model: Model, cluster: Cluster): boolean {
  return (model.clusters.length === 0 || model.clusters.includes(cluster.key)) && model.nodes <= cluster.hosts.length;
}

function action(model: Model, cluster: Cluster, state: AppState): ModelRow['action'] {
  const active = activeSwap(state, cluster);
  if (active !== null && active.model === model.key) return { kind: 'follow', label: 'Follow', swap: active.id };
  if (cluster.serving === model.key) return { kind: 'unload', label: 'Unload…' };
  if (!mayRunOn(model, cluster))
    return { kind: 'none', label: model.nodes > cluster.hosts.length ? `needs ${plural(model.nodes, 'host')}` : 'not for this cluster' };
  return { kind: 'load', label: 'Load…' };
}

export const usualLoad = ({ p50, samples }: Model['load_seconds']): ModelRow['load'] =>
  p50 === null ? { time: 'no load yet', samples: '' } : { time: clock(p50), samples: plural(samples, 'load') };

/** Flags that people choose models by, first; the rest is counted. */
const TELLING = ['max-model-len', 'gpu-memory-utilization', 'quantization', 'kv-cache-dtype', 'dtype', 'max-num-seqs'];
const SHOWN = 3;

export function flagSummary(flags: Readonly<Record<string, unknown>>): readonly string[] {
  const names = Object.keys(flags).sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
  const shown = names.slice(0, SHOWN).map((name) => flagWords(name, flags[name]));
  const rest = names.length - shown.length;
  return [...shown, ...(rest > 0 ? [`+${rest}`] : [])];
}

function rank(name: string): number {
  const at = TELLING.indexOf(name);
  return at === -1 ? TELLING.length : at;
}

function flagWords(name: string, value: unknown): string {
  if (value === true) return name;
  if (value === false) return `no-${name}`;
  return `${name} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`;
}
