import { act } from '../actions.ts';
import { type Child, h } from '../dom.ts';
import { EVENTS, type WebhookDialogView } from '../view-models/webhook.ts';
import { ScDialog } from './dialog.ts';
import { button, problemPart } from './parts.ts';
import { field, toggleField } from './swap-form.ts';

/** Makes a webhook or changes one. */
export class ScWebhookDialog extends ScDialog<WebhookDialogView> {
  protected override readonly titleId = 'webhook-dialog-title';

  protected content({ id, start, request }: WebhookDialogView): readonly Child[] {
    return [
      h('header', null, h('h2', { id: this.titleId }, id === null ? 'New webhook' : 'Edit the webhook')),
      h(
        'form',
        { class: 'swap-form', on: { submit: (event) => this.#submit(event), change: () => this.redraw() } },
        field('url', 'URL', 'http://receiver.local:8080/hook', { type: 'url', value: start.url, required: true, maxlength: '2000' }),
        field('description', 'Description', 'optional', { value: start.description ?? '', maxlength: '200' }),
        h(
          'fieldset',
          { class: 'themes choices' },
          h('legend', null, 'Tell it of'),
          ...EVENTS.map((event) =>
            h(
              'label',
              null,
              h('input', { type: 'checkbox', name: 'event', value: event, checked: start.events.includes(event) }),
              h('code', null, event),
            ),
          ),
        ),
        toggleField(
          'allow_loopback',
          'The receiver runs on this machine',
          'Loopback addresses are refused otherwise',
          start.allow_loopback === true,
        ),
        h('button', { type: 'submit', class: 'visually-hidden', tabindex: '-1', 'aria-hidden': 'true' }, 'Submit'),
      ),
      request.problem !== null && problemPart(request.problem),
      this.footer(
        'Close',
        button(request.busy ? 'Asking…' : id === null ? 'Create the webhook' : 'Save', (event) => this.#submit(event), {
          class: 'primary',
          busy: request.busy,
        }),
      ),
    ];
  }

  #submit(event: Event): void {
    event.preventDefault();
    const form = this.querySelector('form');
    if (form === null || this.view === undefined) return;
    const input = (name: string): HTMLInputElement | null => form.querySelector(`input[name="${name}"]`);
    const events = EVENTS.filter((name) => form.querySelector<HTMLInputElement>(`input[value="${name}"]`)?.checked);
    const first = form.querySelector<HTMLInputElement>('input[name="event"]');
    first?.setCustomValidity(events.length === 0 ? 'Choose one event at least.' : '');
    if (!form.reportValidity()) return;
    const body = {
      url: input('url')?.value.trim() ?? '',
      description: input('description')?.value.trim() || null,
      events,
      allow_loopback: input('allow_loopback')?.checked ?? false,
    };
    act(this, { kind: 'save_webhook', id: this.view.id, body });
  }
}
