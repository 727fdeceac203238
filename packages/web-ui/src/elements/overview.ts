import { act } from '../actions.ts';
import { type Child, h } from '../dom.ts';
import type { HostView } from '../view-models/host.ts';
import type { LockView } from '../view-models/lock.ts';
import { mark } from '../view-models/mark.ts';
import type { Notice } from '../view-models/notices.ts';
import type { ActiveView, ServingView } from '../view-models/serving.ts';
import type { SwapRow } from '../view-models/swap.ts';
import { ScElement } from './element.ts';
import { button, emptyPart, linkPart, markPart, meterPart, shapePart } from './parts.ts';

export type OverviewView = Readonly<{
  serving: ServingView | null;
  lock: LockView | null;
  hosts: readonly HostView[];
  notices: readonly Notice[];
  /** Long work that runs now. */
  running: readonly Readonly<{ id: string; title: string; text: string; percent: number | null }>[];
  recent: readonly SwapRow[];
  isLoaded: boolean;
  isCatalogEmpty: boolean;
}>;

/** The first screen: what serves, since when, on what hosts, and whether anything is wrong. */
export class ScOverview extends ScElement<OverviewView> {
  protected draw(view: OverviewView): readonly Child[] {
    const { serving } = view;
    if (serving === null) return [heading(), view.isLoaded ? noCluster() : h('p', { class: 'muted' }, 'Loading…')];
    return [
      h('div', { class: 'screen-head' }, heading(), isWell(view) && markPart(mark('ok', 'all well'))),
      view.notices.length > 0 && attention(view.notices),
      this.#servingCard(serving, view.isCatalogEmpty),
      view.lock !== null &&
        h('sc-lock', { key: 'lock', class: 'card lock', role: 'region', 'aria-labelledby': 'lock-title', prop: { view: view.lock } }),
      view.running.length > 0 && section('Running now', h('ul', { class: 'card running' }, ...view.running.map(runningPart))),
      section('Hosts', h('div', { class: 'hosts' }, ...view.hosts.map(hostCard))),
      section(
        'Recent swaps',
        recent(view.recent),
        view.recent.length > 0 && h('p', null, linkPart({ screen: 'history' }, {}, 'All swaps')),
      ),
    ];
  }

  #servingCard(view: ServingView, isCatalogEmpty: boolean): HTMLElement {
    return h(
      'section',
      { class: 'card serving', 'aria-labelledby': 'serving-title' },
      h(
        'div',
        { class: 'serving-head' },
        h(
          'div',
          { class: 'serving-what' },
          h('p', { class: 'eyebrow' }, view.eyebrow),
          h('h2', { id: 'serving-title', class: 'serving-title' }, view.title),
          h('p', { class: 'serving-state' }, markPart(view.mark), view.note !== '' && h('span', { class: 'muted' }, view.note)),
        ),
        h(
          'div',
          { class: 'actions' },
          view.active === null
            ? linkPart({ screen: 'models' }, { class: 'button primary' }, view.canUnload ? 'Swap to…' : 'Load a model…')
            : linkPart({ screen: 'swap', id: view.active.id }, { class: 'button primary' }, 'Follow the swap'),
          view.canUnload &&
            button('Unload…', () => act(this, { kind: 'open_dialog', dialog: { kind: 'unload', cluster: view.cluster } }), {
              class: 'secondary',
            }),
        ),
      ),
      view.active !== null && activePart(view.active),
      view.queued.length > 0 &&
        h(
          'p',
          { class: 'waiting' },
          h('span', { class: 'muted' }, 'Waiting:'),
          ...view.queued.map(({ id, title }) => linkPart({ screen: 'swap', id }, { key: id }, title)),
        ),
      h(
        'dl',
        { class: 'facts' },
        ...view.facts.map(({ name, value, isCode }) =>
          h('div', null, h('dt', null, name), h('dd', null, isCode ? h('code', null, value) : value)),
        ),
      ),
      isCatalogEmpty && h('p', { class: 'muted' }, 'The catalog is empty: add a model to config/models.yaml.'),
    );
  }
}

