import { type Action, act } from '../actions.ts';
import { type Child, h } from '../dom.ts';
import type { AppState } from '../state.ts';
import { ScDialog } from './dialog.ts';
import { button, copyButton, problemPart } from './parts.ts';

export type ConfirmView = Readonly<{
  title: string;
  text: string;
  verb: string;
  keep: string;
  action: Action;
  request: AppState['request'];
}>;

/** Asks before something that cannot be taken back; both buttons say what they do. */
export class ScConfirmDialog extends ScDialog<ConfirmView> {
  protected override readonly titleId = 'confirm-dialog-title';

  protected content({ title, text, verb, keep, action, request }: ConfirmView): readonly Child[] {
    return [
      h('header', null, h('h2', { id: this.titleId }, title)),
      h('p', null, text),
      request.problem !== null && problemPart(request.problem),
      this.footer(
        keep,
        button(request.busy ? 'Asking…' : verb, () => act(this, action), { class: 'danger', busy: request.busy }),
      ),
    ];
  }
}

export type SecretView = Readonly<{ url: string; secret: string }>;

/** A signing secret, the one time that it is shown. */
export class ScSecretDialog extends ScDialog<SecretView> {
  protected override readonly titleId = 'secret-dialog-title';
  // A stray click must not take away what cannot be had again.
  protected override readonly closedBy = 'closerequest';

  protected content({ url, secret }: SecretView): readonly Child[] {
    return [
      h('header', null, h('h2', { id: this.titleId }, 'Signing secret'), h('p', { class: 'muted' }, `of ${url}`)),
      h('p', null, 'Copy it now: it is not shown again. The receiver checks the signature of every delivery with it.'),
      h('p', { class: 'secret' }, h('code', null, secret), copyButton(secret, 'secret')),
      this.footer('I have stored it'),
    ];
  }
}
