import { act } from '../actions.ts';
import { type Child, h } from '../dom.ts';
import type { Problem } from '../wire.ts';
import { ScDialog } from './dialog.ts';
import { button, problemPart } from './parts.ts';

export type CancelDialogView = Readonly<{
  swap: string;
  title: string;
  /** What a cancel does at this point. */
  consequence: string;
  isOver: boolean;
  request: Readonly<{ busy: boolean; problem: Problem | null }>;
}>;

/** Asks before a swap is cancelled, and says what that leads to. */
export class ScCancelDialog extends ScDialog<CancelDialogView> {
  protected override readonly titleId = 'cancel-dialog-title';

  protected content(view: CancelDialogView): readonly Child[] {
    const { request, isOver } = view;
    return [
      h('header', null, h('h2', { id: this.titleId }, 'Cancel this swap'), h('p', { class: 'muted' }, view.title)),
      h('p', null, isOver ? 'It is over in the meantime; there is nothing left to cancel.' : view.consequence),
      request.problem !== null && problemPart(request.problem),
      h(
        'footer',
        { class: 'dialog-foot' },
        h('span', { class: 'push' }),
        button(isOver ? 'Close' : 'Let it run', () => this.close(), { class: 'secondary' }),
        !isOver &&
          button(request.busy ? 'Cancelling…' : 'Cancel the swap', () => act(this, { kind: 'cancel_swap', swap: view.swap }), {
            class: 'danger',
            busy: request.busy,
          }),
      ),
    ];
  }
}
