import type { Child } from '../dom.ts';
import { morph } from '../morph.ts';

/**
 * A custom element in the light DOM that draws `view`. What is drawn replaces what was there before by
 * {@link morph}: nodes stay, so focus and scroll position stay too.
 */
export abstract class ScElement<V> extends HTMLElement {
  #view: V | undefined;
  #life: AbortController | null = null;

  get view(): V | undefined {
    return this.#view;
  }

  set view(view: V) {
    // A view that is made once and kept says by being the same that there is nothing to draw.
    const isSame = view === this.#view && typeof view === 'object';
    this.#view = view;
    if (this.isConnected && !isSame) this.redraw();
  }

  connectedCallback(): void {
    this.#life = new AbortController();
    this.redraw();
    this.connected(this.#life.signal);
  }

  disconnectedCallback(): void {
    this.#life?.abort();
    this.#life = null;
    this.disconnected();
  }

  redraw(): void {
    if (this.#view !== undefined) morph(this, this.draw(this.#view));
  }

  protected abstract draw(view: V): readonly Child[];

  /** For listeners beyond the element itself; `signal` aborts when it leaves the page. */
  protected connected(_signal: AbortSignal): void {}

  protected disconnected(): void {}
}
