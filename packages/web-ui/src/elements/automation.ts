import { act } from '../actions.ts';
import { type Child, h } from '../dom.ts';
import type { AutomationRow, AutomationView, RunRow } from '../view-models/automation.ts';
import { runButton } from './automations.ts';
import { ScElement } from './element.ts';
import { absentPart, button, emptyPart, failedPart, linkPart, markPart, morePart, switchPart, tablePart, waitPart } from './parts.ts';

const COLUMNS = [
  ['When', 'num col-when'],
  ['Run', ''],
  ['Outcome', ''],
  ['Took', 'num col-mid'],
] as const;

/** One automation and its runs. */
export class ScAutomation extends ScElement<AutomationView> {
  protected draw(view: AutomationView): readonly Child[] {
    const { row, problem } = view;
    return [
      row === null ? h('h1', { tabindex: '-1' }, 'Automation') : this.#head(row),
      problem !== null && failedPart(problem),
      row === null &&
        problem === null &&
        absentPart(view.isKnown, 'No such automation', linkPart({ screen: 'automations' }, { class: 'button primary' }, 'All automations')),
      row !== null && this.#runs(view),
    ];
  }

  #head(row: AutomationRow): HTMLElement {
    const { id, name } = row;
    const open = (label: string, dialog: Parameters<typeof act>[1], kind: string): HTMLElement =>
      button(label, () => act(this, dialog), { class: kind });
    return h(
      'header',
      { class: 'swap-head' },
      h(
        'div',
        { class: 'screen-head' },
        h('h1', { tabindex: '-1' }, name),
        h(
          'label',
          { class: 'switch' },
          switchPart(`${name} is on`, row.enabled, (on) => act(this, { kind: 'enable_automation', id, on })),
          row.enabled ? 'on' : 'off',
        ),
        h(
          'div',
          { class: 'actions push' },
          runButton(row),
          open('Edit…', { kind: 'open_dialog', dialog: { kind: 'automation', id } }, 'secondary'),
          open('Remove…', { kind: 'open_dialog', dialog: { kind: 'confirm', what: 'remove_automation', id } }, 'danger'),
        ),
      ),
      h('p', null, row.what),
      h(
        'p',
        { class: 'swap-meta muted' },
        h('code', null, row.cron),
        h('span', null, row.timezone),
        h('span', { class: 'num' }, `next run: ${row.next}`),
      ),
      h('p', { class: 'muted' }, row.policy),
    );
  }

  #runs({ runs, runsProblem, hasMore }: AutomationView): HTMLElement {
    return h(
      'section',
      { class: 'block' },
      h('h2', null, 'Runs'),
      runsProblem !== null && failedPart(runsProblem),
      runs === null && runsProblem === null && waitPart(),
      runs?.length === 0 && emptyPart('It has not run yet', 'Each run will be here, with what came of it.'),
      runs !== null && runs.length > 0 && tablePart('history', 'Runs, newest first', COLUMNS, runs.map(runRow)),
      hasMore && morePart('Older runs'),
    );
  }
}

const runRow = ({ id, when, mark, took, by, detail, swap }: RunRow): HTMLElement =>
  h(
    'tr',
    { key: id },
    h('td', { class: 'num col-when muted' }, when),
    h(
      'th',
      { scope: 'row' },
      h('span', null, by),
      (detail !== '' || swap !== null) &&
        h('span', { class: 'cell-sub muted' }, detail, ' ', swap !== null && linkPart({ screen: 'swap', id: swap }, {}, 'Open the swap')),
      h('span', { class: 'model-narrow muted small' }, `${when} · ${took}`),
    ),
    h('td', null, markPart(mark)),
    h('td', { class: 'num col-mid' }, took),
  );
