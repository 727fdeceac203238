import { act } from '../../actions.ts';
import { type Child, h } from '../../dom.ts';
import { ScDialog } from '../../elements/dialog.ts';
import { button, problemPart } from '../../elements/parts.ts';
import type { ManageAction } from '../state.ts';
import type { ModelDialogView } from '../view-models/model.ts';

export type ModelQuestion = ModelDialogView & Readonly<{ title: string; text: string; verb: string; busy: string; action: ManageAction }>;

/** Asks before an entry, or its weights, go, and before it goes back. */
export class ScModelDialog extends ScDialog<ModelQuestion> {
  protected override readonly titleId = 'model-dialog-title';

  protected content({ title, text, verb, busy, action, request }: ModelQuestion): readonly Child[] {
    return [
      h('header', null, h('h2', { id: this.titleId }, title)),
      h('p', null, text),
      request.problem !== null && problemPart(request.problem),
      this.footer(
        'Leave it',
        button(request.busy ? busy : verb, () => act(this, { kind: 'manage', action }), { class: 'danger', disabled: request.busy }),
      ),
    ];
  }
}
