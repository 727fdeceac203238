import type { Action } from './actions.ts';
import type { Route } from './router.ts';
import { SCREENS } from './view-models/commands.ts';

export type KeyContext = Readonly<{ singleKeys: boolean; dialogOpen: boolean; isTyping: boolean }>;

export type KeyPress = Readonly<{ key: string; ctrl: boolean; meta: boolean; alt: boolean }>;

/** What a key asks for. `prefix`: `g` was pressed and the next key decides. */
export type KeyAnswer = Readonly<{ kind: 'none' } | { kind: 'prefix' } | { kind: 'focus_filter' } | { kind: 'action'; action: Action }>;

const GO: Readonly<Record<string, Route>> = Object.fromEntries(SCREENS.map(({ key, route }) => [key, route]));

const NONE: KeyAnswer = { kind: 'none' };

/** Reads one key. `pending`: the key before was `g`. Esc is the browser's: it closes the topmost dialog. */
export function readKey(press: KeyPress, pending: boolean, { singleKeys, dialogOpen, isTyping }: KeyContext): KeyAnswer {
  if (press.key.toLowerCase() === 'k' && (press.ctrl || press.meta) && !press.alt) {
    return dialogOpen ? NONE : { kind: 'action', action: { kind: 'open_dialog', dialog: { kind: 'palette' } } };
  }
  if (!singleKeys || dialogOpen || isTyping || press.ctrl || press.meta || press.alt) return NONE;
  const route = pending ? GO[press.key] : undefined;
  if (route !== undefined) return { kind: 'action', action: { kind: 'navigate', route } };
  if (press.key === 'g') return { kind: 'prefix' };
  if (press.key === '/') return { kind: 'focus_filter' };
  if (press.key === '?') return { kind: 'action', action: { kind: 'open_dialog', dialog: { kind: 'help' } } };
  return NONE;
}
