import { type AppState, activeSwap, currentCluster, serverNow } from '../state.ts';
import type { Cluster, Swap } from '../wire.ts';
import { ago, clock, instant, span } from './format.ts';
import { type Mark, mark, phaseMark, phaseWord } from './mark.ts';
import { BEFORE_STOPPING, elapsedSeconds, swapTitle } from './swap.ts';

export type Fact = Readonly<{ name: string; value: string; isCode: boolean }>;

export type ServingView = Readonly<{
  cluster: string;
  /** For example `Serving on Spark pair`, or `Coming on ...` while a swap runs. */
  eyebrow: string;
  mark: Mark;
  /** The model that serves, or that comes, or what stands in its place. */
  title: string;
  /** For example `for 2 h 14 min`, or what there is to know about a swap under way. */
  note: string;
  facts: readonly Fact[];
  canUnload: boolean;
  active: ActiveView | null;
  /** Swaps that wait for their turn, first come first. */
  queued: readonly Readonly<{ id: string; title: string }>[];
}>;

/** The swap under way, in short, with a link to all of it. */
export type ActiveView = Readonly<{ id: string; title: string; percent: number; label: string; elapsed: string }>;

export function servingView(state: AppState): ServingView | null {
  const cluster = currentCluster(state);
  if (cluster === null) return null;
  const now = serverNow(state);
  const swap = activeSwap(state, cluster);
  return {
    cluster: cluster.key,
    ...(swap === null ? presentHeadline(cluster, now) : comingHeadline(swap, cluster)),
    facts: facts(cluster, now),
    canUnload: cluster.serving !== null && cluster.serving !== 'unknown' && cluster.active_swap === null,
    active: swap === null ? null : activeView(swap, now),
    queued: cluster.queued.map((id) => ({ id, title: titleOf(state.swaps[id]) ?? id })),
  };
}

type Headline = Pick<ServingView, 'eyebrow' | 'mark' | 'title' | 'note'>;

const presentHeadline = (cluster: Cluster, now: number): Headline => ({
  eyebrow: `Serving on ${cluster.name}`,
  mark: servingMark(cluster),
  title: servingTitle(cluster),
  note: sinceWords(cluster, now),
});

/** While a swap runs, a model that does not answer yet, or no longer, is no alarm: it is what was asked for. */
function comingHeadline(swap: Swap, { name }: Cluster): Headline {
  const previous = swap.previous_model;
  if (swap.phase === 'rolling_back') {
    const why = swap.cancel_requested_at === null ? `${swap.model ?? 'the unload'} failed` : 'the swap was cancelled';
    return { eyebrow: `Coming back on ${name}`, mark: phaseMark(swap), title: previous ?? 'What was there before', note: why };
  }
  const servesYet = previous !== null && BEFORE_STOPPING.includes(swap.phase);
  return {
    eyebrow: swap.model === null ? `Unloading on ${name}` : `Coming on ${name}`,
    mark: phaseMark(swap),
    title: swap.model ?? previous ?? 'What is loaded',
    note: swap.cancel_requested_at !== null ? 'cancel requested' : servesYet ? `${previous} serves until then` : '',
  };
}

const titleOf = (swap: Swap | undefined): string | null => (swap === undefined ? null : (swap.model ?? 'unload'));

export function servingTitle(cluster: Cluster): string {
  if (cluster.serving === null) return 'Nothing loaded';
  if (cluster.serving === 'unknown') return 'Unknown';
  if (cluster.serving === 'unmanaged') return cluster.served_model_name ?? 'Not started by Spark Control';
  return cluster.serving;
}

/** The mark of what serves. A process that runs is not a model that serves: `ready` needs both. */
export function servingMark(cluster: Cluster): Mark {
  if (cluster.serving === 'unknown' || cluster.state === 'unknown')
    return mark('unknown', cluster.observed_at === null ? 'not asked yet' : 'cannot be asked');
  if (cluster.serving === null) return mark('none', 'idle');
  if (cluster.state === 'starting' || cluster.state === 'stopping') return mark('busy', cluster.state);
  if (!cluster.healthy) return mark('bad', cluster.state === 'absent' ? 'gone' : 'not answering');
  return cluster.serving === 'unmanaged' ? mark('warn', 'unmanaged') : mark('ok', 'ready');
}

function sinceWords(cluster: Cluster, now: number): string {
  const since = instant(cluster.since);
  if (since === null || cluster.serving === null || cluster.serving === 'unknown') return '';
  return `for ${span((now - since) / 1000)}`;
}

function facts(cluster: Cluster, now: number): readonly Fact[] {
  const all: readonly (Fact | null)[] = [
    cluster.served_model_name === null ? null : { name: 'Served as', value: cluster.served_model_name, isCode: true },
    { name: 'Endpoint', value: `${cluster.endpoint}/v1`, isCode: true },
    cluster.max_model_len === null
      ? null
      : { name: 'Context', value: `${cluster.max_model_len.toLocaleString('en')} tokens`, isCode: false },
    cluster.container === null ? null : { name: 'Container', value: cluster.container, isCode: true },
    { name: 'Observed', value: ago(instant(cluster.observed_at), now), isCode: false },
  ];
  return all.filter((fact) => fact !== null);
}

function activeView(swap: Swap, now: number): ActiveView {
  return {
    id: swap.id,
    title: swapTitle(swap),
    percent: Math.round(swap.progress.fraction * 100),
    label: swap.progress.label === '' ? phaseWord(swap.phase) : swap.progress.label,
    elapsed: clock(elapsedSeconds(swap, now)),
  };
}

/** Title of the browser tab: what matters fits in its first words. */
export function pageTitle(state: AppState): string {
  const cluster = currentCluster(state);
  const label = state.status?.simulated ? 'SIMULATED · ' : '';
  if (cluster === null) return `${label}Spark Control`;
  const active = activeSwap(state, cluster);
  const { tone, shape, word } = active === null ? servingMark(cluster) : phaseMark(active);
  if (active !== null) return `${label}${shape} ${word} ${clock(elapsedSeconds(active, serverNow(state)))} - Spark Control`;
  const says = tone === 'ok' || tone === 'none' ? '' : `${word} `;
  return `${label}${shape} ${servingTitle(cluster)} ${says}- Spark Control`;
}
