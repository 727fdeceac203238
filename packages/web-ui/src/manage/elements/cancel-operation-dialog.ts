import { act } from '../../actions.ts';
import { type Child, h } from '../../dom.ts';
import { ScDialog } from '../../elements/dialog.ts';
import { button, problemPart } from '../../elements/parts.ts';
import type { CancelOperationView } from '../view-models/operation.ts';

/** Asks before long work is cancelled. */
export class ScCancelOperationDialog extends ScDialog<CancelOperationView> {
  protected override readonly titleId = 'cancel-operation-title';

  protected content({ id, title, isOver, request }: CancelOperationView): readonly Child[] {
    return [
      h('header', null, h('h2', { id: this.titleId }, 'Cancel this operation'), h('p', { class: 'muted' }, title)),
      h(
        'p',
        null,
        isOver ? 'It is over in the meantime; there is nothing left to cancel.' : 'What is done stays; a later one goes on from there.',
      ),
      request.problem !== null && problemPart(request.problem),
      h(
        'footer',
        { class: 'dialog-foot' },
        h('span', { class: 'push' }),
        button(isOver ? 'Close' : 'Let it run', () => this.close(), { class: 'secondary' }),
        !isOver &&
          button(
            request.busy ? 'Cancelling…' : 'Cancel it',
            () => act(this, { kind: 'manage', action: { kind: 'cancel_operation', id } }),
            {
              class: 'danger',
              busy: request.busy,
            },
          ),
      ),
    ];
  }
}
