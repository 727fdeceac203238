import { act } from '../../actions.ts';
import { type Child, h } from '../../dom.ts';
import { ScElement } from '../../elements/element.ts';
import {
  button,
  copyButton,
  emptyPart,
  failedPart,
  linkPart,
  markPart,
  outsideLink,
  problemPart,
  tablePart,
  waitPart,
} from '../../elements/parts.ts';
import type { DeepRow, EndpointRow, ServiceRow, ServicesView } from '../view-models/service.ts';

/** The services around the model: whether they answer, and whether they work. */
export class ScServices extends ScElement<ServicesView> {
  protected draw(view: ServicesView): readonly Child[] {
    const { rows, loading, problem, deep } = view;
    return [
      h(
        'div',
        { class: 'screen-head' },
        h('h1', { tabindex: '-1' }, 'Services'),
        h(
          'div',
          { class: 'actions push' },
          button('Install a NIM…', () => this.#installNim(), { class: 'secondary' }),
          button(
            deep.loading ? 'Checking…' : 'Check with real requests',
            () => act(this, { kind: 'manage', action: { kind: 'check_services' } }),
            {
              class: 'secondary',
              busy: deep.loading,
              title: 'A completion of one token, half a second of audio, one embedding, one query',
            },
          ),
        ),
      ),
      problem !== null && failedPart(problem),
      rows.length > 0 && tablePart('services', 'Services', COLUMNS, rows.map(serviceRowPart)),
      rows.length === 0 && loading && problem === null && waitPart(),
      rows.length === 0 &&
        !loading &&
        problem === null &&
        emptyPart('No service', 'Name them in services.yaml; "sparkctl init" finds those that run.'),
      deep.problem !== null && problemPart(deep.problem),
      deep.rows.length > 0 && deepPart(deep.rows, deep.when),
      view.endpoints.length > 0 && endpointsPart(view.endpoints),
    ];
  }

  #installNim(): void {
    act(this, { kind: 'open_dialog', dialog: { kind: 'manage', open: { kind: 'install_nim' } } });
    act(this, { kind: 'manage', action: { kind: 'known_nims' } });
  }
}

const COLUMNS = [
  ['Service', ''],
  ['State', ''],
  ['What it says', 'col-wide'],
  ['Latency', 'num col-mid'],
  ['Host', 'col-mid'],
  ['.Link', ''],
] as const;

const serviceRowPart = (row: ServiceRow): HTMLElement =>
  h(
    'tr',
    { key: row.key },
    h(
      'th',
      { scope: 'row' },
      linkPart({ screen: 'service', id: row.key }, {}, row.name),
      h('span', { class: 'muted small' }, ` ${row.kind}`),
      h('span', { class: 'model-narrow muted small' }, row.detail),
    ),
    h('td', { title: `checked ${row.checked}` }, markPart(row.mark)),
    h('td', { class: 'col-wide muted' }, row.detail),
    h('td', { class: 'num col-mid' }, row.latency),
    h('td', { class: 'col-mid muted' }, row.host),
    h('td', null, row.link !== null && outsideLink(row.link, row.linkText)),
  );

const deepPart = (rows: readonly DeepRow[], when: string): HTMLElement =>
  h(
    'section',
    { class: 'block', 'aria-label': 'Real requests' },
    h('h2', null, 'Real requests ', h('span', { class: 'muted small' }, when)),
    tablePart(
      'deep',
      'One real request to each',
      [
        ['Service', ''],
        ['Result', ''],
        ['What it says', 'col-wide'],
        ['Took', 'num'],
      ],
      rows.map((row) =>
        h(
          'tr',
          { key: row.key },
          h('th', { scope: 'row' }, row.name, h('span', { class: 'model-narrow muted small' }, row.detail)),
          h('td', null, markPart(row.mark)),
          h('td', { class: 'col-wide muted' }, row.detail),
          h('td', { class: 'num' }, row.latency),
        ),
      ),
    ),
  );

const endpointsPart = (rows: readonly EndpointRow[]): HTMLElement =>
  h(
    'section',
    { class: 'block', 'aria-label': 'Endpoints' },
    h('h2', null, 'Endpoints'),
    h('p', { class: 'muted' }, 'Where programs reach everything: the clusters first, then the services.'),
    tablePart(
      'endpoints',
      'Endpoints',
      [
        ['Name', ''],
        ['URL', 'col-mid'],
        ['Model', 'col-mid'],
        ['.Copy', 'col-action'],
      ],
      rows.map(({ key, name, url, model, isDisabled }) =>
        h(
          'tr',
          { key },
          h(
            'th',
            { scope: 'row' },
            name,
            isDisabled && h('span', { class: 'badge' }, 'disabled'),
            h('span', { class: 'model-narrow' }, h('code', { class: 'small url' }, url)),
          ),
          h('td', { class: 'col-mid' }, h('code', { class: 'url' }, url)),
          h('td', { class: 'col-mid muted' }, model),
          h('td', { class: 'col-action' }, url !== '' && copyButton(url, `URL of ${name}`)),
        ),
      ),
    ),
  );
