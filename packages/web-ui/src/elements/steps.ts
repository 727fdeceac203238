import { h } from '../dom.ts';
import type { ProgressView, StepView } from '../view-models/swap.ts';

/** The timeline of a swap: one line for each step, the present one marked for assistive technology too. */
export const stepsPart = (steps: readonly StepView[]): HTMLElement =>
  h('ol', { class: 'steps', 'aria-label': 'Steps' }, ...steps.map(stepPart));

function stepPart({ key, mark, name, time, note, current }: StepView): HTMLElement {
  return h(
    'li',
    { key, class: `step${current ? ' current' : ''}`, 'aria-current': current ? 'step' : null },
    h('span', { class: `shape tone-${mark.tone}`, 'aria-hidden': 'true' }, mark.tone === 'ok' ? '✓' : mark.shape),
    h('span', { class: 'step-name' }, name, h('span', { class: 'visually-hidden' }, `, ${mark.word}`)),
    h('span', { class: 'step-time num' }, time),
    h('span', { class: 'step-note muted' }, mark.word === 'skipped' && note === '' ? 'skipped' : note),
  );
}

export const progressPart = ({ percent, label, elapsed, expected, left }: ProgressView): HTMLElement =>
  h(
    'div',
    { class: 'progress' },
    h('p', { class: 'progress-line' }, h('strong', null, label), h('span', { class: 'push num' }, `${percent} %`)),
    h('progress', { max: '100', value: String(percent), 'aria-label': 'Progress' }),
    h(
      'p',
      { class: 'progress-line muted' },
      h('span', { class: 'num' }, `elapsed ${elapsed}`),
      h('span', { class: 'num' }, expected),
      left !== '' && h('span', { class: 'push num' }, left),
    ),
  );
