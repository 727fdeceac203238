import { act } from '../actions.ts';
import { type Child, h } from '../dom.ts';
import { phaseWord } from '../view-models/mark.ts';
import type { SwapRow } from '../view-models/swap.ts';
import type { Problem } from '../wire.ts';
import { ScElement } from './element.ts';
import { button, emptyPart, linkPart, markPart, problemPart } from './parts.ts';

export type HistoryView = Readonly<{
  rows: readonly SwapRow[];
  filter: Readonly<{ outcome: string; model: string }>;
  models: readonly string[];
  loading: boolean;
  hasMore: boolean;
  problem: Problem | null;
}>;

const OUTCOMES = ['ready', 'rolled_back', 'failed', 'cancelled'];

/** Every swap there was: who, what, how it ended, how long it took. */
export class ScHistory extends ScElement<HistoryView> {
  protected draw(view: HistoryView): readonly Child[] {
    const { filter } = view;
    return [
      h(
        'div',
        { class: 'screen-head' },
        h('h1', { tabindex: '-1' }, 'History'),
        this.#select('Outcome', 'All outcomes', OUTCOMES, filter.outcome, (outcome) => ({ ...filter, outcome })),
        this.#select('Model', 'All models', view.models, filter.model, (model) => ({ ...filter, model })),
      ),
      view.problem !== null && problemPart(view.problem),
      this.#body(view),
      view.hasMore &&
        h(
          'p',
          { class: 'more' },
          button(view.loading ? 'Loading…' : 'Older swaps', () => act(this, { kind: 'more_history' }), { class: 'secondary' }),
        ),
    ];
  }

  #select(
    name: string,
    all: string,
    values: readonly string[],
    chosen: string,
    next: (value: string) => HistoryView['filter'],
  ): HTMLElement {
    const onChange = ({ target }: Event): void => {
      if (target instanceof HTMLSelectElement) act(this, { kind: 'filter_history', filter: next(target.value) });
    };
    const options = ['', ...values].map((value) =>
      h('option', { value, selected: value === chosen }, value === '' ? all : phaseWord(value)),
    );
    return h('label', null, h('span', { class: 'visually-hidden' }, name), h('select', { on: { change: onChange } }, ...options));
  }

  #body({ rows, loading, problem, filter }: HistoryView): Child {
    if (rows.length === 0) {
      if (loading) return h('p', { class: 'muted' }, 'Loading…');
      if (problem !== null) return null;
      if (filter.outcome !== '' || filter.model !== '') return emptyPart('Nothing matches', 'No swap is of that outcome and that model.');
      return emptyPart(
        'No swap yet',
        'The first swap will be here, with its steps and its log.',
        linkPart({ screen: 'models' }, { class: 'button primary' }, 'Choose a model'),
      );
    }
    return h(
      'table',
      { class: 'card table history' },
      h('caption', { class: 'visually-hidden' }, 'Swaps, newest first'),
      h(
        'thead',
        null,
        h(
          'tr',
          null,
          ...['When', 'Swap', 'Outcome', 'Took', 'Asked by', 'Cause'].map((name, at) =>
            h('th', { scope: 'col', class: COLUMN[at] ?? '' }, name),
          ),
        ),
      ),
      h('tbody', null, ...rows.map(historyRow)),
    );
  }
}

const COLUMN = ['num col-when', '', '', 'num col-mid', 'col-mid', 'col-wide'];

function historyRow(row: SwapRow): HTMLElement {
  return h(
    'tr',
    { key: row.id },
    h('td', { class: 'num col-when muted' }, row.when),
    h(
      'th',
      { scope: 'row' },
      linkPart({ screen: 'swap', id: row.id }, {}, row.title),
      h('span', { class: 'model-narrow muted small' }, `${row.when} · ${row.took} · ${row.by}`),
    ),
    h('td', null, markPart(row.mark)),
    h('td', { class: 'num col-mid' }, row.took),
    h('td', { class: 'col-mid muted' }, row.by),
    h('td', { class: 'col-wide muted cause-cell', title: row.cause }, row.cause),
  );
}
