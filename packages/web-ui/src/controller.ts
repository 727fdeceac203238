import type { Action } from './actions.ts';
import { type Api, problemFrom } from './api.ts';
import { HistoryLoader } from './history-loader.ts';
import { pathOf, type Route } from './router.ts';
import { type AppState, idle, onCluster, onHost, onLog, onSnapshot, onSwap } from './state.ts';
import type { Store } from './store.ts';
import type { StreamEvent, StreamState } from './stream.ts';
import type { Cluster, HostEvent, LogEvent, Problem, Status, Swap, SwapBody } from './wire.ts';

/** What the controller needs from the browser, so that it runs in a test without one. */
export type Surroundings = Readonly<{
  now(): number;
  randomKey(): string;
  /** Puts a path in the address bar. */
  pushPath(path: string): void;
  copy(text: string): Promise<boolean>;
  remember(name: string, value: string): void;
}>;

const TOAST_CAP = 3;

/** Turns actions and events of the stream into changes of the store. The only place of the page with requests. */
export class Controller {
  readonly #store: Store<AppState>;
  readonly #api: Api;
  readonly #around: Surroundings;
  #preflightAbort: AbortController | null = null;
  readonly #history: HistoryLoader;
  #toastId = 0;

  constructor(store: Store<AppState>, api: Api, around: Surroundings) {
    this.#store = store;
    this.#api = api;
    this.#around = around;
    this.#history = new HistoryLoader(store, api);
  }

  onStreamState(state: StreamState): void {
    const { lastEventAt } = this.#store.get().connection;
    this.#store.set({ connection: { state, lastEventAt: state === 'live' ? this.#around.now() : lastEventAt } });
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
      case 'host':
        this.#store.set(onHost(state, data as HostEvent));
        break;
      case 'log': {
        const { swap_id: swap, ...line } = data as LogEvent;
        this.#store.set(onLog(state, swap, [line]));
        break;
      }
    }
  }

  perform(action: Action): void {
    switch (action.kind) {
      case 'navigate':
        this.navigate(action.route, true);
        break;
      case 'open_dialog':
        this.#store.set({ dialog: action.dialog, preflight: idle(), request: { busy: false, problem: null } });
        if (action.dialog.kind === 'swap') void this.#preflight();
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
      case 'more_history':
        void this.#history.loadMore();
        break;
      case 'reload_models':
        void this.loadModels();
        break;
      case 'reload_swap':
        void this.#loadSwap(action.swap);
        break;
      case 'rerun_preflight':
        void this.#preflight();
        break;
      case 'submit_swap':
        void this.#submitSwap(action.body);
        break;
      case 'cancel_swap':
        void this.#cancelSwap(action.swap);
        break;
      case 'copy':
        void this.#copy(action.text, action.what);
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
    this.#store.set({ route, dialog: null });
    if (route.screen === 'history') void this.#history.load();
    if (route.screen === 'models') void this.loadModels();
    if (route.screen === 'swap' && this.#store.get().swaps[route.id] === undefined) void this.#loadSwap(route.id);
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
    this.#store.update((state) => onSnapshot(state, status, this.#around.now()));
    if (known !== status.catalog.revision) void this.loadModels();
    // A snapshot holds what runs and the latest that ended; the swap on screen may have ended long ago, unseen.
    const { route, swaps } = this.#store.get();
    if (route.screen !== 'swap' || swaps[route.id]?.settled === true) return;
    if (!status.swaps.some(({ id }) => id === route.id)) void this.#loadSwap(route.id);
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

  async #loadSwap(id: string): Promise<void> {
    try {
      const swap = await this.#api.swap(id);
      this.#store.update((state) => onSwap(state, swap));
    } catch (error) {
      const problem = problemFrom(error);
      this.#store.update(({ swapProblems }) => ({ swapProblems: { ...swapProblems, [id]: problem } }));
    }
  }

  async #preflight(): Promise<void> {
    const { dialog } = this.#store.get();
    if (dialog?.kind !== 'swap') return;
    this.#preflightAbort?.abort();
    const abort = new AbortController();
    this.#preflightAbort = abort;
    this.#store.update(({ preflight }) => ({ preflight: { ...preflight, loading: true, problem: null } }));
    try {
      const value = await this.#api.validate(dialog.model, dialog.cluster, abort.signal);
      if (!abort.signal.aborted) this.#store.set({ preflight: { value, loading: false, problem: null } });
    } catch (error) {
      if (!abort.signal.aborted) this.#store.set({ preflight: { value: null, loading: false, problem: problemFrom(error) } });
    }
  }

  async #submitSwap(body: SwapBody): Promise<void> {
    if (this.#store.get().request.busy) return;
    this.#store.set({ request: { busy: true, problem: null } });
    try {
      const swap = await this.#api.startSwap(body, this.#around.randomKey());
      this.#store.update((state) => onSwap(state, swap));
      this.#closeDialog();
      this.navigate({ screen: 'swap', id: swap.id }, true);
    } catch (error) {
      this.#store.set({ request: { busy: false, problem: problemFrom(error) } });
    }
  }

  async #cancelSwap(id: string): Promise<void> {
    if (this.#store.get().request.busy) return;
    this.#store.set({ request: { busy: true, problem: null } });
    try {
      const swap = await this.#api.cancelSwap(id);
      this.#store.update((state) => onSwap(state, swap));
      this.#closeDialog();
    } catch (error) {
      this.#store.set({ request: { busy: false, problem: problemFrom(error) } });
    }
  }

  async #copy(text: string, what: string): Promise<void> {
    const copied = await this.#around.copy(text);
    this.#toast(copied ? 'ok' : 'bad', copied ? `${what} copied` : `${what} could not be copied: the browser did not allow it`, null);
  }

  #closeDialog(): void {
    this.#preflightAbort?.abort();
    this.#store.set({ dialog: null, request: { busy: false, problem: null } });
  }

  #toast(tone: 'ok' | 'bad', text: string, problem: Problem | null): void {
    this.#toastId += 1;
    const toast = { id: this.#toastId, tone, text, problem };
    this.#store.update(({ toasts }) => ({ toasts: [...toasts, toast].slice(-TOAST_CAP) }));
  }
}
