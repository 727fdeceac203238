import type { AppState } from './state.ts';

/** The server reads this cookie and writes `data-theme` into the page, so that a dark page does not flash white first. */
const THEME_COOKIE = 'spark_control_theme';
const YEAR_SECONDS = 365 * 24 * 3600;

export type Preferences = Pick<AppState, 'theme' | 'singleKeys' | 'chosenCluster'>;

export function readPreferences(storage: Storage): Preferences {
  const theme = storage.getItem('sc.theme');
  return {
    theme: theme === 'light' || theme === 'dark' ? theme : 'auto',
    singleKeys: storage.getItem('sc.single_keys') !== 'false',
    chosenCluster: storage.getItem('sc.cluster'),
  };
}

export function remember(page: Document, storage: Storage, name: string, value: string): void {
  storage.setItem(`sc.${name}`, value);
  if (name === 'theme') page.cookie = `${THEME_COOKIE}=${value}; path=/; max-age=${YEAR_SECONDS}; samesite=lax`;
}

export function applyTheme(root: HTMLElement, theme: AppState['theme']): void {
  if (theme === 'auto') delete root.dataset['theme'];
  else root.dataset['theme'] = theme;
}
