import { act } from '../../actions.ts';
import { type Child, h } from '../../dom.ts';
import { ScDialog } from '../../elements/dialog.ts';
import { button, copyButton, problemPart } from '../../elements/parts.ts';
import { field, toggleField } from '../../elements/swap-form.ts';
import type { ManageAction } from '../state.ts';
import type { HostDialogView } from '../view-models/host.ts';
import { planPart } from './update-plan.ts';

const LOOK = 'ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub';

/** Shows the key that a host has shown, so that a person compares it with the host's own. */
export class ScTrustDialog extends ScDialog<HostDialogView & Readonly<{ fingerprint: string }>> {
  protected override readonly titleId = 'trust-dialog-title';

  protected content({ host, name, fingerprint, request }: HostDialogView & Readonly<{ fingerprint: string }>): readonly Child[] {
    const action: ManageAction = { kind: 'trust_host', host, fingerprint };
    return [
      h('header', null, h('h2', { id: this.titleId }, `Trust the key of ${name}`)),
      h('p', null, 'Whoever connects there is shown this key. Compare it with what the host itself says, at its own console:'),
      h('p', { class: 'secret' }, h('code', null, fingerprint), copyButton(fingerprint, 'fingerprint')),
      h('p', { class: 'secret' }, h('code', null, LOOK), copyButton(LOOK, 'command')),
      h('p', { class: 'muted' }, 'If they differ, something stands between you and the host: do not trust it.'),
      request.problem !== null && problemPart(request.problem),
      this.footer(
        'Not now',
        button(request.busy ? 'Trusting…' : 'They are the same: trust it', () => act(this, { kind: 'manage', action }), {
          class: 'primary',
          busy: request.busy,
        }),
      ),
    ];
  }
}

/** Asks before a host is updated: what changes, what is stopped, and when it reboots. */
export class ScUpdateDialog extends ScDialog<HostDialogView> {
  protected override readonly titleId = 'update-dialog-title';
  protected override readonly width = 'wide';

  protected content(view: HostDialogView): readonly Child[] {
    const { name, plan, request, siblings } = view;
    if (plan === null)
      return [h('h2', { id: this.titleId }, `Update ${name}`), h('p', null, 'Look for updates first.'), this.footer('Close')];
    return [
      h('header', null, h('h2', { id: this.titleId }, `Update ${name}`), h('p', { class: 'muted' }, plan.summary)),
      h('ul', { class: 'consequences' }, ...consequences(view).map((text) => h('li', null, text))),
      h(
        'form',
        { class: 'swap-form', on: { submit: (event) => this.#submit(event) } },
        h(
          'label',
          { class: 'field row' },
          h('span', null, 'Reboot'),
          h(
            'select',
            { name: 'reboot' },
            h('option', { value: 'if_required' }, 'when it is needed'),
            h('option', { value: 'always' }, 'in any case'),
            h('option', { value: 'never' }, 'not now'),
          ),
        ),
        siblings > 0 && toggleField('cluster', 'The other hosts of the cluster too', 'One after the other, workers first', false),
        plan.hasFirmware && toggleField('firmware', 'Firmware too', 'The host must not lose power meanwhile', false),
        view.serving !== null && toggleField('restore', 'Load the present model again at the end', '', true),
        plan.isDangerous && toggleField('danger', 'I have read what is marked as danger', '', false),
        field('reason', 'Why', 'shown to everybody while it runs'),
      ),
      h('details', null, h('summary', null, 'What changes'), ...planPart(plan)),
      request.problem !== null && problemPart(request.problem),
      this.footer(
        'Leave it',
        button(request.busy ? 'Asking…' : `Update ${name}`, (event) => this.#submit(event), { class: 'primary', busy: request.busy }),
      ),
    ];
  }

  #submit(event: Event): void {
    event.preventDefault();
    const { host, plan } = this.view ?? {};
    if (host === undefined || plan == null) return;
    const isOn = (name: string): boolean => this.querySelector<HTMLInputElement>(`input[name="${name}"]`)?.checked ?? false;
    const reboot = this.querySelector<HTMLSelectElement>('select[name="reboot"]')?.value;
    const reason = this.querySelector<HTMLInputElement>('input[name="reason"]')?.value.trim() ?? '';
    const body = {
      plan: plan.id,
      scope: isOn('cluster') ? 'cluster' : 'host',
      reboot: reboot === 'always' || reboot === 'never' ? reboot : 'if_required',
      firmware: isOn('firmware'),
      restore_model: isOn('restore'),
      accept_danger: isOn('danger'),
      ...(reason !== '' && { reason }),
    } as const;
    act(this, { kind: 'manage', action: { kind: 'update_host', host, body } });
  }
}

/** Asks before a host is rebooted; its key has to be typed, since a click on the wrong one costs everybody the model. */
export class ScRebootDialog extends ScDialog<HostDialogView> {
  protected override readonly titleId = 'reboot-dialog-title';

  protected content(view: HostDialogView): readonly Child[] {
    const { host, name, request } = view;
    return [
      h('header', null, h('h2', { id: this.titleId }, `Reboot ${name}`)),
      h('ul', { class: 'consequences' }, ...consequences(view).map((text) => h('li', null, text))),
      h(
        'form',
        { class: 'swap-form', on: { submit: (event) => this.#submit(event) } },
        field('confirm', `Type ${host} to go on`, host, { required: true, pattern: host.replace(/[.]/g, '\\.'), title: host }),
      ),
      request.problem !== null && problemPart(request.problem),
      this.footer(
        'Leave it',
        button(request.busy ? 'Asking…' : `Reboot ${name}`, (event) => this.#submit(event), { class: 'danger', busy: request.busy }),
      ),
    ];
  }

  #submit(event: Event): void {
    event.preventDefault();
    const host = this.view?.host;
    if (host !== undefined && this.querySelector('form')?.reportValidity() === true) {
      act(this, { kind: 'manage', action: { kind: 'reboot_host', host } });
    }
  }
}

const consequences = ({ serving, cluster, name }: HostDialogView): readonly string[] => [
  servingText(serving, cluster),
  `The lock of ${cluster} is held until ${name} is back and checked.`,
];

function servingText(serving: string | null, cluster: string): string {
  if (serving === null) return `Nothing serves on ${cluster}.`;
  if (serving === 'unknown') return `What serves on ${cluster} is not known now.`;
  if (serving === 'unmanaged') return `What serves on ${cluster} was not started by Spark Control.`;
  return `${serving} is unloaded from ${cluster} first, once its requests are done.`;
}
