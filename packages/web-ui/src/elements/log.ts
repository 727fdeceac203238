import { h } from '../dom.ts';
import { plural } from '../view-models/format.ts';
import { emptyLog, LOG_CAP, type LogBuffer, levelOf, lineFilter, logText, plainLine } from '../view-models/log-buffer.ts';
import type { LogLine } from '../wire.ts';
import { button } from './parts.ts';

export type LogView = Readonly<{ buffer: LogBuffer; of: 'swap' | 'operation'; id: string; isOver: boolean }>;

/** So near to the end counts as being there. */
const FOLLOW_PX = 40;

/**
 * The live log. Unlike the other elements it only ever adds lines: redrawing two thousand of them for each new one
 * would be felt. It follows the end until the reader scrolls up.
 */
export class ScLog extends HTMLElement {
  #view: LogView = { buffer: emptyLog, of: 'swap', id: '', isOver: false };
  #lastSeq = 0;
  #follows = true;
  #filterText = '';
  #matches = lineFilter('');
  readonly #body = h('div', { class: 'log-body', role: 'log', 'aria-live': 'off', 'aria-label': 'Log', tabindex: '0' });
  readonly #count = h('span', { class: 'muted small num' });
  readonly #jump = button('↓ Jump to now', () => this.#toEnd(), { class: 'jump', hidden: true });

  set view(view: LogView) {
    if (view.id !== this.#view.id) this.#restart();
    this.#view = view;
    if (this.isConnected) this.#append();
  }

  connectedCallback(): void {
    if (this.firstChild === null) this.#build();
    this.#append();
  }

  #build(): void {
    const filter = h('input', {
      type: 'search',
      placeholder: 'Filter or /regex/',
      'aria-label': 'Filter log lines',
      'data-filter': true,
      autocomplete: 'off',
    });
    filter.addEventListener('input', () => {
      this.#filterText = filter.value;
      this.#matches = lineFilter(filter.value);
      this.#refill();
    });
    this.#body.addEventListener('scroll', () => this.#onScroll());
    this.append(
      h(
        'header',
        { class: 'log-head' },
        h('h2', null, 'Log'),
        this.#count,
        filter,
        this.#toggle('Wrap', 'wrap'),
        this.#announceButton(),
        button('Download', () => this.#download(), { class: 'quiet' }),
      ),
      h('div', { class: 'log-frame' }, this.#body, this.#jump),
    );
  }

  #toggle(label: string, name: string): HTMLElement {
    const stored = localStorage.getItem(`sc.log.${name}`) !== 'off';
    const show = (on: boolean): void => {
      this.#body.classList.toggle(name, on);
      toggle.setAttribute('aria-pressed', String(on));
    };
    const toggle = button(
      label,
      () => {
        const on = toggle.getAttribute('aria-pressed') !== 'true';
        localStorage.setItem(`sc.log.${name}`, on ? 'on' : 'off');
        show(on);
      },
      { class: 'quiet' },
    );
    show(stored);
    return toggle;
  }

  /** A log that is read out line by line drowns everything else, so that is off until asked for. */
  #announceButton(): HTMLElement {
    const toggle = button(
      'Announce',
      () => {
        const on = toggle.getAttribute('aria-pressed') !== 'true';
        toggle.setAttribute('aria-pressed', String(on));
        this.#body.setAttribute('aria-live', on ? 'polite' : 'off');
      },
      { class: 'quiet', 'aria-pressed': 'false' },
    );
    return toggle;
  }

  #restart(): void {
    this.#lastSeq = 0;
    this.#follows = true;
    this.#body.replaceChildren();
  }

  #refill(): void {
    this.#lastSeq = 0;
    this.#body.replaceChildren();
    this.#append();
  }

  #append(): void {
    const { lines, dropped } = this.#view.buffer;
    const fresh = lines.filter(({ seq }) => seq > this.#lastSeq);
    this.#lastSeq = lines.at(-1)?.seq ?? this.#lastSeq;
    const shown = fresh.filter(({ line }) => this.#matches(line)).map(lineRow);
    this.#body.querySelector('.log-empty')?.remove();
    this.#body.append(...shown);
    while (this.#body.childElementCount > LOG_CAP) this.#body.firstElementChild?.remove();
    if (this.#body.childElementCount === 0) this.#body.append(h('p', { class: 'log-empty muted' }, this.#emptyText(lines.length)));
    this.#count.textContent =
      dropped > 0 ? `newest ${lines.length} lines, ${dropped} older ones not kept here` : plural(lines.length, 'line');
    if (this.#follows && shown.length > 0) this.#body.scrollTop = this.#body.scrollHeight;
  }

  #emptyText(total: number): string {
    if (total > 0) return `No line matches “${this.#filterText}”.`;
    const { of, isOver } = this.#view;
    if (of === 'operation') return isOver ? 'It wrote nothing, or its log is not kept any more.' : 'No line yet.';
    return isOver
      ? 'No log of this swap is kept any more; the last lines are with its outcome.'
      : 'No line yet. The model server writes its first ones once it starts.';
  }

  #onScroll(): void {
    const { scrollHeight, scrollTop, clientHeight } = this.#body;
    this.#follows = scrollHeight - scrollTop - clientHeight <= FOLLOW_PX;
    this.#jump.toggleAttribute('hidden', this.#follows);
  }

  #toEnd(): void {
    this.#follows = true;
    this.#body.scrollTop = this.#body.scrollHeight;
    this.#jump.toggleAttribute('hidden', true);
    this.#body.focus();
  }

  #download(): void {
    const url = URL.createObjectURL(new Blob([logText(this.#view.buffer.lines)], { type: 'text/plain' }));
    const link = h('a', { href: url, download: `${this.#view.id}.log` });
    link.click();
    URL.revokeObjectURL(url);
  }
}

function lineRow({ at, host, line }: LogLine): HTMLElement {
  const text = plainLine(line);
  return h(
    'div',
    { class: `log-line level-${levelOf(text)}` },
    h('span', { class: 'log-at' }, at.slice(11, 19)),
    h('span', { class: 'log-host' }, host),
    h('span', { class: 'log-text' }, text),
  );
}
