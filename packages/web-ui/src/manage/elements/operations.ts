import { type Child, h } from '../../dom.ts';
import { ScElement } from '../../elements/element.ts';
import { emptyPart, failedPart, linkPart, markPart, meterPart, morePart, tablePart, waitPart } from '../../elements/parts.ts';
import type { OperationRow, OperationsView } from '../view-models/operation.ts';

/** Long work other than swaps: downloads, pulls, updates, restores. */
export class ScOperations extends ScElement<OperationsView> {
  protected draw(view: OperationsView): readonly Child[] {
    return [
      h('div', { class: 'screen-head' }, h('h1', { tabindex: '-1' }, 'Operations')),
      view.problem !== null && failedPart(view.problem),
      this.#body(view),
      view.hasMore && morePart(view.loading ? 'Loading…' : 'Older operations'),
    ];
  }

  #body({ rows, loading, problem }: OperationsView): Child {
    if (rows.length > 0) return tablePart('operations', 'Operations, newest first', COLUMNS, rows.map(operationRowPart));
    if (problem !== null) return null;
    if (loading) return waitPart();
    return emptyPart(
      'No long work yet',
      'Downloads of weights, image pulls, updates of hosts and restores show up here while they run and after.',
    );
  }
}

const COLUMNS = [
  ['When', 'num col-when'],
  ['Operation', ''],
  ['State', ''],
  ['Took', 'num col-mid'],
  ['Asked by', 'col-mid'],
  ['Progress', 'col-wide'],
] as const;

export const operationRowPart = (row: OperationRow): HTMLElement =>
  h(
    'tr',
    { key: row.id },
    h('td', { class: 'num col-when muted' }, row.when),
    h(
      'th',
      { scope: 'row' },
      linkPart({ screen: 'operation', id: row.id }, {}, row.title),
      h('span', { class: 'model-narrow muted small' }, `${row.when} · ${row.took} · ${row.by}`),
    ),
    h('td', null, markPart(row.mark), row.percent !== null && h('span', { class: 'num small' }, ` ${row.percent} %`)),
    h('td', { class: 'num col-mid' }, row.took),
    h('td', { class: 'col-mid muted' }, row.by),
    h(
      'td',
      { class: 'col-wide muted' },
      row.percent !== null && meterPart(row.title, `${row.percent} %`, [{ name: 'used', percent: row.percent }]),
      row.progress,
    ),
  );
