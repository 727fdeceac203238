import { h } from '../dom.ts';
import type { SwapForm } from '../view-models/curl.ts';

/** Fields keep what the reader typed: a redraw sets their first value only. */
export function numberField(name: string, label: string, unit: string, value: number, min: number, max: number): HTMLElement {
  const input = h('input', {
    type: 'number',
    name,
    value: String(value),
    min: String(min),
    max: String(max),
    step: '1',
    required: true,
    inputmode: 'numeric',
  });
  return h(
    'label',
    { key: name, class: 'field row' },
    h('span', null, label),
    h('span', { class: 'with-unit' }, input, h('span', { class: 'muted small' }, unit)),
  );
}

export const toggleField = (name: string, label: string, hint: string, checked: boolean): HTMLElement =>
  h(
    'label',
    { key: name, class: 'field toggle' },
    h('input', { type: 'checkbox', name, checked }),
    h('span', null, h('span', null, label), h('span', { class: 'muted small field-hint' }, hint)),
  );

export const field = (name: string, label: string, placeholder: string): HTMLElement =>
  h(
    'label',
    { key: name, class: 'field' },
    h('span', null, label),
    h('input', { type: 'text', name, maxlength: '500', placeholder, autocomplete: 'off' }),
  );

/** Reads the form; a field that is not shown has its default. */
export function readForm(form: HTMLFormElement): SwapForm {
  const input = (name: string): HTMLInputElement | null => form.querySelector(`input[name="${name}"]`);
  const seconds = input('drain')?.valueAsNumber ?? Number.NaN;
  return {
    drainSeconds: Number.isInteger(seconds) ? seconds : 30,
    rollback: input('rollback')?.checked ?? true,
    replaceUnmanaged: input('replace')?.checked ?? false,
    forceRestart: input('force')?.checked ?? false,
    queue: input('queue')?.checked ?? false,
    reason: input('reason')?.value.trim() ?? '',
  };
}
