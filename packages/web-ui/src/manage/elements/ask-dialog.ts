import { act } from '../../actions.ts';
import { type Child, h } from '../../dom.ts';
import { ScDialog } from '../../elements/dialog.ts';
import { button, problemPart } from '../../elements/parts.ts';
import type { AppState } from '../../state.ts';
import type { ManageAction } from '../state.ts';

export type Question = Readonly<{
  title: string;
  text: string;
  verb: string;
  busy: string;
  action: ManageAction;
  request: AppState['request'];
}>;

/** Asks before something is removed, or goes back to what it was. */
export class ScAskDialog extends ScDialog<Question> {
  protected override readonly titleId = 'ask-dialog-title';

  protected content({ title, text, verb, busy, action, request }: Question): readonly Child[] {
    return [
      h('header', null, h('h2', { id: this.titleId }, title)),
      h('p', null, text),
      request.problem !== null && problemPart(request.problem),
      this.footer(
        'Leave it',
        button(request.busy ? busy : verb, () => act(this, { kind: 'manage', action }), { class: 'danger', busy: request.busy }),
      ),
    ];
  }
}
