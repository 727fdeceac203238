import { act } from '../actions.ts';
import { type Child, h } from '../dom.ts';
import { curlOf, type SwapForm, swapBody } from '../view-models/curl.ts';
import type { InTheWay } from '../view-models/lock.ts';
import { mark } from '../view-models/mark.ts';
import type { CheckView, PreflightView } from '../view-models/preflight.ts';
import type { Problem } from '../wire.ts';
import { ScDialog } from './dialog.ts';
import { button, copyButton, markPart, problemPart } from './parts.ts';
import { field, numberField, readForm, toggleField } from './swap-form.ts';

export type SwapDialogView = Readonly<{
  cluster: string;
  clusterName: string;
  /** `null`: unload. */
  model: string | null;
  modelName: string;
  /** As on the wire. */
  serving: string | null;
  /** What serves now, in words. */
  current: string;
  isLoaded: boolean;
  isUnmanaged: boolean;
  swapRunning: boolean;
  /** Somebody else's lock. */
  lock: InTheWay | null;
  /** It will run under the lock that was acquired here. */
  hasLock: boolean;
  preflight: PreflightView | null;
  preflightLoading: boolean;
  preflightProblem: Problem | null;
  /** Names of buttons whose request is under way. */
  busy: readonly string[];
  request: Readonly<{ busy: boolean; problem: Problem | null }>;
}>;

/** Everything one wants to know and choose before a swap or an unload; the button names what it does. */
export class ScSwapDialog extends ScDialog<SwapDialogView> {
  protected override readonly titleId = 'swap-dialog-title';
  protected override readonly width = 'wide';

  protected content(view: SwapDialogView): readonly Child[] {
    const { model } = view;
    return [
      h(
        'header',
        null,
        h('h2', { id: this.titleId }, model === null ? `Unload ${view.current}` : `Swap to ${view.modelName}`),
        h('p', { class: 'muted' }, `on ${view.clusterName}, now: ${view.current}`),
      ),
      view.lock !== null && lockedPart(view.lock),
      h(
        'div',
        { class: `dialog-body${model === null ? '' : ' columns'}` },
        model !== null && h('section', { 'aria-label': 'Pre-flight' }, ...this.#preflight(view)),
        this.#form(view),
      ),
      view.request.problem !== null && problemPart(view.request.problem),
      this.#footer(view),
    ];
  }

  #preflight(view: SwapDialogView): readonly Child[] {
    const { preflight, preflightLoading, preflightProblem } = view;
    const again = button(preflightLoading ? 'Checking…' : 'Check again', () => act(this, { kind: 'rerun_preflight' }), {
      class: 'quiet',
      busy: preflightLoading,
    });
    return [
      h(
        'div',
        { class: 'section-head' },
        h('h3', null, 'Pre-flight'),
        h('span', { role: 'status' }, preflight !== null && markPart({ ...preflight.mark, word: preflight.summary })),
        h('span', { class: 'push' }, again),
      ),
      preflightProblem !== null && problemPart(preflightProblem),
      preflight === null && preflightLoading && h('p', { class: 'muted' }, 'Asking the hosts…'),
      preflight !== null && preflight.checks.length > 0 && checkList(preflight.checks),
      preflight !== null && this.#offers(view, preflight),
      preflight !== null &&
        preflight.passed.length > 0 &&
        h('details', { class: 'passed' }, h('summary', null, `Checks that pass (${preflight.passed.length})`), checkList(preflight.passed)),
      preflight?.command != null &&
        h(
          'details',
          { class: 'command' },
          h('summary', null, 'Command that will run'),
          h('pre', { tabindex: '0', 'aria-label': 'Command' }, preflight.command),
          h('p', null, h('span', { class: 'muted small' }, `by ${preflight.launcher ?? ''} `), copyButton(preflight.command, 'command')),
        ),
    ];
  }

