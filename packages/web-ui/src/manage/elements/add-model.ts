import { act } from '../../actions.ts';
import { type Child, h } from '../../dom.ts';
import { ScElement } from '../../elements/element.ts';
import { problemPart } from '../../elements/parts.ts';
import { field } from '../../elements/swap-form.ts';
import { plural } from '../../view-models/format.ts';
import type { CreateModel, ParsedCommand, Problem } from '../../wire.ts';
import { issueOf } from '../view-models/knobs.ts';
import type { AddModelView } from '../view-models/model.ts';

/** Adds a model to the catalog: from a few fields, or from a command that was pasted. */
export class ScAddModel extends ScElement<AddModelView> {
  #wasBusy = false;

  override redraw(): void {
    super.redraw();
    const { request } = this.view ?? {};
    const isRefused = this.#wasBusy && request?.problem != null;
    this.#wasBusy = request?.busy ?? false;
    if (isRefused) this.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }

  protected draw(view: AddModelView): readonly Child[] {
    const { parsed, parsing, parseProblem, request } = view;
    const entry = parsed?.entry ?? null;
    return [
      h('div', { class: 'screen-head' }, h('h1', { tabindex: '-1' }, 'Add a model')),
      h(
        'div',
        { class: 'swap-columns' },
        h(
          'section',
          { class: 'card', 'aria-label': 'From a command' },
          h('h2', null, 'From a command'),
          h('p', { class: 'muted' }, 'Paste a "docker run" or "vllm serve" line that works; nothing of it is run.'),
          h(
            'form',
            { class: 'swap-form', on: { submit: (event) => this.#parse(event) } },
            h(
              'label',
              { class: 'field' },
              h('span', null, 'Command'),
              h('textarea', { name: 'command', rows: '8', spellcheck: 'false', required: true }),
            ),
            h(
              'p',
              null,
              h(
                'button',
                { type: 'submit', class: 'secondary', 'aria-disabled': parsing ? 'true' : null },
                parsing ? 'Reading…' : 'Read it',
              ),
            ),
          ),
          parseProblem !== null && problemPart(parseProblem),
          parsed !== null && foundPart(parsed),
        ),
        h(
          'section',
          { class: 'card', 'aria-label': 'Entry' },
          h('h2', null, 'Entry'),
          h(
            'form',
            { key: JSON.stringify(entry), class: 'swap-form', on: { submit: (event) => this.#create(event, entry) } },
            ...FIELDS.map(([name, label, hint]) => this.#field(name, label, hint, entry)),
            h(
              'p',
              { class: 'muted small' },
              'Exactly one of repository and path. Flags are edited once the entry is there; those of the command come with it.',
            ),
            this.#refusal(request.problem),
            h(
              'p',
              null,
              h(
                'button',
                { type: 'submit', class: 'primary', 'aria-disabled': request.busy ? 'true' : null },
                request.busy ? 'Adding…' : 'Add it',
              ),
            ),
          ),
        ),
      ),
    ];
  }

  /** What is said beside its field needs no second place. */
  #refusal(problem: Problem | null): Child {
    if (problem === null) return null;
    const issues = problem.issues ?? [];
    const isShown = issues.length > 0 && issues.every(({ path }) => FIELDS.some(([name]) => path === `/${name}`));
    return isShown ? h('p', { class: 'tone-bad', role: 'alert' }, '✕ Not added: look at what is marked above.') : problemPart(problem);
  }

  #field(name: (typeof FIELDS)[number][0], label: string, hint: string, entry: ParsedCommand['entry'] | null): HTMLElement {
    const value = entry?.[name];
    const issue = this.view === undefined ? null : issueOf(this.view.request, `/${name}`);
    const props = { value: value === null || value === undefined ? '' : String(value), required: name === 'key', spellcheck: 'false' };
    return h(
      'div',
      { key: name },
      field(name, label, hint, { ...props, 'aria-invalid': issue === null ? null : 'true' }),
      issue !== null && h('p', { class: 'small tone-bad' }, '✕ ', issue),
    );
  }

  #parse(event: Event): void {
    event.preventDefault();
    const command = this.querySelector('textarea')?.value ?? '';
    act(this, { kind: 'manage', action: { kind: 'parse_command', command } });
  }

  #create(event: Event, parsed: ParsedCommand['entry'] | null): void {
    event.preventDefault();
    const form = event.currentTarget instanceof HTMLFormElement ? event.currentTarget : this.querySelectorAll('form')[1];
    if (form?.reportValidity() !== true) return;
    const value = (name: string): string => form.querySelector<HTMLInputElement>(`input[name="${name}"]`)?.value.trim() ?? '';
    const typed = FIELDS.flatMap(([name]) =>
      value(name) === '' ? [] : [[name, name === 'nodes' ? Number(value(name)) : value(name)] as const],
    );
    // The fields say what the entry is; only what has no field is taken from the command.
    const { flags, extra_args, env } = parsed ?? {};
    const rest = { ...(flags != null && { flags }), ...(extra_args != null && { extra_args }), ...(env != null && { env }) };
    act(this, { kind: 'manage', action: { kind: 'create_model', body: { ...rest, ...Object.fromEntries(typed) } as CreateModel } });
  }
}

const FIELDS = [
  ['key', 'Key', 'qwen3-32b'],
  ['name', 'Name', 'what people read'],
  ['repo', 'Repository', 'organisation/name'],
  ['local_path', 'Path on the hosts', '/models/my-model'],
  ['served_model_name', 'Served as', 'the key'],
  ['image', 'Image', "the cluster's"],
  ['nodes', 'Hosts it spans', '1'],
  ['description', 'What it is good at', ''],
] as const;

const foundPart = ({ entry, dropped, warnings, issues }: ParsedCommand): Child => [
  h(
    'p',
    null,
    'Found: ',
    h('code', null, entry.repo ?? entry.local_path ?? 'no model'),
    `, ${plural(Object.keys(entry.flags ?? {}).length, 'flag')}, ${plural(Object.keys(entry.env ?? {}).length, 'variable')}. Look through the entry, then add it.`,
  ),
  issues.length > 0 &&
    h('ul', { class: 'callout tone-edge-bad' }, ...issues.map(({ path, message }) => h('li', null, h('code', null, path), ` ${message}`))),
  warnings.length > 0 && h('ul', { class: 'callout tone-edge-warn' }, ...warnings.map((text) => h('li', null, text))),
  dropped.length > 0 &&
    h(
      'details',
      null,
      h('summary', null, `${dropped.length} left out`),
      h('ul', { class: 'consequences small' }, ...dropped.map(({ words, reason }) => h('li', null, h('code', null, words), ` ${reason}`))),
    ),
];
