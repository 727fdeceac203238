import { act } from '../actions.ts';
import { type Child, h } from '../dom.ts';
import type { Toast } from '../state.ts';
import { ScElement } from './element.ts';
import { button } from './parts.ts';

const SHOWN_MS = 6_000;

/** Short notes on what just happened. They go by themselves, later while the pointer or the focus is on them. */
export class ScToasts extends ScElement<readonly Toast[]> {
  readonly #timers = new Map<number, ReturnType<typeof setTimeout>>();

  protected draw(toasts: readonly Toast[]): readonly Child[] {
    for (const { id } of toasts) if (!this.#timers.has(id)) this.#expire(id);
    return [h('ul', { class: 'toasts', role: 'status' }, ...toasts.map((toast) => this.#toast(toast)))];
  }

  #toast({ id, tone, text }: Toast): HTMLElement {
    return h(
      'li',
      { key: String(id), class: `toast tone-edge-${tone}` },
      h('span', { 'aria-hidden': 'true', class: `tone-${tone}` }, tone === 'ok' ? '● ' : '✕ '),
      text,
      button('×', () => act(this, { kind: 'dismiss_toast', id }), { class: 'quiet push', 'aria-label': 'Dismiss' }),
    );
  }

  #expire(id: number): void {
    const timer = setTimeout(() => {
      if (this.matches(':hover, :focus-within')) return this.#expire(id);
      this.#timers.delete(id);
      act(this, { kind: 'dismiss_toast', id });
    }, SHOWN_MS);
    this.#timers.set(id, timer);
  }

  protected override disconnected(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }
}
