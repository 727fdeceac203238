import { act } from '../../actions.ts';
import { type Child, h } from '../../dom.ts';
import { ScDialog } from '../../elements/dialog.ts';
import { ScElement } from '../../elements/element.ts';
import { button, failedPart, markPart, problemPart, tablePart, waitPart } from '../../elements/parts.ts';
import { field } from '../../elements/swap-form.ts';
import { mark } from '../../view-models/mark.ts';
import { type SettingDialogView, type SettingRow, type SettingsView, settingValue } from '../view-models/settings.ts';

/** Every setting with its value and where it comes from; those of the file can be changed. */
export class ScSettings extends ScElement<SettingsView> {
  protected draw(view: SettingsView): readonly Child[] {
    const { problem, isLoaded, restartRequired, warnings, isFileMissing } = view;
    return [
      h('div', { class: 'screen-head' }, h('h1', { tabindex: '-1' }, 'Settings')),
      problem !== null && failedPart(problem),
      !isLoaded && problem === null && waitPart(),
      isFileMissing &&
        h('p', { class: 'callout' }, 'There is no spark.yaml yet, so nothing can be changed here. "sparkctl init" writes one.'),
      restartRequired &&
        h('p', { class: 'callout tone-edge-warn' }, 'spark.yaml was changed since the start: restart Spark Control to use it.'),
      warnings.length > 0 && h('ul', { class: 'callout tone-edge-warn' }, ...warnings.map((text) => h('li', null, text))),
      ...view.groups.map(({ name, rows }) =>
        h(
          'section',
          { key: name, class: 'block', 'aria-label': name },
          h('h2', null, name),
          tablePart(
            'settings',
            name,
            COLUMNS,
            rows.map((row) => this.#row(row)),
          ),
        ),
      ),
      view.files.length > 0 && filesPart(view.files),
    ];
  }

  #row(row: SettingRow): HTMLElement {
    const open = { kind: 'change_setting', path: row.path } as const;
    return h(
      'tr',
      { key: row.path },
      h(
        'th',
        { scope: 'row' },
        h('code', null, row.name),
        h('span', { class: 'cell-sub muted small' }, row.description),
        h(
          'span',
          { class: 'model-narrow' },
          h('code', { class: 'whole' }, row.value === '' ? '–' : row.value),
          h('span', { class: 'muted small' }, ` from ${row.source}`),
        ),
      ),
      h('td', { class: 'col-mid' }, h('code', { class: 'whole' }, row.value === '' ? '–' : row.value)),
      h('td', { class: 'col-mid muted' }, row.source),
      h(
        'td',
        { class: 'col-action' },
        row.writable &&
          button('Change…', () => act(this, { kind: 'open_dialog', dialog: { kind: 'manage', open } }), {
            class: 'quiet',
            'aria-label': `Change ${row.name}`,
          }),
      ),
    );
  }
}

const COLUMNS = [
  ['Setting', 'col-half'],
  ['Value', 'col-mid col-third'],
  ['From', 'col-mid'],
  ['.Action', 'col-action'],
] as const;

const filesPart = (files: SettingsView['files']): HTMLElement =>
  h(
    'section',
    { class: 'block', 'aria-label': 'Files' },
    h('h2', null, 'Files'),
    h(
      'ul',
      { class: 'parts card padded' },
      ...files.map(({ name, path, exists, writable, problem }) =>
        h(
          'li',
          { key: path },
          h('span', null, name),
          markPart(!exists ? mark('none', 'not there') : writable ? mark('ok', 'can be written') : mark('warn', 'read-only')),
          h('code', { class: 'muted small measured' }, path),
          problem !== null && h('span', { class: 'small' }, problem),
        ),
      ),
    ),
  );

/** Changes one setting of the file. */
export class ScSettingDialog extends ScDialog<SettingDialogView> {
  protected override readonly titleId = 'setting-dialog-title';

  protected content({ row, request }: SettingDialogView): readonly Child[] {
    if (row === null) return [h('h2', { id: this.titleId }, 'Setting'), h('p', null, 'It is not there any more.'), this.footer('Close')];
    return [
      h('header', null, h('h2', { id: this.titleId }, `Change ${row.name}`), h('p', { class: 'muted' }, row.description)),
      h(
        'form',
        { class: 'swap-form', on: { submit: (event) => this.#submit(event) } },
        field('value', 'Value', 'empty: the default', { value: row.value }),
      ),
      request.problem !== null && problemPart(request.problem),
      this.footer(
        'Leave it',
        button(request.busy ? 'Saving…' : 'Save', (event) => this.#submit(event), { class: 'primary', busy: request.busy }),
      ),
    ];
  }

  #submit(event: Event): void {
    event.preventDefault();
    const path = this.view?.row?.path;
    const text = this.querySelector('input')?.value ?? '';
    if (path !== undefined) act(this, { kind: 'manage', action: { kind: 'change_setting', path, value: settingValue(text) } });
  }
}
