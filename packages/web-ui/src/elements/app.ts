import { act } from '../actions.ts';
import { type Child, h } from '../dom.ts';
import { type Route, routeName } from '../router.ts';
import { type AppState, activeSwap, currentCluster, recentSwaps } from '../state.ts';
import { calendarView } from '../view-models/calendar.ts';
import { commands, SCREENS } from '../view-models/commands.ts';
import { connectionView } from '../view-models/connection.ts';
import { lockAnnouncement, lockDialogView } from '../view-models/lock.ts';
import { cancelDialogView, historyView, modelsView, overviewView, swapDialogView, swapScreenView } from '../view-models/screens.ts';
import { announcement } from '../view-models/swap.ts';
import type { AnnouncerView } from './announcer.ts';
import { ScElement } from './element.ts';
import { button, failedPart, linkPart, markPart, waitPart } from './parts.ts';
import { missingPart } from './swap.ts';

/** On a narrow screen the first so many are in the bar; the others are behind "More". */
const IN_BAR = 4;

/** The frame around all screens: top bar, rail, banner, the screen itself, and what lies on top of it. */
export class ScApp extends ScElement<AppState> {
  #shown = '';

  protected draw(state: AppState): readonly Child[] {
    const connection = connectionView(state);
    return [
      h('a', { class: 'skip', href: '#main' }, 'Skip to content'),
      this.#topBar(state),
      state.status?.simulated === true && simulatedBanner(),
      h(
        'div',
        { key: 'frame', class: 'frame' },
        rail(state.route),
        h('main', { id: 'main', tabindex: '-1', 'data-stale': connection.isStale }, screen(state)),
      ),
      h('sc-toasts', { key: 'toasts', prop: { view: state.toasts } }),
      h('sc-announcer', { key: 'announcer', class: 'visually-hidden', prop: { view: announcerView(state) } }),
      h('sc-announcer', {
        key: 'lock-announcer',
        class: 'visually-hidden',
        prop: { view: { text: lockAnnouncement(state), isUrgent: false } },
      }),
      dialog(state),
    ];
  }

  override redraw(): void {
    const focused = document.activeElement;
    super.redraw();
    // What had the focus is gone with what it was about: without this the next key would start at the very top.
    if (focused !== null && !focused.isConnected && document.activeElement === document.body) {
      this.querySelector<HTMLElement>('main h1')?.focus({ preventScroll: true });
    }
    const route = this.view?.route;
    const name = route === undefined ? '' : routeName(route);
    // A new screen: readers and keyboards start at its heading, not where the old link was. Not on the first one.
    if (this.#shown !== '' && name !== this.#shown) {
      this.querySelector<HTMLElement>('main h1')?.focus();
      window.scrollTo(0, 0);
    }
    this.#shown = name;
  }

  #topBar(state: AppState): HTMLElement {
    const { mark, text } = connectionView(state);
    return h(
      'header',
      { class: 'top' },
      linkPart(
        { screen: 'overview' },
        { class: 'brand' },
        h('span', { class: 'logo', 'aria-hidden': 'true' }),
        h('span', null, 'Spark Control'),
      ),
      this.#clusterChoice(state),
      h('span', { class: 'push connection', title: 'Connection to the server' }, markPart({ ...mark, word: text })),
      button('Ctrl K', () => act(this, { kind: 'open_dialog', dialog: { kind: 'palette' } }), {
        class: 'quiet palette-button',
        'aria-label': 'Commands, Ctrl K',
      }),
      button('?', () => act(this, { kind: 'open_dialog', dialog: { kind: 'help' } }), {
        class: 'quiet',
        'aria-label': 'Help and appearance',
      }),
    );
  }

  #clusterChoice(state: AppState): Child {
    const clusters = state.status?.clusters ?? [];
    if (clusters.length < 2) return null;
    const chosen = currentCluster(state)?.key;
    const onChange = ({ target }: Event): void => {
      if (target instanceof HTMLSelectElement) act(this, { kind: 'choose_cluster', cluster: target.value });
    };
    const options = clusters.map(({ key, name }) => h('option', { value: key, prop: { selected: key === chosen } }, name));
    return h(
      'label',
      { class: 'cluster-choice' },
      h('span', { class: 'visually-hidden' }, 'Cluster'),
      h('select', { on: { change: onChange } }, ...options),
    );
  }
}

const simulatedBanner = (): HTMLElement =>
  h(
    'p',
    { key: 'simulated', class: 'simulated-banner' },
    h('strong', null, '▲ SIMULATED'),
    ' These Sparks are played by the program itself; no real GPU is involved.',
  );

