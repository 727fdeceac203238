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

export const field = (name: string, label: string, placeholder: string, props: Readonly<Record<string, unknown>> = {}): HTMLElement =>
  h(
    'label',
    { key: name, class: 'field' },
    h('span', null, label),
    h('input', { type: 'text', name, maxlength: '500', placeholder, autocomplete: 'off', ...props }),
  );

/** Reads the form; a field that is not shown has its default. */
export function readForm(form: HTMLFormElement): SwapForm {
  const input = (name: string): HTMLInputElement | null => form.querySelector(`input[name="${name}"]`);
  const whole = (name: string): number | null => {
    const value = input(name)?.valueAsNumber ?? Number.NaN;
    return Number.isInteger(value) ? value : null;
  };
  return {
    drainSeconds: whole('drain') ?? 30,
    rollback: input('rollback')?.checked ?? true,
    replaceUnmanaged: input('replace')?.checked ?? false,
    forceRestart: input('force')?.checked ?? false,
    queue: input('queue')?.checked ?? false,
    queueMinutes: whole('queue_minutes'),
    reason: input('reason')?.value.trim() ?? '',
  };
}
