import { act } from '../actions.ts';
import { type Child, h } from '../dom.ts';
import type { AutomationDialogView } from '../view-models/automation.ts';
import type { AutomationBody } from '../wire.ts';
import { ScDialog } from './dialog.ts';
import { button, problemPart } from './parts.ts';
import { field, numberField, toggleField } from './swap-form.ts';

type Kind = AutomationBody['action']['type'];

const KINDS: readonly (readonly [Kind, string])[] = [
  ['swap', 'Swap to a model, or unload'],
  ['warm', 'Warm a model'],
  ['restart_service', 'Restart a service'],
  ['health_sweep', 'Check the health of everything'],
  ['qdrant_snapshot', 'Take a snapshot of Qdrant'],
];
const MISSED = [
  ['skip', 'Skip it'],
  ['run_once', 'Make up for it once'],
] as const;

/** Makes an automation or changes one. */
export class ScAutomationDialog extends ScDialog<AutomationDialogView> {
  protected override readonly titleId = 'automation-dialog-title';
  protected override readonly width = 'wide';

  protected content(view: AutomationDialogView): readonly Child[] {
    const { id, start, request } = view;
    return [
      h('header', null, h('h2', { id: this.titleId }, id === null ? 'New automation' : `Edit ${start.name}`)),
      h(
        'form',
        { class: 'dialog-body columns', on: { submit: (event) => this.#submit(event), change: () => this.redraw() } },
        h('div', { class: 'swap-form' }, ...this.#what(view)),
        h('div', { class: 'swap-form' }, ...when(start)),
        h('button', { type: 'submit', class: 'visually-hidden', tabindex: '-1', 'aria-hidden': 'true' }, 'Submit'),
      ),
      request.problem !== null && problemPart(request.problem),
      this.footer(
        'Close',
        button(request.busy ? 'Asking…' : id === null ? 'Create the automation' : 'Save', (event) => this.#submit(event), {
          class: 'primary',
          busy: request.busy,
        }),
      ),
    ];
  }

  /** The fields that the chosen action has. */
  #what({ start, models, clusters }: AutomationDialogView): readonly Child[] {
    const kind = this.#value('type') ?? start.action.type;
    const before: Readonly<Record<string, unknown>> = start.action;
    const text = (name: string): string => (typeof before[name] === 'string' ? before[name] : '');
    const figure = (name: string): string => (typeof before[name] === 'number' ? String(before[name]) : '');
    const isModel = kind === 'swap' || kind === 'warm';
    return [
      field('name', 'Name', 'for example Coding model in the morning', {
        value: start.name,
        required: true,
        maxlength: '200',
        pattern: '.*\\S.*',
      }),
      select('type', 'What', KINDS, start.action.type),
      isModel &&
        select('model', 'Model', [...(kind === 'swap' ? [['', 'none: unload'] as const] : []), ...models.map(same)], text('model')),
      isModel && clusters.length > 1 && select('cluster', 'Cluster', clusters.map(same), text('cluster')),
      kind === 'warm' &&
        toggleField('launch', 'Load it if it does not serve', 'By a swap, which obeys the lock', before['launch'] === true),
      kind === 'restart_service' && field('service', 'Service', 'its key', { value: text('service'), required: true, maxlength: '64' }),
      kind === 'qdrant_snapshot' && field('collection', 'Collection', 'empty: all of them', { value: text('collection') }),
      kind === 'qdrant_snapshot' && field('keep_count', 'Keep the newest', 'empty: all', { ...COUNT, value: figure('keep_count') }),
      kind === 'qdrant_snapshot' &&
        field('keep_days', 'Keep those of so many days', 'empty: all', { ...COUNT, value: figure('keep_days') }),
    ];
  }

  #value(name: string): string | undefined {
    return this.querySelector<HTMLInputElement | HTMLSelectElement>(`[name="${name}"]`)?.value;
  }

  #action(): AutomationBody['action'] {
    const value = (name: string): string => this.#value(name)?.trim() ?? '';
    const cluster = value('cluster') === '' ? {} : { cluster: value('cluster') };
    const type = value('type') as Kind;
    switch (type) {
      case 'swap':
        return { type, model: value('model') || null, ...cluster };
      case 'warm':
        return {
          type,
          model: value('model'),
          launch: this.querySelector<HTMLInputElement>('[name="launch"]')?.checked ?? false,
          ...cluster,
        };
      case 'restart_service':
        return { type, service: value('service') };
      case 'health_sweep':
        return { type };
      case 'qdrant_snapshot':
        return {
          type,
          collection: value('collection') || null,
          keep_count: Number(value('keep_count')) || null,
          keep_days: Number(value('keep_days')) || null,
          // Not in the form: it stays what it was.
          ...service(this.view?.start.action),
        };
    }
  }

  #submit(event: Event): void {
    event.preventDefault();
    if (this.view === undefined || this.querySelector('form')?.reportValidity() !== true) return;
    const value = (name: string): string => this.#value(name)?.trim() ?? '';
    const body: AutomationBody = {
      name: value('name'),
      cron: value('cron'),
      timezone: value('timezone'),
      missed: value('missed') === 'run_once' ? 'run_once' : 'skip',
      lock_wait_seconds: Number(value('lock_wait')),
      action: this.#action(),
    };
    act(this, { kind: 'save_automation', id: this.view.id, body });
  }
}

/** A whole number, or nothing. */
const COUNT = { inputmode: 'numeric', pattern: '[1-9][0-9]{0,3}', maxlength: '4' } as const;

const service = (before: AutomationBody['action'] | undefined): Readonly<{ service?: string | null }> =>
  before?.type === 'qdrant_snapshot' && before.service !== undefined ? { service: before.service } : {};

const same = (value: string): readonly [string, string] => [value, value];

const select = (name: string, label: string, options: readonly (readonly [string, string])[], chosen: string): HTMLElement =>
  h(
    'label',
    { key: name, class: 'field' },
    h('span', null, label),
    h('select', { name }, ...options.map(([value, text]) => h('option', { key: value, value, selected: value === chosen }, text))),
  );

const when = ({ cron, timezone, missed, lock_wait_seconds }: AutomationBody): readonly Child[] => [
  field('cron', 'When, as cron', '0 7 * * 1-5', { value: cron, required: true, maxlength: '200', 'aria-describedby': 'cron-hint' }),
  h('p', { id: 'cron-hint', class: 'muted small' }, 'Minute, hour, day, month, weekday: 0 7 * * 1-5 is 7:00 from Monday to Friday.'),
  field('timezone', 'Time zone', 'Europe/Berlin', { value: timezone, required: true, maxlength: '64' }),
  select('missed', 'A run that was missed', MISSED, missed ?? 'skip'),
  numberField('lock_wait', 'Wait for the lock', 's at most', lock_wait_seconds ?? 600, 0, 86_400),
];
