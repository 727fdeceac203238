import type { AppState, OwnLock } from './state.ts';

/** The server reads this cookie and writes `data-theme` into the page, so that a dark page does not flash white first. */
const THEME_COOKIE = 'spark_control_theme';
const YEAR_SECONDS = 365 * 24 * 3600;

export type Preferences = Pick<AppState, 'theme' | 'singleKeys' | 'chosenCluster' | 'holder'>;

export function readPreferences(storage: Storage): Preferences {
  const theme = storage.getItem('sc.theme');
  return {
    theme: theme === 'light' || theme === 'dark' ? theme : 'auto',
    singleKeys: storage.getItem('sc.single_keys') !== 'false',
    chosenCluster: storage.getItem('sc.cluster'),
    holder: storage.getItem('sc.holder') ?? '',
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

/** Whoever has a lock id may do as its holder, so it lives as long as the tab and nowhere else. */
const LOCKS = 'sc.locks';

export function keepLocks(storage: Storage, locks: AppState['ownLocks']): void {
  storage.setItem(LOCKS, JSON.stringify(locks));
}

/** What an older page may have left, or somebody changed, is passed over. */
export function readLocks(storage: Storage): AppState['ownLocks'] {
  try {
    const stored: unknown = JSON.parse(storage.getItem(LOCKS) ?? '{}');
    return Object.fromEntries(Object.entries(stored ?? {}).filter((entry): entry is [string, OwnLock] => isOwnLock(entry[1])));
  } catch {
    return {};
  }
}

function isOwnLock(value: unknown): value is OwnLock {
  const { lockId, holder, fence } = (value ?? {}) as Partial<Record<keyof OwnLock, unknown>>;
  return typeof lockId === 'string' && typeof holder === 'string' && typeof fence === 'number';
}
