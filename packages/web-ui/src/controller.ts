import type { Action } from './actions.ts';
import type { Api } from './api.ts';
import { Asker } from './asker.ts';
import { HistoryLoader } from './history-loader.ts';
import { ListDesk } from './list-desk.ts';
import { LockDesk, type LockSurroundings } from './lock-desk.ts';
import { ManageLoader, type ManageSurroundings } from './manage-loader.ts';
import { RecordDesk } from './record-desk.ts';
import { pathOf, type Route } from './router.ts';
import { type AppState, idle, isManagedDialog, onCluster, onHost, onLog, onOperation, onSnapshot, onSwap } from './state.ts';
import type { Store } from './store.ts';
import type { StreamEvent, StreamState } from './stream.ts';
import { SwapDesk } from './swap-desk.ts';
import { problemFrom } from './transport.ts';
import type { Cluster, HostEvent, Lock, LogEvent, Operation, Status, Swap } from './wire.ts';

/** What the controller needs from the browser, so that it runs in a test without one. */
export type Surroundings = LockSurroundings &
  Pick<ManageSurroundings, 'call' | 'loadManage' | 'openStream'> &
  Readonly<{
    now(): number;
    /** Puts a path in the address bar. */
    pushPath(path: string): void;
    copy(text: string): Promise<boolean>;
  }>;

/** Lists that no event tells about are fetched again this often. */
const LIST_AGE_MS = 15_000;
/** The wall clock and the other one disagree by more than this: the device slept, or its clock was set. */
const SLEPT_MS = 2_000;

/** Turns actions and events of the stream into changes of the store. The only place of the page with requests. */
export class Controller {
  readonly #store: Store<AppState>;
  readonly #api: Api;
  readonly #around: Surroundings;
  readonly #history: HistoryLoader;
  readonly #asker: Asker;
  readonly #locks: LockDesk;
  readonly #swaps: SwapDesk;
  readonly #lists: ListDesk;
  readonly #records: RecordDesk;
  readonly #manage: ManageLoader;
  #listsAt = 0;
  #last: Readonly<{ now: number; monotonic: number }>;

