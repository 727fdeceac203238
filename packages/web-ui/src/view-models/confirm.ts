import type { ConfirmView } from '../elements/confirm-dialog.ts';
import type { AppState, Confirmation } from '../state.ts';

/** What is asked before something that cannot be taken back. */
export function confirmView(state: AppState, what: Confirmation, id: string): ConfirmView {
  const { request } = state;
  const { webhooks, automations } = state.lists;
  const url = webhooks.value?.find((one) => one.id === id)?.url ?? id;
  const name = automations.value?.find((one) => one.id === id)?.name ?? id;
  switch (what) {
    case 'remove_automation':
      return {
        title: `Remove ${name}`,
        text: 'It runs no more, and its history goes with it. To pause it, switch it off instead.',
        verb: `Remove ${name}`,
        keep: 'Keep it',
        action: { kind: 'remove_automation', id },
        request,
      };
    case 'remove_webhook':
      return {
        title: 'Remove this webhook',
        text: `${url} is told nothing any more; what is on its way to it is dropped. To pause it, switch it off instead.`,
        verb: 'Remove the webhook',
        keep: 'Keep it',
        action: { kind: 'remove_webhook', id },
        request,
      };
    case 'rotate_secret':
      return {
        title: 'Rotate the secret',
        text: `A new secret signs what is sent to ${url}. The old one signs beside it for 24 hours, so that the receiver can change over.`,
        verb: 'Rotate the secret',
        keep: 'Keep the old one',
        action: { kind: 'rotate_secret', id },
        request,
      };
  }
}
