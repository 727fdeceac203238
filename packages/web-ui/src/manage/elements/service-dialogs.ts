import { act } from '../../actions.ts';
import { type Child, h } from '../../dom.ts';
import { ScDialog } from '../../elements/dialog.ts';
import { button, problemPart, tablePart, waitPart } from '../../elements/parts.ts';
import { field } from '../../elements/swap-form.ts';
import type { PatchPlan } from '../../wire.ts';
import type { ManageAction } from '../state.ts';
import type { ServiceDialogView } from '../view-models/service.ts';

/** Asks before a service is restarted. */
export class ScRestartServiceDialog extends ScDialog<ServiceDialogView> {
  protected override readonly titleId = 'restart-dialog-title';

  protected content({ name, lock, request }: ServiceDialogView): readonly Child[] {
    return [
      h('header', null, h('h2', { id: this.titleId }, `Restart ${name}`)),
      h(
        'p',
        null,
        'Its running requests are lost.',
        lock === null ? '' : ` It works on the GPU of ${lock}, so the lock of ${lock} is needed: yours, or a free one.`,
      ),
      h(
        'form',
        { class: 'swap-form', on: { submit: (event) => this.#submit(event) } },
        field('reason', 'Why', 'shown to everybody while it runs'),
      ),
      request.problem !== null && problemPart(request.problem),
      this.footer(
        'Leave it',
        button(request.busy ? 'Asking…' : `Restart ${name}`, (event) => this.#submit(event), { class: 'danger', busy: request.busy }),
      ),
    ];
  }

  #submit(event: Event): void {
    event.preventDefault();
    const service = this.view?.service;
    const reason = this.querySelector('input')?.value.trim() ?? '';
    if (service !== undefined) act(this, { kind: 'manage', action: { kind: 'restart_service', service, reason } });
  }
}

/** Sets the memory cap of a container. */
export class ScMemoryDialog extends ScDialog<ServiceDialogView> {
  protected override readonly titleId = 'memory-dialog-title';

  protected content({ service, name, capMib, request }: ServiceDialogView): readonly Child[] {
    return [
      h('header', null, h('h2', { id: this.titleId }, `Memory cap of ${name}`)),
      h(
        'p',
        null,
        'On a Spark the GPU shares the memory: a service that grows without end takes it from the model. Above its cap the container is ended and started anew by its restart policy.',
      ),
      h(
        'form',
        { class: 'swap-form', on: { submit: (event) => this.#submit(event) } },
        field('limit', 'Cap in MiB', '8192', {
          type: 'number',
          min: '64',
          max: '1048576',
          step: '1',
          required: true,
          inputmode: 'numeric',
          value: capMib === null ? '' : String(capMib),
        }),
      ),
      request.problem !== null && problemPart(request.problem),
      this.footer(
        'Leave it',
        button(request.busy ? 'Setting…' : 'Set the cap', (event) => this.#submit(event), { class: 'primary', busy: request.busy }),
        capMib !== null && button('No cap', () => this.#limit(service, null), { class: 'secondary', busy: request.busy }),
      ),
    ];
  }

  #submit(event: Event): void {
    event.preventDefault();
    const service = this.view?.service;
    const input = this.querySelector<HTMLInputElement>('input[name="limit"]');
    if (service !== undefined && this.querySelector('form')?.reportValidity() === true && input !== null) {
      this.#limit(service, input.valueAsNumber);
    }
  }

  #limit(service: string, limitMib: number | null): void {
    act(this, { kind: 'manage', action: { kind: 'limit_memory', service, limitMib } });
  }
}

/** Shows which files would change in a container, and asks for a go. */
export class ScPatchDialog extends ScDialog<ServiceDialogView> {
  protected override readonly titleId = 'patch-dialog-title';
  protected override readonly width = 'wide';

  protected content(view: ServiceDialogView): readonly Child[] {
    const { name, plan, planLoading, planProblem, what, request } = view;
    const title = what === 'apply' ? `Reapply the patches of ${name}` : `Undo the patches of ${name}`;
    const isReady = plan !== null && plan.blockers.length === 0 && plan.files.some(({ change }) => change !== 'none');
    return [
      h('header', null, h('h2', { id: this.titleId }, title)),
      planLoading && waitPart(),
      planProblem !== null && problemPart(planProblem),
      ...(plan === null ? [] : planParts(plan, view.container)),
      request.problem !== null && problemPart(request.problem),
      this.footer(
        'Leave it',
        isReady &&
          button(request.busy ? 'Asking…' : what === 'apply' ? 'Go: reapply them' : 'Go: undo them', () => this.#go(view), {
            class: 'primary',
            busy: request.busy,
          }),
      ),
    ];
  }

  #go({ service, what, plan }: ServiceDialogView): void {
    if (plan === null) return;
    const action: ManageAction = { kind: 'patch_service', service, what, confirm: plan.id };
    act(this, { kind: 'manage', action });
  }
}

const CHANGES: Readonly<Record<PatchPlan['files'][number]['change'], string>> = {
  none: 'as it is to be',
  add: 'is added',
  replace: 'is replaced',
  remove: 'is removed',
};

const planParts = (plan: PatchPlan, container: string): readonly Child[] => [
  plan.files.every(({ change }) => change === 'none') && h('p', null, 'Every file is as it is to be; nothing is left to do.'),
  plan.blockers.length > 0 && h('ul', { class: 'callout tone-edge-bad' }, ...plan.blockers.map((text) => h('li', null, text))),
  tablePart(
    'patches',
    'Files',
    [
      ['File', ''],
      ['Change', ''],
      ['Now', 'col-mid'],
      ['Then', 'col-mid'],
    ],
    plan.files.map((file) =>
      h(
        'tr',
        { key: file.name },
        h('th', { scope: 'row' }, file.name, h('code', { class: 'muted small measured' }, file.target)),
        h('td', null, CHANGES[file.change]),
        h('td', { class: 'col-mid' }, h('code', { class: 'small' }, file.current_sha256?.slice(0, 12) ?? 'none')),
        h('td', { class: 'col-mid' }, h('code', { class: 'small' }, file.wanted_sha256?.slice(0, 12) ?? 'none')),
      ),
    ),
  ),
  plan.restart && h('p', { class: 'muted' }, `The container ${container} is restarted and checked afterwards.`),
];