/** Nothing wants attention, nothing is on its way, and what is to serve does. */
const isWell = ({ notices, hosts, serving }: OverviewView): boolean =>
  notices.length === 0 &&
  hosts.every(({ code }) => code === null) &&
  serving?.active === null &&
  (serving.mark.tone === 'ok' || serving.mark.tone === 'none');

const heading = (): HTMLElement => h('h1', { tabindex: '-1' }, 'Overview');

const section = (title: string, ...children: readonly Child[]): HTMLElement =>
  h('section', { class: 'block' }, h('h2', null, title), ...children);

const noCluster = (): HTMLElement =>
  emptyPart('No cluster', 'Name a host in the configuration, or start without one to try the simulation.');

const attention = (notices: readonly Notice[]): HTMLElement =>
  h(
    'ul',
    { class: 'notices' },
    ...notices.map(({ key, mark: kind, text, hint }) =>
      h(
        'li',
        { key, class: `notice tone-edge-${kind.tone}` },
        markPart(kind),
        h('div', null, h('p', null, text), hint !== null && h('p', { class: 'muted small' }, hint)),
      ),
    ),
  );

function activePart({ title, percent, label, elapsed }: ActiveView): HTMLElement {
  return h(
    'div',
    { class: 'active-swap' },
    h(
      'p',
      { class: 'active-line' },
      h('strong', null, title),
      h('span', { class: 'muted' }, label),
      h('span', { class: 'push num' }, elapsed),
    ),
    h('progress', { max: '100', value: String(percent), 'aria-label': `Progress of ${title}` }),
  );
}

function hostCard(host: HostView): HTMLElement {
  return h(
    'article',
    { key: host.key, class: `card host${host.isOld ? ' old' : ''}` },
    h(
      'header',
      null,
      shapePart(host.mark),
      h('h3', null, linkPart({ screen: 'host', id: host.id }, {}, host.name)),
      h('code', { class: 'muted small' }, host.address),
      h('span', { class: 'push muted small num' }, host.age),
    ),
    host.reason !== null &&
      h(
        'p',
        { class: 'host-reason' },
        markPart(mark('unknown', 'unknown')),
        h('span', null, host.reason),
        host.code !== null && h('code', { class: 'small' }, host.code),
      ),
    host.memory !== null &&
      h(
        'div',
        { class: 'reading' },
        h('span', { class: 'reading-name' }, 'Memory'),
        meterPart('Unified memory', `${host.memory.text}, ${host.memory.detail}`, [
          { name: host.memory.tight ? 'tight' : 'used', percent: host.memory.usedPercent },
          { name: 'cache', percent: host.memory.cachePercent },
        ]),
        h('span', { class: 'reading-value num', title: host.memory.detail }, host.memory.text),
      ),
    host.reason === null &&
      h(
        'div',
        { class: 'reading' },
        h('span', { class: 'reading-name' }, 'GPU'),
        meterPart('GPU', host.gpuText, [{ name: 'gpu', percent: host.gpuPercent ?? 0 }]),
        h('span', { class: 'reading-value num' }, host.gpuText),
      ),
    host.facts !== '' && h('p', { class: 'muted small host-facts' }, host.facts),
  );
}

function recent(rows: readonly SwapRow[]): HTMLElement {
  if (rows.length === 0) return emptyPart('No swap yet', 'Choose a model to load; every swap is kept here, with its steps and its log.');
  return h(
    'ul',
    { class: 'card rows' },
    ...rows.map((row) =>
      h(
        'li',
        { key: row.id },
        linkPart(
          { screen: 'swap', id: row.id },
          { class: 'row-link' },
          markPart(row.mark),
          h('span', { class: 'row-title' }, row.title),
          h('span', { class: 'row-by muted' }, row.by),
          h('span', { class: 'row-took muted num' }, row.took),
          h('span', { class: 'row-when muted num' }, row.when),
        ),
      ),
    ),
  );
}

const runningPart = ({ id, title, text, percent }: OverviewView['running'][number]): HTMLElement =>
  h(
    'li',
    { key: id },
    linkPart({ screen: 'operation', id }, {}, title),
    percent !== null && meterPart(title, `${percent} %`, [{ name: 'used', percent }]),
    h('span', { class: 'muted small num' }, text),
  );
