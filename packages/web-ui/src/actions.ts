import type { ManageAction } from './manage/state.ts';
import type { Route } from './router.ts';
import type { AppState, Dialog } from './state.ts';
import type { AutomationBody, SwapBody, WebhookBody } from './wire.ts';

/** What can be asked about the lock of a cluster. */
export type LockAction = Readonly<
  | { kind: 'acquire_lock'; cluster: string; holder: string; ttlSeconds: number; reason: string; wait: boolean }
  | { kind: 'leave_line'; cluster: string }
  | { kind: 'renew_lock'; cluster: string }
  | { kind: 'release_lock'; cluster: string }
  | { kind: 'break_lock'; cluster: string; reason: string }
>;

/** What can be asked about automations and webhooks. `id: null`: a new one. */
export type RecordAction = Readonly<
  | { kind: 'save_automation'; id: string | null; body: AutomationBody }
  | { kind: 'enable_automation'; id: string; on: boolean }
  | { kind: 'run_automation'; id: string }
  | { kind: 'remove_automation'; id: string }
  | { kind: 'save_webhook'; id: string | null; body: WebhookBody }
  | { kind: 'enable_webhook'; id: string; on: boolean }
  | { kind: 'test_webhook'; id: string }
  | { kind: 'rotate_secret'; id: string }
  | { kind: 'remove_webhook'; id: string }
  | { kind: 'redeliver'; delivery: string }
>;

/** All that a reader can ask for. Elements say it upwards with `act`; the controller does it. */
export type Action =
  | LockAction
  | RecordAction
  | Readonly<
      | { kind: 'navigate'; route: Route }
      | { kind: 'open_dialog'; dialog: Dialog }
      | { kind: 'manage'; action: ManageAction }
      | { kind: 'close_dialog' }
      | { kind: 'choose_cluster'; cluster: string }
      | { kind: 'filter_models'; text: string }
      | { kind: 'filter_history'; filter: AppState['historyFilter'] }
      | { kind: 'filter_audit'; action: string }
      | { kind: 'more_history' }
      /** The next page of the list on screen. */
      | { kind: 'more_of_list' }
      /** The list on screen again, after it could not be had. */
      | { kind: 'reload_list' }
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
