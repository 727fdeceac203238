import { act } from '../actions.ts';
import { type Child, h } from '../dom.ts';
import type { DeliveryRow, WebhookRow, WebhookView } from '../view-models/webhook.ts';
import { ScElement } from './element.ts';
import { absentPart, button, emptyPart, failedPart, linkPart, markPart, morePart, switchPart, tablePart, waitPart } from './parts.ts';
import { testButton } from './webhooks.ts';

const COLUMNS = [
  ['When', 'num col-when'],
  ['Message', ''],
  ['State', 'col-mid'],
  ['Tries', 'col-mid'],
  ['.Actions', 'col-action'],
] as const;

/** One webhook and what was sent to it. */
export class ScWebhook extends ScElement<WebhookView> {
  protected draw(view: WebhookView): readonly Child[] {
    const { row, problem } = view;
    return [
      row === null ? h('h1', { tabindex: '-1' }, 'Webhook') : this.#head(row),
      problem !== null && failedPart(problem),
      row === null &&
        problem === null &&
        absentPart(view.isKnown, 'No such webhook', linkPart({ screen: 'webhooks' }, { class: 'button primary' }, 'All webhooks')),
      row !== null && this.#deliveries(view),
    ];
  }

  #head(row: WebhookRow): HTMLElement {
    const { id, url, enabled } = row;
    const open = (label: string, dialog: Parameters<typeof act>[1], kind: string): HTMLElement =>
      button(label, () => act(this, dialog), { class: kind });
    return h(
      'header',
      { class: 'swap-head' },
      h(
        'div',
        { class: 'screen-head' },
        h('h1', { tabindex: '-1', class: 'url' }, url),
        markPart(row.mark),
        switchPart(`${url} is on`, enabled, (on) => act(this, { kind: 'enable_webhook', id, on })),
      ),
      row.description !== '' && h('p', null, row.description),
      row.disabledReason !== null && h('p', { class: 'tone-bad' }, row.disabledReason),
      h('p', { class: 'swap-meta muted' }, ...row.events.map((event) => h('code', null, event))),
      h(
        'div',
        { class: 'actions' },
        testButton(row),
        open('Edit…', { kind: 'open_dialog', dialog: { kind: 'webhook', id } }, 'secondary'),
        open('Rotate the secret…', { kind: 'open_dialog', dialog: { kind: 'confirm', what: 'rotate_secret', id } }, 'secondary'),
        open('Remove…', { kind: 'open_dialog', dialog: { kind: 'confirm', what: 'remove_webhook', id } }, 'danger'),
      ),
    );
  }

  #deliveries({ row, deliveries, deliveriesProblem, hasMore }: WebhookView): HTMLElement {
    return h(
      'section',
      { class: 'block' },
      h('div', { class: 'section-head' }, h('h2', null, 'Deliveries'), h('span', { class: 'muted small' }, row?.counts)),
      deliveriesProblem !== null && failedPart(deliveriesProblem),
      deliveries === null && deliveriesProblem === null && waitPart(),
      deliveries?.length === 0 && emptyPart('Nothing was sent yet', 'Press Test to send a message now.'),
      deliveries !== null &&
        deliveries.length > 0 &&
        tablePart(
          'history deliveries',
          'Deliveries, newest first',
          COLUMNS,
          deliveries.map((one) => this.#row(one)),
        ),
      hasMore && morePart('Older deliveries'),
    );
  }

  #row({ id, type, when, mark, attempts, last, next, body, isBusy, canResend }: DeliveryRow): HTMLElement {
    return h(
      'tr',
      { key: id },
      h('td', { class: 'num col-when muted' }, when),
      h(
        'th',
        { scope: 'row' },
        h('code', null, type),
        h(
          'details',
          { key: 'body' },
          h('summary', null, 'Body'),
          h('pre', { class: 'delivery-body', tabindex: '0', 'aria-label': `Body of ${type}` }, body),
        ),
        h(
          'span',
          { class: 'model-narrow muted small' },
          markPart(mark),
          ' · ',
          [when, attempts, last, next].filter((part) => part !== '').join(' · '),
        ),
      ),
      h('td', { class: 'col-mid' }, markPart(mark)),
      h(
        'td',
        { class: 'col-mid muted' },
        attempts,
        h('span', { class: 'cell-sub small' }, [last, next].filter((part) => part !== '').join(' · ')),
      ),
      h(
        'td',
        { class: 'col-action' },
        canResend &&
          button('Send again', () => act(this, { kind: 'redeliver', delivery: id }), {
            class: 'secondary',
            'aria-label': `Send again: ${type}, ${when}`,
            busy: isBusy,
          }),
      ),
    );
  }
}
