import { act } from '../actions.ts';
import { type Child, h } from '../dom.ts';
import type { AutomationRow, AutomationsView } from '../view-models/automation.ts';
import { ScElement } from './element.ts';
import { button, emptyPart, failedPart, linkPart, markPart, switchPart, tablePart, waitPart } from './parts.ts';

const COLUMNS = [
  ['Automation', ''],
  ['On', 'col-switch'],
  ['Next run', 'col-mid'],
  ['Last run', 'col-wide'],
  ['.Actions', 'col-action'],
] as const;

/** What Spark Control itself does by the clock. */
export class ScAutomations extends ScElement<AutomationsView> {
  protected draw({ rows, problem }: AutomationsView): readonly Child[] {
    return [
      h('div', { class: 'screen-head' }, h('h1', { tabindex: '-1' }, 'Automations'), h('span', { class: 'push' }, this.#new())),
      problem !== null && failedPart(problem),
      rows === null && problem === null && waitPart(),
      rows?.length === 0 &&
        emptyPart(
          'No automation yet',
          'For example: swap to the coding model every weekday at 7:00. Each one obeys the lock, waiting for it as long as you allow.',
          this.#new(),
        ),
      rows !== null &&
        rows.length > 0 &&
        tablePart(
          'automations',
          'Automations',
          COLUMNS,
          rows.map((row) => this.#row(row)),
        ),
    ];
  }

  #new(): HTMLElement {
    return button('New automation…', () => act(this, { kind: 'open_dialog', dialog: { kind: 'automation', id: null } }), {
      class: 'primary',
    });
  }

  #row(row: AutomationRow): HTMLElement {
    const { id, name, enabled } = row;
    return h(
      'tr',
      { key: id },
      h(
        'th',
        { scope: 'row' },
        h('span', { class: 'model-name' }, linkPart({ screen: 'automation', id }, {}, name)),
        h('span', { class: 'model-sub muted small' }, h('span', null, row.what), h('code', null, row.cron), h('span', null, row.timezone)),
        h('span', { class: 'model-narrow muted small' }, row.next),
      ),
      h(
        'td',
        { class: 'col-switch' },
        switchPart(`${name} is on`, enabled, (on) => act(this, { kind: 'enable_automation', id, on })),
      ),
      h('td', { class: 'col-mid num col-when' }, row.next),
      h('td', { class: 'col-wide' }, row.last !== null && lastPart(row.last)),
      h('td', { class: 'col-action' }, runButton(row)),
    );
  }
}

const lastPart = ({ mark, words }: NonNullable<AutomationRow['last']>): Child => [
  markPart(mark),
  h('span', { class: 'cell-sub muted small' }, words),
];

export const runButton = ({ id, name, isRunBusy }: AutomationRow): HTMLElement =>
  button('Run now', ({ currentTarget }) => currentTarget && act(currentTarget, { kind: 'run_automation', id }), {
    class: 'secondary',
    'aria-label': `Run now: ${name}`,
    busy: isRunBusy,
  });
