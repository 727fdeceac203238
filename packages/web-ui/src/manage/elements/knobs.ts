import { act } from '../../actions.ts';
import { type Child, h } from '../../dom.ts';
import { ScElement } from '../../elements/element.ts';
import { button, problemPart } from '../../elements/parts.ts';
import type { VllmFlag } from '../../wire.ts';
import { type Draft, draftsOf, hintOf, issueOf, type KnobsView, knobsOf } from '../view-models/knobs.ts';

/** The flags and variables of a model, to be edited. What the reader typed stays until it is saved or given up: another revision is another element. */
export class ScKnobs extends ScElement<KnobsView> {
  #flags: readonly Draft[] | null = null;
  #env: readonly Draft[] | null = null;

  protected draw(view: KnobsView): readonly Child[] {
    const { request } = view;
    const flags = this.#flags ?? draftsOf(view.model.flags);
    const env = this.#env ?? draftsOf(view.model.env);
    const isEdited = this.#flags !== null || this.#env !== null;
    return [
      h('h2', null, 'Knobs'),
      h(
        'form',
        { class: 'knobs', on: { submit: (event) => this.#save(event, flags, env) } },
        ...flags.map((draft, at) => this.#flag(draft, at, flags)),
        this.#adder(flags),
        h('h3', null, 'Environment'),
        ...env.map((draft, at) => this.#variable(draft, at, env)),
        h(
          'p',
          null,
          button('Add a variable', () => this.#setEnv([...env, { name: '', text: '' }]), { class: 'quiet' }),
          h('span', { class: 'muted small' }, ' A secret: from_env:NAME takes it from the environment of Spark Control.'),
        ),
        request.problem !== null && problemPart(request.problem),
        h(
          'p',
          { class: 'actions' },
          h('button', { type: 'submit', class: 'primary', disabled: request.busy || !isEdited }, request.busy ? 'Saving…' : 'Save'),
          isEdited && button('Give it up', () => this.#reset(), { class: 'secondary' }),
        ),
      ),
    ];
  }

  #flag(draft: Draft, at: number, flags: readonly Draft[]): HTMLElement {
    const spec = this.view?.flags.find(({ name }) => name === draft.name);
    const issue = this.view === undefined ? null : issueOf(this.view.request, `/flags/${draft.name}`);
    const set = (text: string): void => this.#setFlags(flags.map((one, index) => (index === at ? { ...one, text } : one)));
    return h(
      'div',
      { key: `flag ${draft.name}`, class: 'knob' },
      h('label', null, h('code', null, `--${draft.name}`), fieldFor(draft, spec, issue, set)),
      button('Remove', () => this.#setFlags(flags.filter((_, index) => index !== at)), {
        class: 'quiet',
        'aria-label': `Remove --${draft.name}`,
      }),
      spec !== undefined && h('p', { class: 'muted small' }, [spec.description, hintOf(spec)].filter((text) => text !== '').join(' ')),
      spec?.danger != null && h('p', { class: 'small tone-warn' }, '▲ ', spec.danger),
      issue !== null && h('p', { class: 'small tone-bad', role: 'alert' }, '✕ ', issue),
    );
  }

  #adder(flags: readonly Draft[]): HTMLElement {
    const free = (this.view?.flags ?? []).filter(({ name, managed }) => managed === null && !flags.some((one) => one.name === name));
    const onChange = ({ target }: Event): void => {
      if (!(target instanceof HTMLSelectElement) || target.value === '') return;
      const spec = free.find(({ name }) => name === target.value);
      const text = spec?.type === 'boolean' ? 'true' : (spec?.values?.[0] ?? '');
      this.#setFlags([...flags, { name: target.value, text }]);
      target.value = '';
    };
    const groups = [...new Set(free.map(({ group }) => group))];
    return h(
      'label',
      { class: 'field row' },
      h('span', null, 'Add a flag'),
      h(
        'select',
        { name: 'add-flag', on: { change: onChange } },
        h('option', { value: '' }, 'choose…'),
        ...groups.map((group) =>
          h(
            'optgroup',
            { label: group },
            ...free.filter((one) => one.group === group).map(({ name }) => h('option', { value: name }, `--${name}`)),
          ),
        ),
      ),
    );
  }

  #variable(draft: Draft, at: number, env: readonly Draft[]): HTMLElement {
    const set = (change: Partial<Draft>): void => this.#setEnv(env.map((one, index) => (index === at ? { ...one, ...change } : one)));
    const onInput =
      (field: keyof Draft) =>
      ({ target }: Event): void => {
        if (target instanceof HTMLInputElement) set({ [field]: target.value });
      };
    const issue = this.view === undefined ? null : issueOf(this.view.request, `/env/${draft.name}`);
    return h(
      'div',
      { key: `env ${at}`, class: 'knob variable' },
      h('input', {
        'aria-label': 'Name',
        prop: { value: draft.name },
        autocomplete: 'off',
        spellcheck: 'false',
        on: { input: onInput('name') },
      }),
      h('input', {
        'aria-label': `Value of ${draft.name}`,
        prop: { value: draft.text },
        autocomplete: 'off',
        on: { input: onInput('text') },
      }),
      button('Remove', () => this.#setEnv(env.filter((_, index) => index !== at)), {
        class: 'quiet',
        'aria-label': `Remove ${draft.name}`,
      }),
      issue !== null && h('p', { class: 'small tone-bad', role: 'alert' }, '✕ ', issue),
    );
  }

  #setFlags(flags: readonly Draft[]): void {
    this.#flags = flags;
    this.redraw();
  }

  #setEnv(env: readonly Draft[]): void {
    this.#env = env;
    this.redraw();
  }

  #reset(): void {
    this.#flags = null;
    this.#env = null;
    this.redraw();
  }

  #save(event: Event, flags: readonly Draft[], env: readonly Draft[]): void {
    event.preventDefault();
    const view = this.view;
    if (view === undefined) return;
    const body = knobsOf(flags, env, view.flags);
    act(this, { kind: 'manage', action: { kind: 'save_knobs', model: view.model.key, revision: view.revision, body } });
  }
}

function fieldFor(draft: Draft, spec: VllmFlag | undefined, issue: string | null, set: (text: string) => void): HTMLElement {
  const onInput = ({ target }: Event): void => {
    if (target instanceof HTMLInputElement || target instanceof HTMLSelectElement || target instanceof HTMLTextAreaElement)
      set(target.value);
  };
  const common = { prop: { value: draft.text }, 'aria-invalid': issue === null ? null : 'true', on: { input: onInput } };
  if (spec?.type === 'boolean' || (spec?.type === 'choice' && !spec.open)) {
    const values = spec.type === 'boolean' ? ['true', 'false'] : (spec.values ?? []);
    return h('select', common, ...values.map((value) => h('option', { value, selected: value === draft.text }, value)));
  }
  if (spec?.type === 'json' || spec?.type === 'level_or_json' || spec?.type === 'words') {
    return h('textarea', { rows: '2', spellcheck: 'false', ...common }, draft.text);
  }
  const isNumber = spec?.type === 'integer' || spec?.type === 'number';
  return h('input', { type: 'text', inputmode: isNumber ? 'decimal' : 'text', autocomplete: 'off', spellcheck: 'false', ...common });
}
