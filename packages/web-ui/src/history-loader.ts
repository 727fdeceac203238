import type { Api } from './api.ts';
import { type AppState, onSwap } from './state.ts';
import type { Store } from './store.ts';
import { problemFrom } from './transport.ts';

const PAGE = 30;

/** Fetches the history, page by page, with the filter that is set. */
export class HistoryLoader {
  readonly #store: Store<AppState>;
  readonly #api: Api;

  constructor(store: Store<AppState>, api: Api) {
    this.#store = store;
    this.#api = api;
  }

  /** The first page again. */
  load(): Promise<void> {
    return this.#fetch(false);
  }

  loadMore(): Promise<void> {
    return this.#fetch(true);
  }

  async #fetch(more: boolean): Promise<void> {
    const { history, historyFilter, chosenCluster } = this.#store.get();
    if (more && (history.nextCursor === null || history.loading)) return;
    this.#store.set({ history: { ...history, loading: true } });
    const filter = {
      ...(chosenCluster !== null && { cluster: chosenCluster }),
      ...(historyFilter.outcome !== '' && { outcome: historyFilter.outcome }),
      ...(historyFilter.model !== '' && { model: historyFilter.model }),
      ...(more && history.nextCursor !== null && { cursor: history.nextCursor }),
    };
    try {
      const page = await this.#api.swaps(filter, PAGE);
      // The reader may have chosen another filter meanwhile; that answer is on its way and this one is void.
      if (this.#store.get().historyFilter !== historyFilter) return;
      for (const swap of page.items) this.#store.update((state) => onSwap(state, swap));
      const ids = [...(more ? history.ids : []), ...page.items.map(({ id }) => id)];
      this.#store.set({ history: { ids, nextCursor: page.next_cursor, loading: false, problem: null } });
    } catch (error) {
      this.#store.set({ history: { ...history, loading: false, problem: problemFrom(error) } });
    }
  }
}
