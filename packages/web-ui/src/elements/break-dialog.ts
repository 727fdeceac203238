import { act } from '../actions.ts';
import { type Child, h } from '../dom.ts';
import { plural } from '../view-models/format.ts';
import type { LockDialogView } from '../view-models/lock.ts';
import { ScDialog } from './dialog.ts';
import { button, problemPart } from './parts.ts';
import { field } from './swap-form.ts';

/** Asks before somebody's lock is broken: whose it is, what that leads to, and why. */
export class ScBreakDialog extends ScDialog<LockDialogView> {
  protected override readonly titleId = 'break-dialog-title';

  protected content(view: LockDialogView): readonly Child[] {
    const { holder, reason, clusterName, request } = view;
    if (holder === null) {
      return [
        h('header', null, h('h2', { id: this.titleId }, 'Break the lock')),
        h('p', null, 'Nobody holds it any more; there is nothing left to break.'),
        this.footer('Close'),
      ];
    }
    return [
      h(
        'header',
        null,
        h('h2', { id: this.titleId }, `Break the lock of ${holder}`),
        h('p', { class: 'muted' }, `on ${clusterName}${reason === null ? '' : `, held for: ${reason}`}`),
      ),
      h('ul', { class: 'consequences' }, ...consequences(view).map((text) => h('li', null, text))),
      h(
        'form',
        { class: 'swap-form', on: { submit: (event) => this.#submit(event) } },
        field('reason', 'Why', '8 characters at least', {
          required: true,
          // What is sent is trimmed, so spaces around it do not count.
          pattern: '\\s*\\S.{6,498}\\S\\s*',
          title: '8 to 500 characters',
          'aria-describedby': 'break-why',
        }),
        h('p', { id: 'break-why', class: 'muted small' }, 'It is kept in the audit trail and told to the webhooks, with your name.'),
      ),
      request.problem !== null && problemPart(request.problem),
      this.footer(
        'Leave it',
        button(request.busy ? 'Breaking…' : `Break the lock of ${holder}`, (event) => this.#submit(event), {
          class: 'danger',
          busy: request.busy,
        }),
      ),
    ];
  }

  #submit(event: Event): void {
    event.preventDefault();
    const form = this.querySelector('form');
    const reason = form?.querySelector('input')?.value.trim() ?? '';
    const cluster = this.view?.cluster;
    if (cluster !== undefined && form?.reportValidity() === true) act(this, { kind: 'break_lock', cluster, reason });
  }
}

const consequences = ({ holder, countdown, hasSwap, waiters }: LockDialogView): readonly string[] => [
  `${holder} loses it at once${countdown === '' ? '' : `, ${countdown} before its time`}. Its next call with this lock is refused.`,
  hasSwap ? 'The swap that runs goes on without a lock. Cancel it if it must not.' : 'The model that serves keeps serving.',
  waiters === 0 ? 'The GPU is free for everybody then.' : `${plural(waiters, 'waits', 'wait')} in line; the first of them is next.`,
];
