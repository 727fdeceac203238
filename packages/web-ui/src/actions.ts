import type { Route } from './router.ts';
import type { AppState, Dialog } from './state.ts';
import type { SwapBody } from './wire.ts';

/** All that a reader can ask for. Elements say it upwards with `act`; the controller does it. */
export type Action = Readonly<
  | { kind: 'navigate'; route: Route }
  | { kind: 'open_dialog'; dialog: Dialog }
  | { kind: 'close_dialog' }
  | { kind: 'choose_cluster'; cluster: string }
  | { kind: 'filter_models'; text: string }
  | { kind: 'filter_history'; filter: AppState['historyFilter'] }
  | { kind: 'more_history' }
  | { kind: 'reload_models' }
  | { kind: 'reload_swap'; swap: string }
  | { kind: 'rerun_preflight' }
  | { kind: 'submit_swap'; body: SwapBody }
  | { kind: 'cancel_swap'; swap: string }
  | { kind: 'copy'; text: string; what: string }
  | { kind: 'choose_theme'; theme: AppState['theme'] }
  | { kind: 'choose_single_keys'; on: boolean }
  | { kind: 'dismiss_toast'; id: number }
>;

export const ACTION_EVENT = 'sc-action';

export function act(from: EventTarget, action: Action): void {
  from.dispatchEvent(new CustomEvent<Action>(ACTION_EVENT, { detail: action, bubbles: true }));
}
