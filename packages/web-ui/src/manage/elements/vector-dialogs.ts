import { act } from '../../actions.ts';
import { type Child, h } from '../../dom.ts';
import { ScDialog } from '../../elements/dialog.ts';
import { button, curlPart, problemPart, waitPart } from '../../elements/parts.ts';
import { field } from '../../elements/swap-form.ts';
import type { SnapshotWish } from '../state.ts';
import type { VectorDialogView } from '../view-models/vectors.ts';

/** The value of the choice that is no collection: no collection can be called that. */
const ALL = '';
const STORAGE = '/';

/** Takes snapshots, and says which older ones go then. */
export class ScSnapshotDialog extends ScDialog<VectorDialogView> {
  protected override readonly titleId = 'snapshot-dialog-title';

  protected content({ name, collections, request }: VectorDialogView): readonly Child[] {
    return [
      h('header', null, h('h2', { id: this.titleId }, `Take snapshots of ${name}`)),
      h(
        'form',
        { class: 'swap-form', on: { submit: (event) => this.#submit(event) } },
        h(
          'label',
          { class: 'field row' },
          h('span', null, 'Of'),
          h(
            'select',
            { name: 'what' },
            h('option', { value: ALL }, 'every collection, one by one'),
            ...collections.map((collection) => h('option', { value: collection }, collection)),
            h('option', { value: STORAGE }, 'the whole storage, in one file'),
          ),
        ),
        keepField('keep_count', 'Keep the newest', '7, or empty for all', '1000'),
        keepField('keep_days', 'Keep those of the last days', '30, or empty for all', '3650'),
        h('p', { class: 'muted small' }, 'Older ones are deleted only once the new one is verified.'),
        h('button', { type: 'submit', class: 'visually-hidden', tabindex: '-1', 'aria-hidden': 'true' }, 'Submit'),
      ),
      request.problem !== null && problemPart(request.problem),
      this.footer(
        'Close',
        button(request.busy ? 'Asking…' : 'Take them', (event) => this.#submit(event), { class: 'primary', busy: request.busy }),
      ),
    ];
  }

  #submit(event: Event): void {
    event.preventDefault();
    const form = this.querySelector('form');
    if (form === null || this.view === undefined || !form.reportValidity()) return;
    const what = form.querySelector('select')?.value ?? ALL;
    const count = (name: string): number | null => form.querySelector<HTMLInputElement>(`input[name="${name}"]`)?.valueAsNumber || null;
    const [keepCount, keepDays] = [count('keep_count'), count('keep_days')];
    const wish: SnapshotWish = {
      ...(what === STORAGE ? { storage: true } : what !== ALL && { collection: what }),
      ...(keepCount !== null && { keep_count: keepCount }),
      ...(keepDays !== null && { keep_days: keepDays }),
    };
    act(this, { kind: 'manage', action: { kind: 'take_snapshot', service: this.view.service, wish } });
  }
}

const keepField = (name: string, label: string, hint: string, max: string): HTMLElement =>
  field(name, label, hint, { type: 'number', min: '1', max, step: '1', inputmode: 'numeric' });

export type OneSnapshot = VectorDialogView & Readonly<{ collection: string; snapshot: string }>;

/** Puts a collection back; its name has to be typed, since what is in it now is lost. */
export class ScRestoreDialog extends ScDialog<OneSnapshot> {
  protected override readonly titleId = 'restore-dialog-title';

  protected content({ collection, snapshot, request }: OneSnapshot): readonly Child[] {
    return [
      h('header', null, h('h2', { id: this.titleId }, `Restore ${collection}`), h('p', { class: 'muted' }, `from ${snapshot}`)),
      h(
        'p',
        null,
        'What is in the collection now is replaced by what the snapshot holds. A copy of it is taken first, where that can be done.',
      ),
      h(
        'form',
        { class: 'swap-form', on: { submit: (event) => this.#submit(event) } },
        field('confirm', `Type ${collection} to go on`, collection, { required: true, maxlength: '255', spellcheck: 'false' }),
      ),
      request.problem !== null && problemPart(request.problem),
      this.footer(
        'Leave it as it is',
        button(request.busy ? 'Asking…' : `Restore ${collection}`, (event) => this.#submit(event), { class: 'danger', busy: request.busy }),
      ),
    ];
  }

  #submit(event: Event): void {
    event.preventDefault();
    const { view } = this;
    const input = this.querySelector('input');
    if (view === undefined || input === null) return;
    const { service, collection, snapshot: name } = view;
    input.setCustomValidity(input.value.trim() === collection ? '' : `Type exactly: ${collection}`);
    if (!input.reportValidity()) {
      // Or the next try would be held up by what is said of this one.
      input.addEventListener('input', () => input.setCustomValidity(''), { once: true });
      return;
    }
    act(this, { kind: 'manage', action: { kind: 'restore_collection', service, collection, name, confirm: input.value.trim() } });
  }
}

/** What to do by hand to put the whole storage back. */
export class ScRestoreGuideDialog extends ScDialog<VectorDialogView> {
  protected override readonly titleId = 'guide-dialog-title';
  protected override readonly width = 'wide';

  protected content({ name, guide, guideProblem }: VectorDialogView): readonly Child[] {
    return [
      h(
        'header',
        null,
        h('h2', { id: this.titleId }, `Restore the whole storage of ${name}`),
        h('p', { class: 'muted' }, 'Qdrant takes such a snapshot only when it starts, so this is done by hand, on its host.'),
      ),
      guideProblem !== null && problemPart(guideProblem),
      guide === null && guideProblem === null && waitPart(),
      guide !== null && h('ol', { class: 'steps-by-hand' }, ...guide.steps.map(({ text, command }) => stepPart(text, command))),
      this.footer('Close'),
    ];
  }
}

const stepPart = (text: string, command: string | null): HTMLElement =>
  h('li', null, h('p', null, text), command !== null && curlPart(command));
