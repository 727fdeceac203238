import { act } from '../../actions.ts';
import { type Child, h } from '../../dom.ts';
import { ScElement } from '../../elements/element.ts';
import { absentPart, button, failedPart, linkPart, markPart, problemPart, tablePart } from '../../elements/parts.ts';
import type { ManageDialog } from '../state.ts';
import type { DiskRow, HistoryRow, ModelScreenView } from '../view-models/model.ts';

/** One entry of the catalog: its knobs, its weights on each host, and what became of it. */
export class ScModel extends ScElement<ModelScreenView> {
  protected draw(view: ModelScreenView): readonly Child[] {
    const { key, mark, knobs, problem } = view;
    if (mark === null || knobs === null) {
      if (problem !== null && problem.code !== 'MODEL_NOT_FOUND') return [h('h1', { tabindex: '-1' }, 'Model'), failedPart(problem)];
      const back = linkPart({ screen: 'models' }, { class: 'button secondary' }, 'To the models');
      return [h('h1', { tabindex: '-1' }, 'Model'), absentPart(view.isKnown, `No model ${key}`, back)];
    }
    return [
      h(
        'div',
        { class: 'screen-head' },
        h('h1', { tabindex: '-1' }, view.name),
        view.badge !== null && h('span', { class: 'badge' }, view.badge),
        markPart(mark),
        h('code', { class: 'muted small' }, key),
        h(
          'div',
          { class: 'actions push' },
          this.#swap(view),
          button('Remove…', () => this.#open({ kind: 'remove_model', model: key }), { class: 'danger' }),
        ),
      ),
      h(
        'div',
        { class: 'swap-columns' },
        h('section', { class: 'card', 'aria-label': 'Flags' }, h('sc-knobs', { key: `knobs/${key}`, prop: { view: knobs } })),
        h(
          'div',
          { class: 'stack' },
          h(
            'section',
            { class: 'card', 'aria-label': 'Facts' },
            h('dl', { class: 'fact-list' }, ...view.facts.flatMap(([name, value]) => [h('dt', null, name), h('dd', null, value)])),
          ),
          this.#disk(view),
        ),
      ),
      view.history.length > 0 && this.#history(view),
    ];
  }

  #swap({ key, action, cluster }: ModelScreenView): Child {
    if (action === null || cluster === null) return null;
    switch (action.kind) {
      case 'follow':
        return linkPart({ screen: 'swap', id: action.swap }, { class: 'button secondary' }, 'Follow the swap');
      case 'none':
        return h('span', { class: 'muted small' }, action.label);
      case 'load':
        return button(action.label, () => act(this, { kind: 'open_dialog', dialog: { kind: 'swap', cluster, model: key } }), {
          class: 'primary',
        });
      case 'unload':
        return button(action.label, () => act(this, { kind: 'open_dialog', dialog: { kind: 'unload', cluster } }), { class: 'secondary' });
    }
  }

  #disk({ key, disk, isBusy, canDownload }: ModelScreenView): HTMLElement {
    return h(
      'section',
      { class: 'card', 'aria-label': 'Weights and image' },
      h(
        'div',
        { class: 'screen-head' },
        h('h2', null, 'Weights and image'),
        h(
          'div',
          { class: 'actions push' },
          canDownload &&
            button('Download', () => act(this, { kind: 'manage', action: { kind: 'download_weights', model: key } }), {
              class: 'secondary',
              busy: isBusy.download,
            }),
          button('Pull the image', () => act(this, { kind: 'manage', action: { kind: 'pull_image', model: key } }), {
            class: 'secondary',
            busy: isBusy.pull,
          }),
        ),
      ),
      disk.problem !== null && problemPart(disk.problem),
      disk.rows.length === 0 && disk.loading && h('p', { class: 'muted' }, 'Asking the hosts…'),
      h('ul', { class: 'parts' }, ...disk.rows.map((row) => this.#host(key, row))),
      disk.reason !== null && h('p', { class: 'muted small' }, disk.reason),
    );
  }

  #host(model: string, row: DiskRow): HTMLElement {
    return h(
      'li',
      { key: row.host },
      h('span', null, row.host),
      markPart(row.mark),
      h('span', { class: 'num small' }, [row.size, row.free === '' ? '' : `${row.free} free`].filter((text) => text !== '').join(' · ')),
      row.canDelete &&
        button('Delete…', () => this.#open({ kind: 'delete_weights', model, host: row.host }), {
          class: 'quiet push',
          'aria-label': `Delete the weights on ${row.host}`,
        }),
      row.path !== '' && h('code', { class: 'muted small whole-line' }, row.path),
      row.problem !== null && h('span', { class: 'small whole-line' }, row.problem),
    );
  }

  #history({ key, history }: ModelScreenView): HTMLElement {
    return h(
      'section',
      { class: 'block', 'aria-label': 'History' },
      h('h2', null, 'History'),
      tablePart(
        'revisions',
        'Changes of this entry, newest first',
        [
          ['When', 'num col-when'],
          ['Change', ''],
          ['By', 'col-mid'],
          ['.Action', 'col-action'],
        ],
        history.map((row) => this.#revision(key, row)),
      ),
    );
  }

  #revision(model: string, row: HistoryRow): HTMLElement {
    return h(
      'tr',
      { key: String(row.revision) },
      h('td', { class: 'num col-when muted' }, row.when),
      h(
        'td',
        null,
        row.action,
        h('span', { class: 'muted small' }, ` ${row.revisionText}`),
        h('ul', { class: 'small' }, ...row.changes.map((text) => h('li', null, h('code', null, text)))),
      ),
      h('td', { class: 'col-mid muted' }, row.by),
      h(
        'td',
        { class: 'col-action' },
        row.canRevert &&
          button('Go back to this…', () => this.#open({ kind: 'revert_model', model, revision: row.revision }), {
            class: 'quiet',
            'aria-label': `Go back to this…, revision ${row.revision}`,
          }),
      ),
    );
  }

  #open(open: ManageDialog): void {
    act(this, { kind: 'open_dialog', dialog: { kind: 'manage', open } });
  }
}
