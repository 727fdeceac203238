import { act } from '../../actions.ts';
import { type Child, h } from '../../dom.ts';
import { ScElement } from '../../elements/element.ts';
import { absentPart, button, copyButton, failedPart, linkPart, markPart, meterPart, waitPart } from '../../elements/parts.ts';
import type { OperationRow, OperationScreenView, PartRow } from '../view-models/operation.ts';

/** One piece of long work, by its own link: its parts, its output, and how it ended. */
export class ScOperation extends ScElement<OperationScreenView> {
  protected draw(view: OperationScreenView): readonly Child[] {
    const { row, problem } = view;
    if (row === null) {
      const back = linkPart({ screen: 'operations' }, { class: 'button secondary' }, 'To the operations');
      return [
        h('h1', { tabindex: '-1' }, 'Operation'),
        view.isMissing ? absentPart(true, `No operation ${view.id}`, back) : problem === null ? waitPart() : failedPart(problem),
      ];
    }
    return [
      this.#head(view, row),
      h(
        'div',
        { class: 'swap-columns' },
        h(
          'section',
          { class: 'card', 'aria-label': 'Progress' },
          this.#outcome(view),
          h('ul', { class: 'parts' }, ...view.parts.map(partRowPart)),
          view.note !== null && h('p', { class: 'muted' }, view.note),
          view.result.remarks.length > 0 &&
            h('ul', { class: 'callout tone-edge-warn' }, ...view.result.remarks.map((text) => h('li', null, text))),
          view.result.facts.length > 0 && resultPart(view.result.facts),
          view.subject !== null && h('p', null, linkPart(view.subject.route, {}, view.subject.label)),
        ),
        h('sc-log', { class: 'card', prop: { view: { buffer: view.log, of: 'operation', id: view.id, isOver: view.isOver } } }),
      ),
    ];
  }

  #head(view: OperationScreenView, row: OperationRow): HTMLElement {
    return h(
      'header',
      { class: 'swap-head' },
      h(
        'div',
        { class: 'screen-head' },
        h('h1', { tabindex: '-1' }, row.title),
        markPart(row.mark),
        h(
          'div',
          { class: 'actions push' },
          view.canCancel &&
            button(
              'Cancel…',
              () => act(this, { kind: 'open_dialog', dialog: { kind: 'manage', open: { kind: 'cancel_operation', id: view.id } } }),
              { class: 'danger' },
            ),
        ),
      ),
      h(
        'p',
        { class: 'swap-meta muted' },
        h('span', null, `by ${row.by}`),
        h('span', { class: 'num' }, `began ${row.when === 'now' ? 'just now' : row.when}`),
        h('span', { class: 'num' }, view.isOver ? `took ${row.took}` : `running ${row.took}`),
        h('code', { class: 'small' }, view.id),
        copyButton(view.id, 'operation id'),
      ),
      view.reason !== null && h('p', null, h('span', { class: 'muted' }, 'Reason: '), view.reason),
      view.isCancelling && h('p', null, 'A cancel was asked for; it ends at the next point where that is safe.'),
    );
  }

  #outcome({ row, cause }: OperationScreenView): Child {
    if (cause !== null) {
      return h(
        'div',
        { class: 'outcome tone-edge-bad' },
        h('p', null, h('code', null, cause.code), ' ', cause.message),
        cause.hint !== null && h('p', { class: 'hint' }, h('strong', null, 'What to do: '), cause.hint),
      );
    }
    if (row === null || row.progress === '') return null;
    return h(
      'div',
      { class: 'progress' },
      row.percent !== null && meterPart('Progress', `${row.percent} %`, [{ name: 'used', percent: row.percent }]),
      h('p', { class: 'num' }, row.progress),
    );
  }
}

const partRowPart = ({ key, label, mark, text, percent }: PartRow): HTMLElement =>
  h(
    'li',
    { key },
    h('span', null, label),
    markPart(mark),
    percent !== null && meterPart(label, `${percent} %`, [{ name: 'used', percent }]),
    text !== '' && h('span', { class: 'muted small num' }, text),
  );

const resultPart = (facts: OperationScreenView['result']['facts']): HTMLElement =>
  h(
    'dl',
    { class: 'fact-list' },
    ...facts.flatMap(([name, values]) => [h('dt', null, name), h('dd', null, ...values.map((value) => h('div', null, value)))]),
  );