  constructor(store: Store<AppState>, api: Api, around: Surroundings) {
    this.#store = store;
    this.#api = api;
    this.#around = around;
    this.#history = new HistoryLoader(store, api);
    this.#asker = new Asker(store);
    this.#locks = new LockDesk(store, api, this.#asker, around);
    this.#swaps = new SwapDesk(store, api, this.#asker, {
      locks: this.#locks,
      randomKey: around.randomKey,
      follow: (id) => this.navigate({ screen: 'swap', id }, true),
    });
    this.#lists = new ListDesk(store, api);
    this.#records = new RecordDesk(store, api, this.#asker, {
      randomKey: around.randomKey,
      reload: () => this.#reloadList(),
      goTo: (screen) => this.navigate({ screen }, true),
    });
    const { call, loadManage, randomKey, openStream } = around;
    const follow = (route: Route): void => this.navigate(route, true);
    this.#manage = new ManageLoader(store, api, this.#asker, { call, loadManage, randomKey, openStream, follow });
    this.#last = { now: around.now(), monotonic: around.monotonic() };
  }

  onStreamState(state: StreamState): void {
    const before = this.#store.get().connection;
    this.#store.set({ connection: { state, lastEventAt: state === 'live' ? this.#around.now() : before.lastEventAt } });
    // What is replayed after a cut tells how much was left of a lock when it was sent, not now.
    if (state === 'live' && before.state === 'reconnecting') this.#locks.refreshAll();
  }

  /** Once a second. What only eyes need stands still while nobody looks. */
  tick(isVisible: boolean): void {
    const now = this.#around.now();
    const monotonic = this.#around.monotonic();
    const apart = now - this.#last.now - (monotonic - this.#last.monotonic);
    this.#last = { now, monotonic };
    this.#store.set({ now, ...(isVisible && { monotonic }) });
    if (Math.abs(apart) > SLEPT_MS) this.#locks.refreshAll();
    if (isVisible && monotonic - this.#listsAt > LIST_AGE_MS) this.#reloadList(false);
  }

  /** Somebody looks again. */
  onVisible(): void {
    this.tick(true);
    this.#locks.refreshAll();
  }

  onStreamEvent({ type, data }: StreamEvent): void {
    const state = this.#store.get();
    switch (type) {
      case 'snapshot':
        this.#onSnapshot(data as Status);
        break;
      case 'swap':
        this.#onSwap(data as Swap);
        break;
      case 'model':
        this.#store.set(onCluster(state, data as Cluster));
        break;
      case 'lock':
        this.#locks.onLock(data as Lock);
        break;
      case 'host':
        this.#store.set(onHost(state, data as HostEvent));
        break;
      case 'operation':
        this.#store.set(onOperation(state, data as Operation));
        break;
      case 'log': {
        const { swap_id: swap, ...line } = data as LogEvent;
        this.#store.set(onLog(state, swap, [line]));
        break;
      }
    }
    this.#manage.onEvent(type, data);
  }

  perform(action: Action): void {
    switch (action.kind) {
      case 'navigate':
        this.navigate(action.route, true);
        break;
      case 'open_dialog':
        this.#store.set({ dialog: action.dialog, preflight: idle(), request: { busy: false, problem: null } });
        if (action.dialog.kind === 'swap') void this.#swaps.preflight();
        if (isManagedDialog(action.dialog)) void this.#manage.ensure();
        break;
      case 'close_dialog':
        this.#closeDialog();
        break;
      case 'choose_cluster':
        this.#around.remember('cluster', action.cluster);
        this.#store.set({ chosenCluster: action.cluster });
        this.#refreshHistory();
        break;
      case 'filter_models':
        this.#store.set({ modelFilter: action.text });
        break;
      case 'filter_history':
        this.#store.set({ historyFilter: action.filter });
        void this.#history.load();
        break;
      case 'filter_audit':
        this.#store.set({ auditFilter: action.action });
        this.#reloadList();
        break;
      case 'more_of_list':
        void this.#lists.more();
        void this.#manage.more();
        break;
      case 'reload_list':
        this.#reloadList();
        break;
      case 'more_history':
        void this.#history.loadMore();
        break;
      case 'reload_models':
        void this.loadModels();
        break;
      case 'reload_swap':
        void this.#swaps.load(action.swap);
        break;
      case 'rerun_preflight':
        void this.#swaps.preflight();
        break;
      case 'submit_swap':
        void this.#swaps.submit(action.body);
        break;
      case 'cancel_swap':
        void this.#swaps.cancel(action.swap);
        break;
      case 'copy':
        void this.#copy(action.text, action.what);
        break;
      case 'acquire_lock':
      case 'leave_line':
      case 'renew_lock':
      case 'release_lock':
      case 'break_lock':
        this.#locks.perform(action);
        break;
      case 'save_automation':
      case 'enable_automation':
      case 'run_automation':
      case 'remove_automation':
      case 'save_webhook':
      case 'enable_webhook':
      case 'test_webhook':
      case 'rotate_secret':
      case 'remove_webhook':
      case 'redeliver':
        void this.#records.perform(action);
        break;
      case 'manage':
        this.#manage.perform(action.action);
        break;
      case 'choose_theme':
        this.#around.remember('theme', action.theme);
        this.#store.set({ theme: action.theme });
        break;
      case 'choose_single_keys':
        this.#around.remember('single_keys', String(action.on));
        this.#store.set({ singleKeys: action.on });
        break;
      case 'dismiss_toast':
        this.#store.update(({ toasts }) => ({ toasts: toasts.filter(({ id }) => id !== action.id) }));
        break;
      default:
        action satisfies never;
    }
  }

  /** Shows a screen. `push` is false when the address bar is there already (start, back, forward). */
  navigate(route: Route, push: boolean): void {
    if (push) this.#around.pushPath(pathOf(route));
    this.#store.set({ route, dialog: null, request: { busy: false, problem: null } });
    if (route.screen === 'history') void this.#history.load();
    if (route.screen === 'models') void this.loadModels();
    if (route.screen === 'swap' && this.#store.get().swaps[route.id] === undefined) void this.#swaps.load(route.id);
    this.#reloadList();
  }

  #reloadList(isWanted = true): void {
    this.#listsAt = this.#around.monotonic();
    void this.#lists.load(isWanted);
    void this.#manage.load(isWanted);
  }

  async loadModels(): Promise<void> {
    this.#store.update(({ models }) => ({ models: { ...models, loading: true } }));
    try {
      const { items } = await this.#api.models();
      this.#store.set({ models: { value: items, loading: false, problem: null } });
    } catch (error) {
      const problem = problemFrom(error);
      this.#store.update(({ models }) => ({ models: { ...models, loading: false, problem } }));
    }
  }

  #onSnapshot(status: Status): void {
    const known = this.#store.get().status?.catalog.revision;
    this.#store.update((state) => onSnapshot(state, status, this.#around.now(), this.#around.monotonic()));
    this.#locks.checkOwn();
    if (known !== status.catalog.revision) void this.loadModels();
    // A snapshot holds what runs and the latest that ended; the swap on screen may have ended long ago, unseen.
    const { route, swaps } = this.#store.get();
    if (route.screen !== 'swap' || swaps[route.id]?.settled === true) return;
    if (!status.swaps.some(({ id }) => id === route.id)) void this.#swaps.load(route.id);
  }

  #onSwap(swap: Swap): void {
    const before = this.#store.get().swaps[swap.id];
    this.#store.update((state) => onSwap(state, swap));
    // A load that ended changes the usual times in the list of models.
    if (swap.settled && before?.settled !== true) void this.loadModels();
    if (before === undefined || swap.settled) this.#refreshHistory();
  }

  #refreshHistory(): void {
    if (this.#store.get().route.screen === 'history') void this.#history.load();
  }

  async #copy(text: string, what: string): Promise<void> {
    const copied = await this.#around.copy(text);
    this.#asker.toast(copied ? 'ok' : 'bad', copied ? `${what} copied` : `${what} could not be copied: the browser did not allow it`);
  }

  #closeDialog(): void {
    this.#swaps.dropPreflight();
    this.#asker.closeDialog();
  }
}
