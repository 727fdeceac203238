import { act } from '../../actions.ts';
import { type Child, h } from '../../dom.ts';
import { ScDialog } from '../../elements/dialog.ts';
import { button, problemPart, waitPart } from '../../elements/parts.ts';
import { field, toggleField } from '../../elements/swap-form.ts';
import { type NimDialogView, type NimForm, nimBody, nimNote } from '../view-models/nim.ts';

/** Installs a NIM container: which image, where, with what key, and whether it becomes a service here. */
export class ScNimDialog extends ScDialog<NimDialogView> {
  protected override readonly titleId = 'nim-dialog-title';
  // A key that was pasted must not be lost by a stray click.
  protected override readonly closedBy = 'closerequest';

  override redraw(): void {
    const isFirst = this.querySelector('select') === null;
    super.redraw();
    if (isFirst) this.querySelector('select')?.focus();
  }

  protected content({ images, loading, problem, hosts, request }: NimDialogView): readonly Child[] {
    const repository = this.#value('repository', images[0]?.repository ?? '');
    const known = images.find((one) => one.repository === repository);
    return [
      h(
        'header',
        null,
        h('h2', { id: this.titleId }, 'Install a NIM'),
        h('p', { class: 'muted' }, 'A model server of NVIDIA in a container of its own'),
      ),
      loading && waitPart(),
      problem !== null && problemPart(problem),
      !loading &&
        h(
          'form',
          { class: 'swap-form', autocomplete: 'off', on: { submit: (event) => this.#submit(event), change: () => this.redraw() } },
          choice('repository', 'Image', [...images.map((one) => [one.repository, one.title] as const), ['', 'another one…']]),
          ...(known === undefined
            ? [
                field('image', 'Its whole name', 'registry/organisation/name:tag', {
                  required: true,
                  maxlength: '512',
                  spellcheck: 'false',
                }),
              ]
            : [
                h('p', { key: 'note', class: 'muted small' }, nimNote(known)),
                field('registry', 'Registry', 'the host name in front of the image', {
                  required: true,
                  maxlength: '200',
                  spellcheck: 'false',
                }),
                field('tag', 'Tag', 'latest', { maxlength: '128', spellcheck: 'false' }),
              ]),
          choice(
            'host',
            'Host',
            hosts.map(({ key, name }) => [key, name] as const),
          ),
          field('port', 'Port on the host', '8001', { type: 'number', min: '1', max: '65535', step: '1', inputmode: 'numeric' }),
          field('ngc_api_key', 'NGC API key', 'empty: the one of Spark Control, if it has one', {
            type: 'password',
            maxlength: '512',
            autocomplete: 'off',
            spellcheck: 'false',
          }),
          h(
            'p',
            { key: 'key-note', class: 'muted small' },
            'The key is used once and not stored here. On that host it stays readable to whoever may run "docker inspect".',
          ),
          toggleField('register', 'Watch it as a service', 'It joins the list, with its health and its log', true),
          this.#isOn('register', true) &&
            field('service', 'Key of the service', 'nim', {
              maxlength: '64',
              spellcheck: 'false',
              pattern: '[a-z0-9][a-z0-9._\\-]*',
              title: 'Small letters, digits, dots, dashes',
            }),
          toggleField('replace', 'Replace a container of that name', 'The old one comes back if the new one fails', false),
          h('button', { type: 'submit', class: 'visually-hidden', tabindex: '-1', 'aria-hidden': 'true' }, 'Submit'),
        ),
      request.problem !== null && problemPart(request.problem),
      this.footer(
        'Close',
        !loading &&
          button(request.busy ? 'Asking…' : 'Install it', (event) => this.#submit(event), { class: 'primary', busy: request.busy }),
      ),
    ];
  }

  #value(name: string, otherwise = ''): string {
    const found = this.querySelector<HTMLInputElement | HTMLSelectElement>(`[name="${name}"]`);
    return found === null ? otherwise : found.value.trim();
  }

  #isOn(name: string, otherwise: boolean): boolean {
    return this.querySelector<HTMLInputElement>(`input[name="${name}"]`)?.checked ?? otherwise;
  }

  #submit(event: Event): void {
    event.preventDefault();
    if (this.view === undefined || this.querySelector('form')?.reportValidity() !== true) return;
    const port = this.querySelector<HTMLInputElement>('input[name="port"]')?.valueAsNumber ?? Number.NaN;
    const form: NimForm = {
      repository: this.#value('repository'),
      registry: this.#value('registry'),
      tag: this.#value('tag'),
      image: this.#value('image'),
      host: this.#value('host'),
      port: Number.isNaN(port) ? null : port,
      apiKey: this.#value('ngc_api_key'),
      replace: this.#isOn('replace', false),
      service: this.#isOn('register', true) ? this.#value('service') || 'nim' : '',
    };
    act(this, { kind: 'manage', action: { kind: 'install_nim', body: nimBody(form, this.view.images) } });
  }
}

const choice = (name: string, label: string, options: readonly (readonly [value: string, text: string])[]): HTMLElement =>
  h(
    'label',
    { key: name, class: 'field' },
    h('span', null, label),
    h('select', { name }, ...options.map(([value, text]) => h('option', { value }, text))),
  );
