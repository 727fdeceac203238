import { act } from '../../actions.ts';
import { type Child, h } from '../../dom.ts';
import { ScElement } from '../../elements/element.ts';
import { absentPart, button, failedPart, linkPart, markPart, meterPart, problemPart, tablePart } from '../../elements/parts.ts';
import type { ManageAction, ManageDialog } from '../state.ts';
import type { HostScreenView, StepRow } from '../view-models/host.ts';
import { planPart } from './update-plan.ts';

/** One host: its figures, who uses its GPU, the way to it, and its updates. */
export class ScHost extends ScElement<HostScreenView> {
  protected draw(view: HostScreenView): readonly Child[] {
    const { host, key } = view;
    if (host === null) {
      const back = linkPart({ screen: 'hosts' }, { class: 'button secondary' }, 'To the hosts');
      return [h('h1', { tabindex: '-1' }, 'Host'), absentPart(view.isLoaded, `No host ${key}`, back)];
    }
    return [
      h(
        'div',
        { class: 'screen-head' },
        h('h1', { tabindex: '-1' }, host.name),
        markPart(host.mark),
        h('span', { class: 'muted small num' }, host.age),
        h(
          'div',
          { class: 'actions push' },
          button(view.test.loading ? 'Testing…' : 'Test the connection', () => this.#do({ kind: 'test_host', host: key }), {
            class: 'secondary',
            busy: view.test.loading,
          }),
          button(view.planLoading ? 'Looking…' : 'Look for updates', () => this.#do({ kind: 'plan_update', host: key }), {
            class: 'secondary',
            busy: view.planLoading,
          }),
          button('Reboot…', () => this.#open({ kind: 'reboot_host', host: key }), { class: 'danger' }),
        ),
      ),
      host.reason !== null &&
        h(
          'p',
          { class: 'callout tone-edge-warn' },
          h('span', null, host.reason, ' ', host.code !== null && h('code', { class: 'small' }, host.code)),
        ),
      ...view.running.map(({ id, title }) =>
        h('p', { key: id, class: 'callout' }, h('span', null, 'Now: ', linkPart({ screen: 'operation', id }, {}, title))),
      ),
      h('div', { class: 'swap-columns' }, this.#facts(view), h('div', { class: 'stack' }, this.#gpu(view), this.#disks(view))),
      this.#test(view),
      this.#updates(view),
    ];
  }

  #facts({ host, facts }: HostScreenView): HTMLElement {
    const memory = host?.memory ?? null;
    return h(
      'section',
      { class: 'card', 'aria-label': 'Figures' },
      memory !== null &&
        h(
          'div',
          { class: 'reading' },
          h('span', null, 'Memory'),
          meterPart('Unified memory', `${memory.text}, ${memory.detail}`, [
            { name: memory.tight ? 'tight' : 'used', percent: memory.usedPercent },
            { name: 'cache', percent: memory.cachePercent },
          ]),
          h('span', { class: 'reading-value num' }, memory.text),
        ),
      memory !== null && h('p', { class: 'muted small' }, memory.detail),
      factList(facts),
    );
  }

  #gpu({ host, gpuFacts, processes }: HostScreenView): HTMLElement {
    return h(
      'section',
      { class: 'card', 'aria-label': 'GPU' },
      h('h2', null, 'GPU'),
      host !== null &&
        host.reason === null &&
        h(
          'div',
          { class: 'reading' },
          h('span', null, 'Busy'),
          meterPart('GPU', host.gpuText, [{ name: 'gpu', percent: host.gpuPercent ?? 0 }]),
          h('span', { class: 'reading-value num' }, host.gpuText),
        ),
      factList(gpuFacts),
      processes.length === 0
        ? h(
            'p',
            { class: 'muted' },
            host?.reason == null ? 'No process on the GPU is reported.' : 'Not known while the host cannot be asked.',
          )
        : h(
            'ul',
            { class: 'parts' },
            ...processes.map(({ pid, name, memory }) =>
              h('li', { key: String(pid) }, h('code', null, name), h('span', { class: 'muted num small' }, `pid ${pid} · ${memory}`)),
            ),
          ),
    );
  }

  #disks({ disks }: HostScreenView): Child {
    if (disks.length === 0) return null;
    return h(
      'section',
      { class: 'card', 'aria-label': 'Disks' },
      h('h2', null, 'Disks'),
      h(
        'ul',
        { class: 'parts' },
        ...disks.map(({ mount, roles, usedPercent, text }) =>
          h(
            'li',
            { key: mount },
            h('code', null, mount),
            h('span', { class: 'muted small' }, roles),
            meterPart(mount, text, [{ name: usedPercent > 92 ? 'tight' : 'used', percent: usedPercent }]),
            h('span', { class: 'num small' }, text),
          ),
        ),
      ),
    );
  }

  #test({ key, test }: HostScreenView): Child {
    if (test.problem !== null) return failedPart(test.problem);
    if (test.rows.length === 0) return null;
    const offer = test.offer;
    return h(
      'section',
      { class: 'card', 'aria-label': 'Connection' },
      h('h2', null, 'Connection'),
      tablePart(
        'steps-table',
        'Steps of the connection',
        [
          ['Step', ''],
          ['Result', ''],
          ['What', ''],
          ['Took', 'num col-mid'],
        ],
        test.rows.map(stepRowPart),
      ),
      offer !== null &&
        h(
          'p',
          null,
          button('Trust this key…', () => this.#open({ kind: 'trust_host', host: key, fingerprint: offer }), { class: 'primary' }),
        ),
    );
  }

  #updates({ key, plan, planProblem }: HostScreenView): Child {
    if (planProblem !== null) return problemPart(planProblem);
    if (plan === null) return null;
    const start = button('Update…', () => this.#open({ kind: 'update_host', host: key }), {
      class: 'primary',
      disabled: plan.blockers.length > 0,
    });
    return h(
      'section',
      { class: 'card', 'aria-label': 'Updates' },
      h('h2', null, 'Updates'),
      ...planPart(plan),
      !plan.isEmpty && h('p', null, start),
    );
  }

  #do(action: ManageAction): void {
    act(this, { kind: 'manage', action });
  }

  #open(open: ManageDialog): void {
    act(this, { kind: 'open_dialog', dialog: { kind: 'manage', open } });
  }
}

const factList = (facts: HostScreenView['facts']): HTMLElement =>
  h('dl', { class: 'fact-list' }, ...facts.flatMap(([name, value]) => [h('dt', null, name), h('dd', null, value)]));

const stepRowPart = (row: StepRow): HTMLElement =>
  h(
    'tr',
    { key: row.name },
    h('th', { scope: 'row' }, row.name),
    h('td', null, markPart(row.mark)),
    h(
      'td',
      { class: 'whole' },
      row.detail,
      row.measured !== null && !row.detail.includes(row.measured) && h('code', { class: 'small measured' }, row.measured),
      row.hint !== null && h('p', { class: 'hint' }, h('strong', null, 'What to do: '), row.hint),
    ),
    h('td', { class: 'num col-mid muted' }, row.took),
  );
