import { type Action, act } from '../actions.ts';
import { type Child, h } from '../dom.ts';
import { ScDialog } from './dialog.ts';

export type Command = Readonly<{ label: string; hint: string; action: Action }>;
export type PaletteView = Readonly<{ commands: readonly Command[] }>;

const SHOWN = 12;

/** Ctrl-K: everything one can go to or do, by typing a part of its name. A combobox over a list box, as ARIA describes them. */
export class ScPalette extends ScDialog<PaletteView> {
  protected override readonly titleId = 'palette-title';
  #text = '';
  #chosen = 0;

  protected content(view: PaletteView): readonly Child[] {
    const found = this.#found(view);
    const input = h('input', {
      type: 'text',
      role: 'combobox',
      placeholder: 'Go to, swap to, cancel…',
      'aria-label': 'Command',
      'aria-expanded': 'true',
      'aria-controls': 'palette-list',
      'aria-activedescendant': found.length > 0 ? `palette-${this.#chosen}` : null,
      autocomplete: 'off',
      autofocus: true,
      on: { input: (event) => this.#onInput(event), keydown: (event) => event instanceof KeyboardEvent && this.#onKey(event) },
    });
    return [
      h('h2', { id: this.titleId, class: 'visually-hidden' }, 'Commands'),
      input,
      h(
        'ul',
        { id: 'palette-list', class: 'palette-list', role: 'listbox', 'aria-label': 'Commands' },
        ...found.map((command, at) => this.#option(command, at)),
      ),
      found.length === 0 && h('p', { class: 'muted', role: 'status' }, 'Nothing of that name.'),
    ];
  }

  #option(command: Command, at: number): HTMLElement {
    const isChosen = at === this.#chosen;
    return h(
      'li',
      { id: `palette-${at}`, role: 'option', 'aria-selected': String(isChosen), on: { click: () => this.#run(command) } },
      h('span', null, command.label),
      h('span', { class: 'muted small push' }, command.hint),
    );
  }

  #found({ commands }: PaletteView): readonly Command[] {
    const words = this.#text.toLowerCase().split(/\s+/);
    return commands.filter(({ label, hint }) => words.every((word) => `${label} ${hint}`.toLowerCase().includes(word))).slice(0, SHOWN);
  }

  #onInput({ target }: Event): void {
    if (!(target instanceof HTMLInputElement)) return;
    this.#text = target.value;
    this.#chosen = 0;
    this.redraw();
  }

  #onKey(event: KeyboardEvent): void {
    const found = this.view === undefined ? [] : this.#found(this.view);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const command = found[this.#chosen];
    if (step !== undefined && found.length > 0) {
      event.preventDefault();
      this.#chosen = (this.#chosen + step + found.length) % found.length;
      this.redraw();
    } else if (event.key === 'Enter' && command !== undefined) {
      event.preventDefault();
      this.#run(command);
    }
  }

  #run({ action }: Command): void {
    act(this, { kind: 'close_dialog' });
    // The palette is out of the page by now; what it opens must give focus back to what was there before.
    act(document, action);
  }
}
