import { type Child, h } from '../../dom.ts';
import { markPart, tablePart } from '../../elements/parts.ts';
import type { PlanRow, PlanView } from '../view-models/host.ts';

/** What an update would do, worst lines first. */
export function planPart(plan: PlanView): readonly Child[] {
  if (plan.isEmpty)
    return [h('p', null, 'Nothing to update.'), h('p', { class: 'muted' }, plan.reboot), ...listPart('warn', plan.blockers)];
  return [
    h('p', null, h('strong', null, plan.summary), h('span', { class: 'muted' }, `, as of ${plan.when}. ${plan.reboot}`)),
    ...listPart('bad', plan.blockers),
    ...listPart('warn', plan.warnings),
    tablePart(
      'updates',
      'Updates, riskiest first',
      [
        ['Package', ''],
        ['Change', 'col-mid'],
        ['Risk', ''],
        ['Note', 'col-wide'],
      ],
      plan.rows.map(planRowPart),
    ),
    h('details', null, h('summary', null, 'Commands'), h('pre', { tabindex: '0', 'aria-label': 'Commands' }, plan.commands.join('\n'))),
  ];
}

const listPart = (tone: 'bad' | 'warn', lines: readonly string[]): readonly Child[] =>
  lines.length === 0 ? [] : [h('ul', { class: `callout tone-edge-${tone}` }, ...lines.map((line) => h('li', null, line)))];

const planRowPart = (row: PlanRow): HTMLElement =>
  h(
    'tr',
    { key: row.key },
    h(
      'th',
      { scope: 'row' },
      row.name,
      h('span', { class: 'muted small' }, ` ${row.section}`),
      h('span', { class: 'model-narrow muted small' }, row.change),
    ),
    h('td', { class: 'col-mid small' }, row.change),
    h('td', null, markPart(row.mark)),
    h('td', { class: 'col-wide muted' }, row.note),
  );
