import { act } from '../../actions.ts';
import { type Child, h } from '../../dom.ts';
import { ScElement } from '../../elements/element.ts';
import { button, problemPart } from '../../elements/parts.ts';
import { plural } from '../../view-models/format.ts';
import type { VllmFlag } from '../../wire.ts';
import { type Draft, draftsOf, hintOf, issueOf, type KnobsView, knobsOf } from '../view-models/knobs.ts';

/** The flags and variables of a model, to be edited. What the reader typed stays until it is saved, given up, or the entry is another one. */
export class ScKnobs extends ScElement<KnobsView> {
  #flags: readonly Draft[] | null = null;
  #env: readonly Draft[] | null = null;
  /** The entry that the drafts were made of. */
  #base = '';
  #wasBusy = false;

  override redraw(): void {
    const { view } = this;
    if (view !== undefined && baseOf(view) !== this.#base) {
      this.#base = baseOf(view);
      this.#flags = null;
      this.#env = null;
    }
    super.redraw();
    const isRefused = this.#wasBusy && view?.request.problem != null;
    this.#wasBusy = view?.request.busy ?? false;
    if (isRefused) this.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }

  protected draw(view: KnobsView): readonly Child[] {
    const { request, newer } = view;
    const flags = this.#flags ?? draftsOf(view.model.flags);
    const env = this.#env ?? draftsOf(view.model.env);
    const isEdited = this.#flags !== null || this.#env !== null;
    return [
      h('h2', null, 'Flags'),
      h(
        'form',
        { class: 'knobs', on: { submit: (event) => this.#save(event, flags, env, view.revision) } },
        ...flags.map((draft, at) => this.#flag(draft, at, flags)),
        this.#adder(flags),
        h('h3', null, 'Environment'),
        ...env.map((draft, at) => this.#variable(draft, at, env)),
        h(
          'p',
          { class: 'stack' },
          h(
            'span',
            null,
            button('Add a variable', () => this.#addVariable(env), { class: 'secondary' }),
          ),
          h(
            'span',
            { class: 'muted small' },
            'Secrets do not belong here: from_env:NAME takes the value from the environment of Spark Control.',
          ),
        ),
        refusalPart(view, [...flags.map(({ name }) => `/flags/${name}`), ...env.map(({ name }) => `/env/${name}`)]),
        newer !== null && this.#conflict(newer, flags, env),
        h(
          'p',
          { class: 'actions' },
          h(
            'button',
            { type: 'submit', class: 'primary', 'aria-disabled': isEdited && !request.busy ? null : 'true' },
            request.busy ? 'Saving…' : 'Save',
          ),
          isEdited && button('Discard the changes', () => this.#reset(), { class: 'secondary' }),
        ),
      ),
    ];
  }

  /** Nothing that was typed is lost because somebody else was quicker. */
  #conflict(revision: number, flags: readonly Draft[], env: readonly Draft[]): HTMLElement {
    return h(
      'p',
      { class: 'actions' },
      button('Show what is there now', () => act(this, { kind: 'reload_list' }), { class: 'secondary' }),
      button('Save mine over it', (event) => this.#save(event, flags, env, revision), { class: 'danger' }),
    );
  }

  #flag(draft: Draft, at: number, flags: readonly Draft[]): HTMLElement {
    const spec = this.view?.flags.find(({ name }) => name === draft.name);
    const issue = this.view === undefined ? null : issueOf(this.view.request, `/flags/${draft.name}`);
    const set = (text: string): void => this.#setFlags(flags.map((one, index) => (index === at ? { ...one, text } : one)));
    return h(
      'div',
      { key: `flag ${draft.name}`, class: 'knob' },
      h('label', null, h('code', null, `--${draft.name}`), fieldFor(draft, spec, issue, set)),
      button(
        'Remove',
        () =>
          this.#setFlags(
            flags.filter((_, index) => index !== at),
            'select[name="add-flag"]',
          ),
        {
          class: 'quiet',
          'aria-label': `Remove --${draft.name}`,
        },
      ),
      spec !== undefined && h('p', { class: 'muted small' }, hintOf(spec)),
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
      const name = target.value;
      target.value = '';
      this.#setFlags([...flags, { name, text }]);
      this.querySelector<HTMLElement>(`[name="${CSS.escape(name)}"]`)?.focus();
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
        type: 'text',
        'aria-label': 'Name',
        prop: { value: draft.name },
        autocomplete: 'off',
        spellcheck: 'false',
        on: { input: onInput('name') },
      }),
      h('input', {
        type: 'text',
        'aria-label': `Value of ${draft.name}`,
        prop: { value: draft.text },
        autocomplete: 'off',
        on: { input: onInput('text') },
      }),
      button(
        'Remove',
        () =>
          this.#setEnv(
            env.filter((_, index) => index !== at),
            'select[name="add-flag"]',
          ),
        {
          class: 'quiet',
          'aria-label': `Remove ${draft.name}`,
        },
      ),
      issue !== null && h('p', { class: 'small tone-bad', role: 'alert' }, '✕ ', issue),
    );
  }

  #addVariable(env: readonly Draft[]): void {
    this.#setEnv([...env, { name: '', text: '' }]);
    [...this.querySelectorAll<HTMLElement>('.variable')].at(-1)?.querySelector('input')?.focus();
  }

