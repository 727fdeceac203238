import { act } from '../actions.ts';
import { type Child, h } from '../dom.ts';
import type { AppState } from '../state.ts';
import { SCREENS } from '../view-models/commands.ts';
import { ScDialog } from './dialog.ts';
import { button } from './parts.ts';

export type HelpView = Readonly<{ singleKeys: boolean; theme: AppState['theme']; version: string | null }>;

const KEYS: readonly (readonly [string, string])[] = [
  ['/', 'filter this list'],
  ...SCREENS.map(({ key, label }) => [`g ${key}`, `go to ${label}`] as const),
  ['Ctrl K', 'command palette'],
  ['Esc', 'close what is on top'],
  ['?', 'this page'],
];

const THEMES: readonly AppState['theme'][] = ['auto', 'light', 'dark'];

/** Keys, appearance, and where the rest of the documentation is. */
export class ScHelpDialog extends ScDialog<HelpView> {
  protected override readonly titleId = 'help-title';

  protected content({ singleKeys, theme, version }: HelpView): readonly Child[] {
    const onKeys = ({ target }: Event): void => {
      if (target instanceof HTMLInputElement) act(this, { kind: 'choose_single_keys', on: target.checked });
    };
    return [
      h('header', null, h('h2', { id: this.titleId }, 'Help')),
      h('h3', null, 'Keys'),
      h(
        'dl',
        { class: 'keys' },
        ...KEYS.map(([keys, meaning]) => h('div', null, h('dt', null, h('kbd', null, keys)), h('dd', null, meaning))),
      ),
      h(
        'label',
        { class: 'field toggle' },
        h('input', { type: 'checkbox', checked: singleKeys, prop: { checked: singleKeys }, on: { change: onKeys } }),
        h(
          'span',
          null,
          'Single-key shortcuts',
          h('span', { class: 'muted small field-hint' }, 'Turn off if they get in the way of speech input'),
        ),
      ),
      h(
        'fieldset',
        { class: 'themes' },
        h('legend', null, 'Appearance'),
        ...THEMES.map((name) =>
          h(
            'label',
            null,
            h('input', {
              type: 'radio',
              name: 'theme',
              value: name,
              checked: name === theme,
              on: { change: () => act(this, { kind: 'choose_theme', theme: name }) },
            }),
            ` ${name}`,
          ),
        ),
      ),
      h(
        'p',
        { class: 'muted small' },
        version === null ? null : `Spark Control ${version} · `,
        h('a', { href: '/openapi.json' }, 'API description'),
      ),
      h(
        'footer',
        { class: 'dialog-foot' },
        h('span', { class: 'push' }),
        button('Close', () => this.close(), { class: 'secondary' }),
      ),
    ];
  }
}