  /** What is missing can be fetched from here; the dialog gives way to the operation. */
  #offers({ model, cluster, busy }: SwapDialogView, { lacksWeights, lacksImage }: PreflightView): Child {
    if (model === null || !(lacksWeights || lacksImage)) return null;
    const offer = (label: string, kind: 'download_weights' | 'pull_image', isBusy: boolean): HTMLElement =>
      button(label, () => act(this, { kind: 'manage', action: { kind, model, cluster } }), { class: 'secondary', busy: isBusy });
    return h(
      'p',
      { class: 'actions' },
      lacksWeights && offer('Download the weights', 'download_weights', busy.includes(`download/${model}`)),
      lacksImage && offer('Pull the image', 'pull_image', busy.includes(`pull-image/${model}`)),
    );
  }

  #form(view: SwapDialogView): HTMLElement {
    const { model, preflight } = view;
    return h(
      'form',
      { class: 'swap-form', on: { submit: (event) => this.#submit(event), change: () => this.redraw() } },
      preflight !== null &&
        h(
          'dl',
          { class: 'facts stacked' },
          h('div', null, h('dt', null, 'Load time'), h('dd', null, preflight.estimate)),
          h('div', null, h('dt', null, 'Memory'), h('dd', null, preflight.memory)),
        ),
      preflight !== null &&
        preflight.memoryFacts.length > 0 &&
        h(
          'details',
          { key: 'memory-facts' },
          h('summary', null, 'What the memory is for'),
          h('ul', { class: 'consequences small' }, ...preflight.memoryFacts.map((fact) => h('li', null, fact))),
        ),
      h('h3', null, 'Options'),
      ...this.#queueFields(view),
      view.hasLock && h('p', { class: 'muted' }, 'It runs under the lock that you hold.'),
      numberField('drain', 'Wait for running requests', 's at most', 30, 0, 3600),
      // With nothing loaded there is nothing to go back to.
      model !== null &&
        view.serving !== null &&
        toggleField('rollback', 'Go back if it fails', `Loads ${view.isLoaded ? view.current : 'what was there'} again`, true),
      (view.isUnmanaged || preflight?.needsReplace === true) &&
        toggleField('replace', 'Replace what is not ours', 'It is kept aside until the new model is ready', false),
      model !== null && view.serving === model && toggleField('force', 'Restart it', 'It serves already', true),
      field('reason', 'Reason', 'optional, shown in the history'),
      // Enter in a field submits; the visible button is in the footer.
      h('button', { type: 'submit', class: 'visually-hidden', tabindex: '-1', 'aria-hidden': 'true' }, 'Submit'),
    );
  }

  #queueFields({ lock, swapRunning }: SwapDialogView): readonly Child[] {
    if (lock === null) return [swapRunning && toggleField('queue', 'Wait in the queue', 'A swap is running; start after it', true)];
    return [
      toggleField('queue', 'Queue it behind the lock', 'It starts by itself when the lock has ended and it is its turn', false),
      this.#isQueued() && numberField('queue_minutes', 'Give up after', 'min', lock.queueMinutes, 1, 1440),
    ];
  }

  #isQueued(): boolean {
    return this.querySelector<HTMLInputElement>('input[name="queue"]')?.checked ?? false;
  }

  #verb({ model, modelName, current, lock, preflight }: SwapDialogView): string {
    if (lock !== null && this.#isQueued()) return model === null ? 'Queue the unload' : `Queue ${modelName}`;
    if (model === null) return `Unload ${current}`;
    const isDoubtful = preflight?.mark.tone === 'bad' || preflight?.mark.tone === 'unknown';
    return isDoubtful ? `Try ${modelName} anyway` : `Swap to ${modelName}`;
  }

  #footer(view: SwapDialogView): HTMLElement {
    const { model, request } = view;
    return h(
      'footer',
      { class: 'dialog-foot' },
      button(
        'Copy as curl',
        () => act(this, { kind: 'copy', text: curlOf(location.origin, '/api/swap', this.#body()), what: 'curl command' }),
        { class: 'quiet' },
      ),
      h('span', { class: 'push' }),
      button(view.isLoaded ? `Keep ${view.current}` : 'Close', () => this.close(), { class: 'secondary' }),
      button(request.busy ? 'Asking…' : this.#verb(view), (event) => this.#submit(event), {
        class: model === null ? 'danger' : 'primary',
        busy: request.busy,
      }),
    );
  }

  #submit(event: Event): void {
    event.preventDefault();
    const form = this.querySelector('form');
    if (form?.reportValidity() === true) act(this, { kind: 'submit_swap', body: this.#body() });
  }

  #body(): ReturnType<typeof swapBody> {
    const form = this.querySelector('form');
    const filled: SwapForm = form === null ? EMPTY : readForm(form);
    return swapBody(this.view?.model ?? null, this.view?.cluster ?? '', filled);
  }
}

const EMPTY: SwapForm = {
  drainSeconds: 30,
  rollback: true,
  replaceUnmanaged: false,
  forceRestart: false,
  queue: false,
  queueMinutes: null,
  reason: '',
};

const lockedPart = ({ holder, reason, countdown, until }: InTheWay): HTMLElement =>
  h(
    'div',
    { key: 'locked', class: 'outcome tone-edge-warn' },
    h(
      'p',
      null,
      markPart(mark('warn', 'locked')),
      ' ',
      h('strong', null, holder),
      ' holds the GPU ',
      until,
      h('span', { class: 'num' }, ` (${countdown})`),
    ),
    reason !== null && h('p', { class: 'hint' }, reason),
    h('p', { class: 'muted' }, 'A swap now is refused. Queue it behind the lock, or come back when it is over.'),
  );

const checkList = (checks: readonly CheckView[]): HTMLElement =>
  h(
    'ul',
    { class: 'checks' },
    ...checks.map(({ key, mark, name, detail, hint, measured }) =>
      h(
        'li',
        { key },
        markPart(mark),
        h(
          'div',
          null,
          h('p', null, h('strong', null, name), ' ', detail, measured !== null && h('span', { class: 'muted num' }, ` (${measured})`)),
          hint !== null && h('p', { class: 'hint' }, hint),
        ),
      ),
    ),
  );
