import type { Command } from '../elements/palette.ts';
import type { Route } from '../router.ts';
import { type AppState, activeSwap, currentCluster } from '../state.ts';
import { lockView } from './lock.ts';
import { mayRunOn } from './model-row.ts';
import { servingTitle } from './serving.ts';
import { swapTitle } from './swap.ts';

/** The screens that have a name of their own, in the order of the rail. `key`: goes there after `g`. */
export const SCREENS: readonly Readonly<{ route: Route; label: string; icon: string; key: string }>[] = [
  { route: { screen: 'overview' }, label: 'Overview', icon: '▦', key: 'o' },
  { route: { screen: 'models' }, label: 'Models', icon: '☰', key: 'm' },
  { route: { screen: 'hosts' }, label: 'Hosts', icon: '▣', key: 't' },
  { route: { screen: 'services' }, label: 'Services', icon: '❖', key: 's' },
  { route: { screen: 'calendar' }, label: 'Calendar', icon: '▤', key: 'c' },
  { route: { screen: 'history' }, label: 'History', icon: '↺', key: 'h' },
  { route: { screen: 'automations' }, label: 'Automations', icon: '◷', key: 'a' },
  { route: { screen: 'webhooks' }, label: 'Webhooks', icon: '⇄', key: 'w' },
  { route: { screen: 'operations' }, label: 'Operations', icon: '⚙', key: 'p' },
  { route: { screen: 'audit' }, label: 'Audit', icon: '≣', key: 'u' },
  { route: { screen: 'settings' }, label: 'Settings', icon: '⚒', key: 'e' },
];

/** What the palette offers here and now. */
export function commands(state: AppState): readonly Command[] {
  const cluster = currentCluster(state);
  return [
    ...SCREENS.map(({ label, route, key }): Command => ({ label, hint: `g ${key}`, action: { kind: 'navigate', route } })),
    ...lockCommands(state),
    ...(cluster === null ? [] : clusterCommands(state, cluster)),
    ...otherClusters(state),
    ...MAKE,
    HELP,
  ];
}

const HELP: Command = { label: 'Help and appearance', hint: '?', action: { kind: 'open_dialog', dialog: { kind: 'help' } } };

const MAKE: readonly Command[] = [
  { label: 'New automation…', hint: 'automations', action: { kind: 'open_dialog', dialog: { kind: 'automation', id: null } } },
  { label: 'New webhook…', hint: 'webhooks', action: { kind: 'open_dialog', dialog: { kind: 'webhook', id: null } } },
];

function lockCommands(state: AppState): readonly Command[] {
  const lock = lockView(state);
  if (lock === null) return [];
  const { cluster, title } = lock;
  const hint = 'lock';
  const all: readonly (Command | false)[] = [
    lock.acquire === 'Acquire…' && {
      label: 'Acquire the lock…',
      hint,
      action: { kind: 'open_dialog', dialog: { kind: 'acquire', cluster } },
    },
    lock.acquire === 'Wait in line…' && {
      label: `Wait in line behind ${title}…`,
      hint,
      action: { kind: 'open_dialog', dialog: { kind: 'acquire', cluster } },
    },
    lock.waiting !== null && { label: 'Leave the line', hint, action: { kind: 'leave_line', cluster } },
    lock.canRenew && { label: 'Renew the lock', hint, action: { kind: 'renew_lock', cluster } },
    lock.canRenew && { label: 'Release the lock', hint, action: { kind: 'release_lock', cluster } },
    lock.canBreak && { label: `Break the lock of ${title}…`, hint, action: { kind: 'open_dialog', dialog: { kind: 'break', cluster } } },
  ];
  return all.filter((command) => command !== false);
}

function clusterCommands(state: AppState, cluster: NonNullable<ReturnType<typeof currentCluster>>): readonly Command[] {
  const active = activeSwap(state, cluster);
  const out: Command[] = [];
  if (active !== null) {
    out.push({
      label: `Follow ${swapTitle(active)}`,
      hint: 'running swap',
      action: { kind: 'navigate', route: { screen: 'swap', id: active.id } },
    });
    out.push({
      label: `Cancel ${swapTitle(active)}…`,
      hint: 'running swap',
      action: { kind: 'open_dialog', dialog: { kind: 'cancel', swap: active.id } },
    });
  }
  for (const model of state.models.value ?? []) {
    if (model.key === cluster.serving || !mayRunOn(model, cluster)) continue;
    out.push({
      label: `Swap to ${model.name}…`,
      hint: model.key,
      action: { kind: 'open_dialog', dialog: { kind: 'swap', cluster: cluster.key, model: model.key } },
    });
  }
  if (cluster.serving !== null && cluster.serving !== 'unknown') {
    out.push({
      label: `Unload ${servingTitle(cluster)}…`,
      hint: cluster.name,
      action: { kind: 'open_dialog', dialog: { kind: 'unload', cluster: cluster.key } },
    });
  }
  return out;
}

const otherClusters = (state: AppState): readonly Command[] =>
  (state.status?.clusters ?? []).length < 2
    ? []
    : (state.status?.clusters ?? []).map(({ key, name }) => ({
        label: `Look at ${name}`,
        hint: 'cluster',
        action: { kind: 'choose_cluster', cluster: key },
      }));
