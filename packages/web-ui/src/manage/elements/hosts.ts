import { type Child, h } from '../../dom.ts';
import { ScElement } from '../../elements/element.ts';
import { emptyPart, linkPart, markPart, tablePart, waitPart } from '../../elements/parts.ts';
import type { HostRow, HostsView } from '../view-models/host.ts';

/** All hosts of all clusters with their latest figures. */
export class ScHosts extends ScElement<HostsView> {
  protected draw({ rows, isLoaded }: HostsView): readonly Child[] {
    return [
      h('div', { class: 'screen-head' }, h('h1', { tabindex: '-1' }, 'Hosts')),
      !isLoaded && waitPart(),
      isLoaded && rows.length === 0 && emptyPart('No host', 'Name one in spark.yaml; "sparkctl init" writes the file.'),
      rows.length > 0 && tablePart('host-list', 'Hosts', COLUMNS, rows.map(hostRowPart)),
    ];
  }
}

const COLUMNS = [
  ['Host', ''],
  ['State', ''],
  ['Memory', 'num col-mid'],
  ['GPU', 'num col-mid'],
  ['Disk free', 'num col-wide'],
  ['Up', 'num col-wide'],
  ['Read', 'num col-when'],
] as const;

const hostRowPart = (row: HostRow): HTMLElement =>
  h(
    'tr',
    { key: `${row.cluster}/${row.key}` },
    h(
      'th',
      { scope: 'row' },
      linkPart({ screen: 'host', id: row.key }, {}, row.name),
      h('span', { class: 'muted small' }, ` ${row.role} of ${row.cluster}`),
      h('span', { class: 'model-narrow muted small' }, row.memory),
      row.reason !== null && h('span', { class: 'cell-sub small' }, row.reason),
    ),
    h('td', null, markPart(row.mark)),
    h('td', { class: 'num col-mid' }, row.memory),
    h('td', { class: 'num col-mid' }, row.gpu),
    h('td', { class: 'num col-wide' }, row.disk),
    h('td', { class: 'num col-wide' }, row.uptime),
    h('td', { class: 'num col-when muted' }, row.age),
  );