/** Where in the rail the screen of one thing belongs. */
const HOMES: Readonly<Record<string, string>> = {
  swap: 'history',
  automation: 'automations',
  webhook: 'webhooks',
  model: 'models',
  'add-model': 'models',
  host: 'hosts',
  service: 'services',
  operation: 'operations',
};

function rail(route: Route): HTMLElement {
  const here = HOMES[route.screen] ?? route.screen;
  const entry = ({ route: to, label, icon }: (typeof SCREENS)[number], kind: string, hide?: (event: Event) => void): HTMLElement =>
    h(
      'li',
      { class: kind },
      linkPart(
        to,
        { 'aria-current': to.screen === here ? 'page' : null, ...(hide && { on: { click: hide } }) },
        h('span', { class: 'rail-icon', 'aria-hidden': 'true' }, icon),
        h('span', null, label),
      ),
    );
  const behind = SCREENS.slice(IN_BAR);
  const isBehind = behind.some(({ route: { screen: name } }) => name === here);
  const hide = ({ currentTarget }: Event): void => (currentTarget as HTMLElement).closest<HTMLElement>('[popover]')?.hidePopover();
  return h(
    'nav',
    { class: 'rail', 'aria-label': 'Screens' },
    h(
      'ul',
      null,
      ...SCREENS.map((screen, at) => entry(screen, at < IN_BAR ? '' : 'rail-wide')),
      h(
        'li',
        { class: 'rail-narrow' },
        h(
          'button',
          { type: 'button', popovertarget: 'rail-more', class: isBehind ? 'rail-here' : '' },
          h('span', { class: 'rail-icon', 'aria-hidden': 'true' }, '⋯'),
          h('span', null, 'More'),
        ),
        h('ul', { id: 'rail-more', popover: true, class: 'rail-more' }, ...behind.map((screen) => entry(screen, '', hide))),
      ),
    ),
  );
}

function screen(state: AppState): Child {
  const { route } = state;
  switch (route.screen) {
    case 'overview':
      return h('sc-overview', { key: 'overview', prop: { view: overviewView(state) } });
    case 'models':
      return h('sc-models', { key: 'models', prop: { view: modelsView(state) } });
    case 'history':
      return h('sc-history', { key: 'history', prop: { view: historyView(state) } });
    case 'swap':
      return h('sc-swap', { key: `swap/${route.id}`, prop: { view: swapScreenView(state, route.id) } });
    case 'calendar':
      return h('sc-calendar', { key: 'calendar', prop: { view: calendarView(state) } });
    case 'missing':
      return missingPart(route.path);
    default:
      return managedScreen(state);
  }
}

/** A screen of the file that is loaded on demand. */
function managedScreen(state: AppState): Child {
  if (state.manage !== null) return state.manage.module.screen(state, state.manage.data);
  return state.manageProblem === null ? waitPart() : failedPart(state.manageProblem);
}

function dialog(state: AppState): Child {
  const open = state.dialog;
  if (open === null) return null;
  switch (open.kind) {
    case 'swap':
      return h('sc-swap-dialog', { key: `swap/${open.model}`, prop: { view: swapDialogView(state, open.cluster, open.model) } });
    case 'unload':
      return h('sc-swap-dialog', { key: 'unload', prop: { view: swapDialogView(state, open.cluster, null) } });
    case 'cancel':
      return h('sc-cancel-dialog', { key: 'cancel', prop: { view: cancelDialogView(state, open.swap) } });
    case 'acquire':
      return h('sc-acquire-dialog', { key: 'acquire', prop: { view: lockDialogView(state, open.cluster) } });
    case 'break':
      return h('sc-break-dialog', { key: 'break', prop: { view: lockDialogView(state, open.cluster) } });
    case 'help':
      return h('sc-help-dialog', {
        key: 'help',
        prop: { view: { singleKeys: state.singleKeys, theme: state.theme, version: state.status?.version ?? null } },
      });
    case 'palette':
      return h('sc-palette', { key: 'palette', prop: { view: { commands: commands(state) } } });
    default:
      return state.manage?.module.dialog(state, state.manage.data, open);
  }
}

/** What is worth reading out: the swap on screen, or else the one that runs, or the last that ran. */
function announcerView(state: AppState): AnnouncerView {
  const cluster = currentCluster(state);
  const shown = state.route.screen === 'swap' ? state.swaps[state.route.id] : undefined;
  const swap = shown ?? (cluster === null ? undefined : (activeSwap(state, cluster) ?? recentSwaps(state, cluster.key)[0]));
  if (swap === undefined) return { text: '', isUrgent: false };
  return { text: announcement(swap), isUrgent: swap.outcome === 'failed' || swap.outcome === 'rolled_back' };
}
