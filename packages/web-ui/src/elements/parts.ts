import { act } from '../actions.ts';
import { type Child, h } from '../dom.ts';
import { pathOf, type Route } from '../router.ts';
import type { Mark } from '../view-models/mark.ts';
import { problemView } from '../view-models/problem.ts';
import type { Cause, Problem } from '../wire.ts';

/** Shape and word in the colour of the tone. The shape is for the eye only: the word says it. */
export const markPart = ({ tone, shape, word }: Mark): HTMLElement =>
  h('span', { class: `mark tone-${tone}` }, h('span', { class: 'shape', 'aria-hidden': 'true' }, shape), h('span', null, word));

/** The shape alone, with the word for those who listen. */
export const shapePart = ({ tone, shape, word }: Mark): HTMLElement =>
  h(
    'span',
    { class: `mark tone-${tone}` },
    h('span', { class: 'shape', 'aria-hidden': 'true' }, shape),
    h('span', { class: 'visually-hidden' }, word),
  );

export const linkPart = (route: Route, props: Readonly<Record<string, unknown>>, ...children: readonly Child[]): HTMLElement =>
  h('a', { href: pathOf(route), ...props }, ...children);

/** A refusal or failure: code, sentence, what is wrong where, remedy, request id. */
export function problemPart(problem: Problem): HTMLElement {
  const { code, sentence, remedy, issues, requestId, swap, lock } = problemView(problem);
  return h(
    'div',
    { class: 'problem', role: 'alert' },
    h('p', { class: 'problem-head' }, h('span', { 'aria-hidden': 'true' }, '✕ '), h('code', null, code), ' ', sentence),
    lock !== null && h('p', null, lock),
    issues.length > 0 && h('ul', null, ...issues.map((issue) => h('li', null, issue))),
    remedy !== null && h('p', null, remedy),
    swap !== null && h('p', null, linkPart({ screen: 'swap', id: swap }, {}, 'Open the swap in question')),
    requestId !== null && h('p', { class: 'muted small' }, 'Request ', h('code', null, requestId)),
  );
}

/** Why a swap did not end as asked, with the model server's last words. */
export function causePart(cause: Cause): HTMLElement {
  return h(
    'div',
    { class: 'cause' },
    h('p', null, h('code', null, cause.code), ' ', cause.message),
    cause.hint !== null && h('p', { class: 'hint' }, h('strong', null, 'What to do: '), cause.hint),
    cause.log_tail.length > 0 &&
      h(
        'details',
        { open: true },
        h('summary', null, 'Last lines of the log'),
        h('pre', { class: 'tail', tabindex: '0', 'aria-label': 'Last lines of the log' }, cause.log_tail.join('\n')),
      ),
  );
}

/** `busy`: its request is under way. It does nothing then, but it keeps the focus, which a disabled button loses. */
export function button(label: Child, onClick: (event: Event) => void, props: Readonly<Record<string, unknown>> = {}): HTMLElement {
  const { busy, ...others } = props;
  const isBusy = busy === true;
  const click = (event: Event): void => (isBusy ? event.preventDefault() : onClick(event));
  return h('button', { type: 'button', ...others, 'aria-disabled': isBusy ? 'true' : null, on: { click } }, label);
}

/** What stands where there is nothing: what it means, and the next step. */
export const emptyPart = (title: string, text: string, ...next: readonly Child[]): HTMLElement =>
  h('div', { class: 'empty' }, h('p', { class: 'empty-title' }, title), h('p', { class: 'muted' }, text), ...next);

export const copyButton = (text: string, what: string, label = 'Copy'): HTMLElement =>
  button(label, ({ currentTarget }) => currentTarget && act(currentTarget, { kind: 'copy', text, what }), {
    class: 'quiet',
    'aria-label': `${label} ${what}`,
  });

export const meterPart = (label: string, text: string, parts: readonly Readonly<{ name: string; percent: number }>[]): HTMLElement =>
  h(
    'div',
    { class: 'bar', role: 'img', 'aria-label': `${label}: ${text}` },
    ...parts.map(({ name, percent }) => h('span', { class: `bar-${name}`, vars: { '--share': `${percent}%` } })),
  );

/** `columns`: name and class of each; one whose name begins with a dot is for those who listen only. */
export const tablePart = (
  kind: string,
  caption: string,
  columns: readonly (readonly [name: string, kind: string])[],
  rows: readonly HTMLElement[],
): HTMLElement =>
  h(
    'table',
    { class: `card table ${kind}` },
    h('caption', { class: 'visually-hidden' }, caption),
    h(
      'thead',
      null,
      h(
        'tr',
        null,
        ...columns.map(([name, column]) =>
          h('th', { scope: 'col', class: column }, name.startsWith('.') ? h('span', { class: 'visually-hidden' }, name.slice(1)) : name),
        ),
      ),
    ),
    h('tbody', null, ...rows),
  );

/** A switch that shows what the server confirmed: until it has, it stays as it was. */
export const switchPart = (label: string, isOn: boolean, onChange: (isOn: boolean) => void): HTMLElement =>
  h('input', {
    type: 'checkbox',
    role: 'switch',
    'aria-label': label,
    prop: { checked: isOn },
    on: { change: ({ target }) => target instanceof HTMLInputElement && onChange(target.checked) },
  });

/** A list that could not be had, with a way to ask again. */
export const failedPart = (problem: Problem): HTMLElement =>
  h(
    'div',
    { key: 'problem', class: 'block' },
    problemPart(problem),
    h(
      'p',
      null,
      button('Try again', ({ currentTarget }) => currentTarget && act(currentTarget, { kind: 'reload_list' }), { class: 'secondary' }),
    ),
  );

export const morePart = (label: string): HTMLElement =>
  h(
    'p',
    { class: 'more' },
    button(label, ({ currentTarget }) => currentTarget && act(currentTarget, { kind: 'more_of_list' }), { class: 'secondary' }),
  );

/** Somebody else's page, in a tab of its own. */
export const outsideLink = (url: string | null, text: string): Child =>
  url === null ? text : h('a', { href: url, target: '_blank', rel: 'noopener noreferrer' }, text);

export const curlPart = (curl: string): HTMLElement =>
  h('div', { class: 'curl' }, h('pre', { tabindex: '0', 'aria-label': 'Command' }, curl), h('p', null, copyButton(curl, 'command')));

export const waitPart = (): HTMLElement => h('p', { class: 'muted' }, 'Loading…');

/** In place of a record: it is still being fetched, or there is none of that id. */
export const absentPart = (isKnown: boolean, title: string, ...next: readonly Child[]): HTMLElement =>
  isKnown ? emptyPart(title, 'It may have been removed.', ...next) : waitPart();
