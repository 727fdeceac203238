import type { Api } from '../api.ts';
import type { Asker } from '../asker.ts';
import type { Child } from '../dom.ts';
import type { Route } from '../router.ts';
import type { AppState, Dialog } from '../state.ts';
import type { Store } from '../store.ts';
import type { Call } from '../transport.ts';
import type { ManageAction, ManageState } from './state.ts';

/** What the desk of these screens needs from the rest of the page. */
export type ManageParts = Readonly<{
  store: Store<AppState>;
  api: Api;
  call: Call;
  asker: Asker;
  randomKey(): string;
  /** Listens to the named events of a stream of the server until what is returned is called; it ends by itself when the server says so. */
  openStream(url: string, onEvent: (type: string, data: unknown) => void): () => void;
  /** Shows another screen. */
  follow(route: Route): void;
}>;

/** Fetches what the screens show and does what they ask. */
export interface ManageDesk {
  /** What the screen shows, anew; `isWanted`: the reader asked for it, or has just come. */
  load(isWanted: boolean): Promise<void>;
  /** The next page of the list on screen. */
  more(): Promise<void>;
  perform(action: ManageAction): void;
  /** An event of the dashboard's stream. */
  onEvent(type: string, data: unknown): void;
}

/**
 * The screens for managing models, hosts and services. They come in a file of their own when one of them is opened first, so that
 * the overview, which most visits are about, stays small.
 */
export type ManageModule = Readonly<{
  define(registry: CustomElementRegistry): void;
  initial(): ManageState;
  createDesk(parts: ManageParts): ManageDesk;
  /** The screen of a route for which `isManaged` holds. */
  screen(state: AppState, data: ManageState): Child;
  /** A dialog for which `isManagedDialog` holds. */
  dialog(state: AppState, data: ManageState, open: Dialog): Child;
}>;