  /** `next`: takes the focus of a button that goes with what it removed. */
  #setFlags(flags: readonly Draft[], next: string | null = null): void {
    this.#flags = flags;
    this.#redrawTo(next);
  }

  #setEnv(env: readonly Draft[], next: string | null = null): void {
    this.#env = env;
    this.#redrawTo(next);
  }

  #redrawTo(next: string | null): void {
    this.redraw();
    if (next !== null) this.querySelector<HTMLElement>(next)?.focus();
  }

  #reset(): void {
    this.#flags = null;
    this.#env = null;
    this.#redrawTo('button[type="submit"]');
  }

  #save(event: Event, flags: readonly Draft[], env: readonly Draft[], revision: number): void {
    event.preventDefault();
    const view = this.view;
    if (view === undefined || view.request.busy || (this.#flags === null && this.#env === null)) return;
    const body = knobsOf(flags, env, view.flags);
    act(this, { kind: 'manage', action: { kind: 'save_knobs', model: view.model.key, revision, body } });
  }
}

const baseOf = ({ model }: KnobsView): string => JSON.stringify([model.key, model.flags, model.env]);

/** What is said beside its field needs no second place. */
function refusalPart({ request }: KnobsView, shown: readonly string[]): Child {
  const { problem } = request;
  if (problem === null) return null;
  const issues = problem.issues ?? [];
  if (issues.length === 0 || issues.some(({ path }) => !shown.includes(path))) return problemPart(problem);
  return h('p', { class: 'tone-bad' }, `✕ Not saved: look at ${plural(issues.length, 'field')} above.`);
}

function fieldFor(draft: Draft, spec: VllmFlag | undefined, issue: string | null, set: (text: string) => void): HTMLElement {
  const onInput = ({ target }: Event): void => {
    if (target instanceof HTMLInputElement || target instanceof HTMLSelectElement || target instanceof HTMLTextAreaElement)
      set(target.value);
  };
  const common = { name: draft.name, prop: { value: draft.text }, 'aria-invalid': issue === null ? null : 'true', on: { input: onInput } };
  if (spec?.type === 'boolean' || (spec?.type === 'choice' && !spec.open)) {
    const known = spec.type === 'boolean' ? ['true', 'false'] : (spec.values ?? []);
    // A value that is none of them must not look like the first of them.
    const values = known.includes(draft.text) ? known : [draft.text, ...known];
    return h('select', common, ...values.map((value) => h('option', { value, selected: value === draft.text }, value)));
  }
  if (spec?.type === 'json' || spec?.type === 'level_or_json' || spec?.type === 'words') {
    return h('textarea', { rows: '2', spellcheck: 'false', ...common }, draft.text);
  }
  const isNumber = spec?.type === 'integer' || spec?.type === 'number';
  return h('input', { type: 'text', inputmode: isNumber ? 'decimal' : 'text', autocomplete: 'off', spellcheck: 'false', ...common });
}
