import { act } from '../actions.ts';
import { type Child, h } from '../dom.ts';
import type { ModelRow } from '../view-models/model-row.ts';
import type { Problem } from '../wire.ts';
import { ScElement } from './element.ts';
import { button, emptyPart, linkPart, markPart, problemPart } from './parts.ts';

export type ModelsView = Readonly<{
  cluster: string | null;
  rows: readonly ModelRow[];
  total: number;
  filter: string;
  loading: boolean;
  problem: Problem | null;
}>;

/** The catalog, seen from one cluster: what may be loaded there, and how long that usually takes. */
export class ScModels extends ScElement<ModelsView> {
  protected draw(view: ModelsView): readonly Child[] {
    return [
      h(
        'div',
        { class: 'screen-head' },
        h('h1', { tabindex: '-1' }, 'Models'),
        h('label', { class: 'filter' }, h('span', { class: 'visually-hidden' }, 'Filter models'), this.#filter(view)),
        h(
          'span',
          { class: 'muted small push', role: 'status' },
          view.filter === '' ? `${view.total} in the catalog` : `${view.rows.length} of ${view.total}`,
        ),
        linkPart({ screen: 'add-model' }, { class: 'button secondary' }, 'Add a model…'),
      ),
      view.problem !== null &&
        h(
          'div',
          { key: 'problem' },
          problemPart(view.problem),
          button('Try again', () => act(this, { kind: 'reload_models' }), { class: 'secondary' }),
        ),
      this.#body(view),
    ];
  }

  #filter(view: ModelsView): HTMLElement {
    const onInput = ({ target }: Event): void => {
      if (target instanceof HTMLInputElement) act(this, { kind: 'filter_models', text: target.value });
    };
    return h('input', {
      type: 'search',
      value: view.filter,
      placeholder: 'Filter, press /',
      'data-filter': true,
      autocomplete: 'off',
      on: { input: onInput },
    });
  }

  #body(view: ModelsView): Child {
    if (view.total === 0 && view.loading) return h('p', { class: 'muted' }, 'Loading…');
    if (view.total === 0 && view.problem !== null) return null;
    if (view.total === 0)
      return emptyPart(
        'The catalog is empty',
        'Add a model here, or to config/models.yaml: it shows up by itself.',
        linkPart({ screen: 'add-model' }, { class: 'button primary' }, 'Add a model…'),
      );
    if (view.rows.length === 0) return emptyPart('Nothing matches', `No model has all of “${view.filter}”.`);
    const column = (name: string, wide: string): HTMLElement => h('th', { scope: 'col', class: wide }, name);
    return h(
      'table',
      { class: 'card table models' },
      h('caption', { class: 'visually-hidden' }, 'Models of the catalog'),
      h(
        'thead',
        null,
        h(
          'tr',
          null,
          column('Model', ''),
          column('State', 'col-state'),
          column('Size', 'col-mid num'),
          column('Spans', 'col-mid'),
          column('Flags', 'col-wide'),
          column('Usual load', 'col-mid num'),
          h('th', { scope: 'col', class: 'col-action' }, h('span', { class: 'visually-hidden' }, 'Action')),
        ),
      ),
      h('tbody', null, ...view.rows.map((row) => this.#row(row, view.cluster))),
    );
  }

  #row(row: ModelRow, cluster: string | null): HTMLElement {
    return h(
      'tr',
      { key: row.key, 'aria-current': row.action.kind === 'unload' ? 'true' : null },
      h(
        'th',
        { scope: 'row' },
        h(
          'span',
          { class: 'model-name' },
          linkPart({ screen: 'model', id: row.key }, {}, row.name),
          row.badge !== null && h('span', { class: 'badge' }, row.badge),
        ),
        h('span', { class: 'model-sub muted small' }, h('code', null, row.key), h('span', { class: 'model-origin' }, row.origin)),
        h('span', { class: 'model-narrow muted small' }, `${row.size} · ${row.nodes} · ${row.load.time}`),
      ),
      h(
        'td',
        { class: 'col-state' },
        markPart(row.mark),
        row.isTooBig && h('span', { class: 'cell-sub small tone-warn' }, '▲ may not fit'),
      ),
      h('td', { class: 'col-mid num' }, row.size),
      h('td', { class: 'col-mid col-nodes' }, row.nodes),
      h('td', { class: 'col-wide' }, h('code', { class: 'flags' }, ...row.flags.map((flag) => h('span', null, flag)))),
      h('td', { class: 'col-mid num' }, row.load.time, h('span', { class: 'cell-sub muted small' }, row.load.samples)),
      h('td', { class: 'col-action' }, this.#action(row, cluster)),
    );
  }

  #action({ action, key, name }: ModelRow, cluster: string | null): Child {
    if (action.kind === 'follow')
      return linkPart(
        { screen: 'swap', id: action.swap },
        { class: 'button secondary', 'aria-label': `Follow the swap to ${name}` },
        action.label,
      );
    if (action.kind === 'none' || cluster === null) return h('span', { class: 'muted small' }, action.label);
    const dialog = action.kind === 'load' ? ({ kind: 'swap', cluster, model: key } as const) : ({ kind: 'unload', cluster } as const);
    return button(action.label, () => act(this, { kind: 'open_dialog', dialog }), {
      class: 'secondary',
      'aria-label': `${action.label} ${name}`,
    });
  }
}
