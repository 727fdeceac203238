import { act } from '../actions.ts';
import { type Child, h } from '../dom.ts';
import { curlOf } from '../view-models/curl.ts';
import type { LockDialogView } from '../view-models/lock.ts';
import { ScDialog } from './dialog.ts';
import { button, problemPart } from './parts.ts';
import { field, numberField, toggleField } from './swap-form.ts';

/** Minutes. */
const PRESETS = [
  [15, '15 min'],
  [60, '1 h'],
  [120, '2 h'],
] as const;
const DEFAULT_MINUTES = '60';
const CUSTOM = 'custom';

/** Asks for the lock, or for a place in line when somebody holds it. */
export class ScAcquireDialog extends ScDialog<LockDialogView> {
  protected override readonly titleId = 'acquire-dialog-title';

  protected content(view: LockDialogView): readonly Child[] {
    const { holder, clusterName, request } = view;
    return [
      h(
        'header',
        null,
        h('h2', { id: this.titleId }, holder === null ? 'Acquire the lock' : 'Wait for the lock'),
        h(
          'p',
          { class: 'muted' },
          holder === null
            ? `Nobody but you swaps models on ${clusterName} while you hold it.`
            : `${holder} holds ${clusterName}${view.countdown === '' ? '' : ` for another ${view.countdown}`}.`,
        ),
      ),
      this.#form(view),
      request.problem !== null && problemPart(request.problem),
      this.footer(
        'Close',
        button(request.busy ? 'Asking…' : holder === null ? 'Acquire the lock' : 'Get in line', (event) => this.#submit(event), {
          class: 'primary',
          busy: request.busy,
        }),
        button('Copy as curl', () => this.#copy(), { class: 'quiet' }),
      ),
    ];
  }

  #form({ ownName, holder }: LockDialogView): HTMLElement {
    return h(
      'form',
      { class: 'swap-form', on: { submit: (event) => this.#submit(event), change: () => this.redraw() } },
      field('holder', 'Your name', 'a person, or a job such as nightly-eval', {
        value: ownName,
        required: true,
        maxlength: '200',
        pattern: '.*\\S.*',
        autocomplete: 'username',
      }),
      h(
        'fieldset',
        { class: 'themes' },
        h('legend', null, 'For how long'),
        ...PRESETS.map(([minutes, label]) => this.#preset(String(minutes), label)),
        this.#preset(CUSTOM, 'other'),
      ),
      this.#chosen() === CUSTOM && numberField('minutes', 'Time', 'min', 30, 1, 1440),
      field('reason', 'Reason', 'optional, everybody sees it'),
      // Who opens the dialog of a held lock has chosen to wait already.
      holder === null && toggleField('wait', 'Wait in line', 'If somebody else is quicker', true),
      h('button', { type: 'submit', class: 'visually-hidden', tabindex: '-1', 'aria-hidden': 'true' }, 'Submit'),
    );
  }

  #preset(value: string, label: string): HTMLElement {
    return h('label', null, h('input', { type: 'radio', name: 'ttl', value, checked: value === DEFAULT_MINUTES }), ` ${label}`);
  }

  #chosen(): string {
    return [...this.querySelectorAll<HTMLInputElement>('input[name="ttl"]')].find(({ checked }) => checked)?.value ?? DEFAULT_MINUTES;
  }

  #filled(): Readonly<{ holder: string; ttlSeconds: number; reason: string; wait: boolean }> {
    const input = (name: string): HTMLInputElement | null => this.querySelector(`input[name="${name}"]`);
    const chosen = this.#chosen();
    const minutes = chosen === CUSTOM ? (input('minutes')?.valueAsNumber ?? 0) : Number(chosen);
    return {
      holder: input('holder')?.value.trim() ?? '',
      ttlSeconds: minutes * 60,
      reason: input('reason')?.value.trim() ?? '',
      wait: input('wait')?.checked ?? true,
    };
  }

  #submit(event: Event): void {
    event.preventDefault();
    const cluster = this.view?.cluster;
    if (cluster === undefined || this.querySelector('form')?.reportValidity() !== true) return;
    act(this, { kind: 'acquire_lock', cluster, ...this.#filled() });
  }

  #copy(): void {
    const { holder, ttlSeconds, reason } = this.#filled();
    const body = { holder, ttl_seconds: ttlSeconds, cluster: this.view?.cluster, ...(reason !== '' && { reason }) };
    act(this, { kind: 'copy', text: curlOf(location.origin, '/api/swap/lock', body), what: 'curl command' });
  }
}
