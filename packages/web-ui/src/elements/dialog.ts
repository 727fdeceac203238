import { act } from '../actions.ts';
import type { Child } from '../dom.ts';
import { h } from '../dom.ts';
import { ScElement } from './element.ts';
import { button } from './parts.ts';

/** A modal dialog: open while it is in the page. Esc closes it, and focus goes back to where it came from. */
export abstract class ScDialog<V> extends ScElement<V> {
  #opener: Element | null = null;

  protected abstract content(view: V): readonly Child[];
  protected abstract readonly titleId: string;
  protected readonly width: 'narrow' | 'wide' = 'narrow';
  /** `closerequest`: a click beside it does not close it. */
  protected readonly closedBy: 'any' | 'closerequest' = 'any';

  override redraw(): void {
    const hadProblem = this.querySelector('.problem') !== null;
    super.redraw();
    // A refusal below the fold would be taken for nothing having happened.
    if (!hadProblem) this.querySelector('.problem')?.scrollIntoView?.({ block: 'nearest' });
  }

  protected draw(view: V): readonly Child[] {
    const onClose = (): void => act(this, { kind: 'close_dialog' });
    return [
      h(
        'dialog',
        { class: `dialog ${this.width}`, 'aria-labelledby': this.titleId, closedby: this.closedBy, on: { close: onClose } },
        ...this.content(view),
      ),
    ];
  }

  protected override connected(): void {
    this.#opener = document.activeElement;
    this.querySelector('dialog')?.showModal();
    // Where it asks for something, Enter is to answer it, and not to press the first button on the way there.
    this.querySelector<HTMLElement>('form :is(input, select, textarea)')?.focus();
  }

  protected override disconnected(): void {
    // A dialog taken out of the page while open does not give focus back by itself.
    if (this.#opener instanceof HTMLElement && this.#opener.isConnected) this.#opener.focus();
  }

  /** What leaves things as they are, then what the dialog is for; `aside` stands apart. */
  protected footer(keep: string, verb: Child = null, aside: Child = null): HTMLElement {
    return h(
      'footer',
      { key: 'foot', class: 'dialog-foot' },
      aside,
      h('span', { class: 'push' }),
      button(keep, () => this.close(), { class: 'secondary' }),
      verb,
    );
  }

  protected close(): void {
    this.querySelector('dialog')?.close();
  }
}
