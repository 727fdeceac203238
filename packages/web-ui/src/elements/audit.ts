import { act } from '../actions.ts';
import { type Child, h } from '../dom.ts';
import { type AuditRow, type AuditView, actionName } from '../view-models/audit.ts';
import { ScElement } from './element.ts';
import { emptyPart, failedPart, morePart, tablePart, waitPart } from './parts.ts';

const COLUMNS = [
  ['When', 'num col-when'],
  ['What', ''],
  ['Who', 'col-mid'],
  ['Note', 'col-mid'],
] as const;

/** Who did what, newest first. */
export class ScAudit extends ScElement<AuditView> {
  protected draw(view: AuditView): readonly Child[] {
    const onChange = ({ target }: Event): void => {
      if (target instanceof HTMLSelectElement) act(this, { kind: 'filter_audit', action: target.value });
    };
    const options = ['', ...view.actions].map((value) =>
      h('option', { value, selected: value === view.action }, value === '' ? 'Everything' : actionName(value)),
    );
    return [
      h(
        'div',
        { class: 'screen-head' },
        h('h1', { tabindex: '-1' }, 'Audit'),
        h('label', null, h('span', { class: 'visually-hidden' }, 'Action'), h('select', { on: { change: onChange } }, ...options)),
      ),
      view.problem !== null && failedPart(view.problem),
      view.problem === null && this.#body(view),
      view.hasMore && morePart(view.loading ? 'Loading…' : 'Older entries'),
    ];
  }

  #body({ rows, action }: AuditView): Child {
    if (rows === null) return waitPart();
    if (rows.length > 0) return tablePart('history audit', 'Audit trail, newest first', COLUMNS, rows.map(auditRow));
    return action === ''
      ? emptyPart(
          'Nothing yet',
          'Every lock that is acquired, released or broken, and every change of a webhook or an automation will be here.',
        )
      : emptyPart('Nothing matches', `Nothing of the kind “${actionName(action)}” has happened.`);
  }
}

const auditRow = ({ id, when, actor, from, action, target, cluster, fence, note }: AuditRow): HTMLElement =>
  h(
    'tr',
    { key: id },
    h('td', { class: 'num col-when muted' }, when),
    h(
      'th',
      { scope: 'row' },
      h('span', { class: 'model-name' }, action),
      h(
        'span',
        { class: 'model-sub muted small' },
        ...[target, cluster, fence].filter((part) => part !== '').map((part) => h('span', null, part)),
      ),
      h('span', { class: 'model-narrow muted small' }, [when, actor, note].filter((part) => part !== '').join(' · ')),
    ),
    h('td', { class: 'col-mid' }, actor, from !== '' && h('span', { class: 'cell-sub muted small' }, from)),
    h('td', { class: 'col-mid muted audit-note' }, note),
  );
