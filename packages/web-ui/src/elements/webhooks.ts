import { act } from '../actions.ts';
import { type Child, h } from '../dom.ts';
import type { WebhookRow, WebhooksView } from '../view-models/webhook.ts';
import { ScElement } from './element.ts';
import { button, emptyPart, failedPart, linkPart, markPart, switchPart, tablePart, waitPart } from './parts.ts';

const COLUMNS = [
  ['Target', ''],
  ['State', 'col-mid'],
  ['On', 'col-switch'],
  ['Deliveries', 'col-mid'],
  ['.Actions', 'col-action'],
] as const;

/** Who is told of what happens here. */
export class ScWebhooks extends ScElement<WebhooksView> {
  protected draw({ rows, problem }: WebhooksView): readonly Child[] {
    return [
      h('div', { class: 'screen-head' }, h('h1', { tabindex: '-1' }, 'Webhooks'), h('span', { class: 'push' }, this.#new())),
      problem !== null && failedPart(problem),
      rows === null && problem === null && waitPart(),
      rows?.length === 0 &&
        emptyPart(
          'Nobody is told yet',
          'A webhook posts a signed message to a URL of yours when a swap is complete, a lock is broken and the like, and tries again for days.',
          this.#new(),
        ),
      rows !== null &&
        rows.length > 0 &&
        tablePart(
          'webhooks',
          'Webhooks',
          COLUMNS,
          rows.map((row) => this.#row(row)),
        ),
    ];
  }

  #new(): HTMLElement {
    return button('New webhook…', () => act(this, { kind: 'open_dialog', dialog: { kind: 'webhook', id: null } }), { class: 'primary' });
  }

  #row(row: WebhookRow): HTMLElement {
    const { id, url, enabled } = row;
    return h(
      'tr',
      { key: id },
      h(
        'th',
        { scope: 'row' },
        h('span', { class: 'model-name url' }, linkPart({ screen: 'webhook', id }, {}, url)),
        h(
          'span',
          { class: 'model-sub muted small' },
          row.description !== '' && h('span', null, row.description),
          h('span', null, row.events.join(', ')),
        ),
        row.disabledReason !== null && h('span', { class: 'cell-sub small tone-bad' }, row.disabledReason),
        h('span', { class: 'model-narrow muted small' }, markPart(row.mark), ` · ${row.counts}`),
      ),
      h('td', { class: 'col-mid' }, markPart(row.mark)),
      h(
        'td',
        { class: 'col-switch' },
        switchPart(`${url} is on`, enabled, (on) => act(this, { kind: 'enable_webhook', id, on })),
      ),
      h('td', { class: 'col-mid muted' }, row.counts),
      h('td', { class: 'col-action' }, testButton(row)),
    );
  }
}

export const testButton = ({ id, url, isTesting }: WebhookRow): Child =>
  button(isTesting ? 'Testing…' : 'Test', ({ currentTarget }) => currentTarget && act(currentTarget, { kind: 'test_webhook', id }), {
    class: 'secondary',
    'aria-label': `Test ${url}`,
    busy: isTesting,
  });
