import { act } from '../../actions.ts';
import { type Child, h } from '../../dom.ts';
import { ScElement } from '../../elements/element.ts';
import { absentPart, button, failedPart, linkPart, markPart, outsideLink, problemPart } from '../../elements/parts.ts';
import type { ManageDialog, PatchWork } from '../state.ts';
import type { ServiceScreenView } from '../view-models/service.ts';

/** One service: its container, its log, and what can be done about it. */
export class ScService extends ScElement<ServiceScreenView> {
  protected draw(view: ServiceScreenView): readonly Child[] {
    const { row, problem, key } = view;
    if (row === null) {
      if (problem !== null && !view.isMissing) return [h('h1', { tabindex: '-1' }, 'Service'), failedPart(problem)];
      const back = linkPart({ screen: 'services' }, { class: 'button secondary' }, 'To the services');
      return [h('h1', { tabindex: '-1' }, 'Service'), absentPart(view.isKnown, `No service ${key}`, back)];
    }
    return [
      h(
        'div',
        { class: 'screen-head' },
        h('h1', { tabindex: '-1' }, row.name),
        markPart(row.mark),
        row.link !== null && outsideLink(row.link, row.linkText),
        this.#actions(view),
      ),
      h('p', { class: 'muted' }, row.detail, row.latency === '' ? '' : ` ${row.latency}, checked ${row.checked}`),
      h(
        'section',
        { class: 'card', 'aria-label': 'Facts' },
        h('dl', { class: 'fact-list' }, ...view.facts.flatMap(([name, value]) => [h('dt', null, name), h('dd', null, value)])),
        view.factsProblem !== null && h('p', { class: 'muted' }, view.factsProblem),
        view.deep !== null && h('p', null, markPart(view.deep.mark), ' ', view.deep.detail),
      ),
      view.vectors !== null && h('sc-vectors', { key: `vectors/${key}`, class: 'stack', prop: { view: view.vectors } }),
      this.#logs(view),
    ];
  }

  #actions({ key, actions }: ServiceScreenView): HTMLElement {
    const open = (label: string, dialog: ManageDialog, kind = 'secondary'): HTMLElement =>
      button(label, () => act(this, { kind: 'open_dialog', dialog: { kind: 'manage', open: dialog } }), { class: kind });
    const patch = (label: string, what: PatchWork): HTMLElement =>
      button(
        label,
        () => {
          act(this, { kind: 'open_dialog', dialog: { kind: 'manage', open: { kind: 'patch_service', service: key, what } } });
          act(this, { kind: 'manage', action: { kind: 'plan_patches', service: key, what } });
        },
        { class: 'secondary' },
      );
    return h(
      'div',
      { class: 'actions push' },
      actions.includes('memory') && open('Memory cap…', { kind: 'limit_memory', service: key }),
      actions.includes('patches') && patch('Reapply patches…', 'apply'),
      actions.includes('patches') && patch('Undo patches…', 'undo'),
      actions.includes('restart') && open('Restart…', { kind: 'restart_service', service: key }, 'danger'),
    );
  }

  #logs({ key, actions, logs }: ServiceScreenView): Child {
    if (!actions.includes('logs')) return null;
    return h(
      'section',
      { class: 'card', 'aria-label': 'Log' },
      h(
        'div',
        { class: 'screen-head' },
        h('h2', null, 'Log'),
        button(
          logs.loading ? 'Reading…' : logs.text === null ? 'Read the log' : 'Read it again',
          () => act(this, { kind: 'manage', action: { kind: 'read_logs', service: key } }),
          { class: 'quiet', busy: logs.loading },
        ),
      ),
      logs.problem !== null && problemPart(logs.problem),
      logs.text !== null && h('pre', { class: 'tail', tabindex: '0', 'aria-label': 'Log' }, logs.text === '' ? 'It is empty.' : logs.text),
    );
  }
}
