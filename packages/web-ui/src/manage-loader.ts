import type { Api } from './api.ts';
import type { Asker } from './asker.ts';
import type { ManageDesk, ManageModule, ManageParts } from './manage/contract.ts';
import type { ManageAction } from './manage/state.ts';
import { isManaged } from './router.ts';
import type { AppState } from './state.ts';
import type { Store } from './store.ts';
import { clientProblem } from './transport.ts';

export type ManageSurroundings = Pick<ManageParts, 'call' | 'randomKey' | 'follow' | 'openStream'> &
  Readonly<{
    /** Fetches the file of the screens; rejects when it cannot be had. */
    loadManage(): Promise<ManageModule>;
  }>;

/** Fetches the screens for managing when one of them is opened, and passes on to them what is theirs. */
export class ManageLoader {
  readonly #store: Store<AppState>;
  readonly #api: Api;
  readonly #asker: Asker;
  readonly #around: ManageSurroundings;
  #desk: ManageDesk | null = null;
  #isLoading = false;

  constructor(store: Store<AppState>, api: Api, asker: Asker, around: ManageSurroundings) {
    this.#store = store;
    this.#api = api;
    this.#asker = asker;
    this.#around = around;
  }

  /** What the screen shows, anew, when it is one of these. */
  async load(isWanted: boolean): Promise<void> {
    if (!isManaged(this.#store.get().route)) return;
    const desk = await this.ensure();
    if (desk !== null && isManaged(this.#store.get().route)) await desk.load(isWanted);
  }

  async more(): Promise<void> {
    await this.#desk?.more();
  }

  perform(action: ManageAction): void {
    void this.ensure().then((desk) => desk?.perform(action));
  }

  onEvent(type: string, data: unknown): void {
    this.#desk?.onEvent(type, data);
  }

  /** The desk of these screens, fetched if need be; `null` when they cannot be had, and while they are being fetched. */
  async ensure(): Promise<ManageDesk | null> {
    if (this.#desk !== null || this.#isLoading) return this.#desk;
    this.#isLoading = true;
    try {
      const module = await this.#around.loadManage();
      const { call, randomKey, follow, openStream } = this.#around;
      this.#desk = module.createDesk({ store: this.#store, api: this.#api, asker: this.#asker, call, randomKey, follow, openStream });
      this.#store.set({ manage: { module, data: module.initial() }, manageProblem: null });
    } catch {
      this.#store.set({ manageProblem: UNAVAILABLE });
    } finally {
      this.#isLoading = false;
    }
    return this.#desk;
  }
}

/** The server was updated, so that the file of this page's version is gone, or it cannot be reached. */
const UNAVAILABLE = clientProblem('PAGE_INCOMPLETE', 'This screen could not be loaded.', 'Reload the page.');
