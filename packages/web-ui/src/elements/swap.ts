import { act } from '../actions.ts';
import { type Child, h } from '../dom.ts';
import type { Dialog } from '../state.ts';
import type { LogBuffer } from '../view-models/log-buffer.ts';
import type { SwapView } from '../view-models/swap.ts';
import type { Problem } from '../wire.ts';
import { ScElement } from './element.ts';
import { button, causePart, copyButton, emptyPart, linkPart, markPart, problemPart } from './parts.ts';
import { progressPart, stepsPart } from './steps.ts';

export type SwapScreenView = Readonly<{
  id: string;
  swap: SwapView | null;
  problem: Problem | null;
  log: LogBuffer;
  /** For "Run again": the same model on the same cluster; `null` when that makes no sense now. */
  again: Readonly<{ cluster: string; model: string }> | null;
  /** For "Back to ...": what served before, when it does not any more. */
  back: Readonly<{ cluster: string; model: string }> | null;
}>;

/** One swap, by its own link: steps, progress, log, and how it ended. */
export class ScSwap extends ScElement<SwapScreenView> {
  protected draw(view: SwapScreenView): readonly Child[] {
    const { swap, problem } = view;
    if (swap === null) {
      return [
        h('h1', { tabindex: '-1' }, 'Swap'),
        problem === null ? h('p', { class: 'muted' }, 'Loading…') : problemPart(problem),
        problem !== null && button('Try again', () => act(this, { kind: 'reload_swap', swap: view.id }), { class: 'secondary' }),
      ];
    }
    return [
      this.#head(view, swap),
      h(
        'div',
        { class: 'swap-columns' },
        h('section', { class: 'card', 'aria-label': 'Progress' }, ...this.#state(swap), stepsPart(swap.steps)),
        h('sc-log', { class: 'card', prop: { view: { buffer: view.log, of: 'swap', id: view.id, isOver: swap.outcome !== null } } }),
      ),
    ];
  }

  #head(view: SwapScreenView, swap: SwapView): HTMLElement {
    const { id } = swap;
    return h(
      'header',
      { class: 'swap-head' },
      h(
        'div',
        { class: 'screen-head' },
        h('h1', { tabindex: '-1' }, swap.title),
        markPart(swap.mark),
        swap.simulated && h('span', { class: 'badge simulated' }, 'simulated'),
        this.#actions(view, swap),
      ),
      h(
        'p',
        { class: 'swap-meta muted' },
        h('span', null, `on ${swap.cluster}`),
        h('span', null, `by ${swap.by}`),
        h('span', { class: 'num' }, swap.startedAt),
        h('span', { class: 'num' }, swap.outcome === null ? `${swap.total} so far` : `took ${swap.total}`),
        h('code', { class: 'small' }, id),
        copyButton(id, 'swap id'),
      ),
      swap.reason !== null && h('p', null, h('span', { class: 'muted' }, 'Reason: '), swap.reason),
      swap.cancelNote !== null && h('p', null, swap.cancelNote),
    );
  }

  #actions({ id, again, back }: SwapScreenView, { canCancel }: SwapView): HTMLElement {
    const open = (label: string, dialog: Dialog, kind: string): HTMLElement =>
      button(label, () => act(this, { kind: 'open_dialog', dialog }), { class: kind });
    return h(
      'div',
      { class: 'actions push' },
      canCancel && open('Cancel swap…', { kind: 'cancel', swap: id }, 'danger'),
      again !== null && open('Run again…', { kind: 'swap', ...again }, 'secondary'),
      back !== null && open(`Back to ${back.model}…`, { kind: 'swap', ...back }, 'secondary'),
    );
  }

  #state(swap: SwapView): readonly Child[] {
    if (swap.outcome !== null) {
      const { mark, sentence, cause } = swap.outcome;
      return [
        h(
          'div',
          { class: `outcome tone-edge-${mark.tone}` },
          h('h2', { class: 'outcome-sentence' }, sentence),
          cause !== null && causePart(cause),
        ),
      ];
    }
    return [
      h('h2', { class: 'visually-hidden' }, 'Progress'),
      swap.progress !== null && progressPart(swap.progress),
      swap.pendingCause !== null &&
        h(
          'div',
          { class: 'outcome tone-edge-warn' },
          h('p', null, h('strong', null, 'Why it is going back')),
          causePart(swap.pendingCause),
        ),
    ];
  }
}

/** A path that names no screen. */
export const missingPart = (path: string): Child => [
  h('h1', { tabindex: '-1' }, 'No such page'),
  emptyPart(
    'Nothing is here',
    `There is no screen at ${path}.`,
    linkPart({ screen: 'overview' }, { class: 'button primary' }, 'To the overview'),
  ),
];
