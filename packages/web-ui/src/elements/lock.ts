import { act, type LockAction } from '../actions.ts';
import { type Child, h } from '../dom.ts';
import type { LockView } from '../view-models/lock.ts';
import { ScElement } from './element.ts';
import { button, linkPart, markPart } from './parts.ts';

/** Who holds the GPU, why, until when, and who waits. */
export class ScLock extends ScElement<LockView> {
  protected draw(view: LockView): readonly Child[] {
    return [
      h(
        'div',
        { class: 'lock-head' },
        h(
          'div',
          null,
          h('p', { class: 'eyebrow' }, view.isFree ? 'Lock' : 'Lock held by'),
          h('h2', { id: 'lock-title', class: 'lock-title' }, view.title),
          h('p', { class: 'lock-state' }, markPart(view.mark), view.reason !== null && h('span', { class: 'muted' }, view.reason)),
        ),
        view.countdown !== null &&
          h(
            'p',
            { class: `lock-time${view.isEnding ? ' tone-warn' : ''}` },
            // A timer is silent by itself; the announcer tells the coarse steps.
            h('span', { role: 'timer', class: 'lock-left num', 'aria-label': 'Time left' }, view.countdown),
            h('span', { class: 'muted num' }, view.until),
          ),
        h('div', { class: 'actions' }, ...this.#actions(view)),
      ),
      (view.note !== null || view.swap !== null) &&
        h(
          'p',
          { class: 'muted' },
          view.note,
          ' ',
          view.swap !== null && linkPart({ screen: 'swap', id: view.swap }, {}, 'Follow that swap'),
        ),
      this.#line(view),
    ];
  }

  #actions(view: LockView): readonly Child[] {
    const { cluster, acquire } = view;
    return [
      acquire !== null &&
        button(acquire, () => act(this, { kind: 'open_dialog', dialog: { kind: 'acquire', cluster } }), { class: 'secondary' }),
      view.waiting !== null && this.#button(view, 'Leave the line', { kind: 'leave_line', cluster }, 'secondary'),
      view.canRenew && this.#button(view, 'Renew', { kind: 'renew_lock', cluster }, 'primary'),
      view.canRenew && this.#button(view, 'Release', { kind: 'release_lock', cluster }, 'secondary'),
      view.canBreak && button('Break…', () => act(this, { kind: 'open_dialog', dialog: { kind: 'break', cluster } }), { class: 'danger' }),
    ];
  }

  #button({ busy }: LockView, label: string, action: LockAction, kind: string): HTMLElement {
    const isBusy = busy.includes(`${label.toLowerCase()}/${action.cluster}`);
    return button(label, () => act(this, action), {
      class: kind,
      busy: isBusy,
      'aria-label': kind === 'primary' ? 'Renew the lock' : null,
    });
  }

  #line({ queue, waiting }: LockView): Child {
    if (queue.length === 0 && waiting === null) return null;
    return h(
      'div',
      { class: 'lock-queue' },
      waiting !== null && h('p', null, h('strong', null, waiting), h('span', { class: 'muted' }, ' · keep this page open')),
      queue.length > 0 && h('p', { class: 'eyebrow' }, 'Waiting'),
      queue.length > 0 &&
        h(
          'ol',
          { 'aria-label': 'Who waits for the lock' },
          ...queue.map(({ key, holder, waited }, at) =>
            h(
              'li',
              { key },
              h('span', { class: 'muted num', 'aria-hidden': 'true' }, `${at + 1}.`),
              h('span', { class: 'lock-waiter' }, holder),
              h('span', { class: 'muted num' }, `for ${waited}`),
            ),
          ),
        ),
    );
  }
}
