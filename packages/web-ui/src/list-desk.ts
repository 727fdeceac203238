import type { Api, Page } from './api.ts';
import type { AppState, Lists, Loadable, Paged } from './state.ts';
import { unpaged } from './state.ts';
import type { Store } from './store.ts';
import { problemFrom } from './transport.ts';
import { weekFrom } from './view-models/week.ts';

const PAGE = 50;

type PagedName = 'runs' | 'deliveries' | 'audit';
type WholeName = Exclude<keyof Lists, PagedName>;
type ItemOf<N extends PagedName> = NonNullable<Lists[N]['items']>[number];
type ValueOf<N extends WholeName> = NonNullable<Lists[N]['value']>;

/** Fetches the lists that the screen needs. What came last stays visible while it is fetched again. */
export class ListDesk {
  readonly #store: Store<AppState>;
  readonly #api: Api;

  constructor(store: Store<AppState>, api: Api) {
    this.#store = store;
    this.#api = api;
  }

  /** What the screen shows, anew. A list of which older pages were asked for is left alone unless `isWanted`. */
  async load(isWanted: boolean): Promise<void> {
    const { route, auditFilter } = this.#store.get();
    switch (route.screen) {
      case 'calendar':
        return this.#whole('calendar', () => {
          const { from, to } = weekFrom(this.#store.get().now);
          return this.#api.calendar(new Date(from).toISOString(), new Date(to).toISOString());
        });
      case 'automations':
        return this.#whole('automations', async () => (await this.#api.automations()).items);
      case 'automation':
        await Promise.all([
          this.#whole('automations', async () => (await this.#api.automations()).items),
          this.#first('runs', route.id, isWanted),
        ]);
        return;
      case 'webhooks':
        return this.#whole('webhooks', async () => (await this.#api.webhooks()).items);
      case 'webhook':
        await Promise.all([
          this.#whole('webhooks', async () => (await this.#api.webhooks()).items),
          this.#first('deliveries', route.id, isWanted),
        ]);
        return;
      case 'audit':
        return this.#first('audit', auditFilter, isWanted);
      default:
        return;
    }
  }

  /** The next page of the list on screen. */
  async more(): Promise<void> {
    const { route } = this.#store.get();
    const name = ({ automation: 'runs', webhook: 'deliveries', audit: 'audit' } as const)[route.screen as 'automation'];
    if (name === undefined) return;
    const { of, nextCursor, loading } = this.#store.get().lists[name];
    if (of !== null && nextCursor !== null && !loading) await this.#page(name, of, nextCursor);
  }

  async #whole<N extends WholeName>(name: N, ask: () => Promise<ValueOf<N>>): Promise<void> {
    const put = (change: Partial<Loadable<ValueOf<N>>>): void =>
      this.#store.update(({ lists }) => ({ lists: { ...lists, [name]: { ...lists[name], ...change } } }));
    put({ loading: true });
    try {
      put({ value: await ask(), loading: false, problem: null });
    } catch (error) {
      put({ loading: false, problem: problemFrom(error) });
    }
  }

  async #first(name: PagedName, of: string, isWanted: boolean): Promise<void> {
    const known = this.#store.get().lists[name];
    if (!isWanted && known.of === of && (known.items?.length ?? 0) > PAGE) return;
    await this.#page(name, of, null);
  }

  async #page<N extends PagedName>(name: N, of: string, cursor: string | null): Promise<void> {
    const put = (change: Partial<Paged<ItemOf<N>>>): void =>
      this.#store.update(({ lists }) => ({ lists: { ...lists, [name]: { ...lists[name], ...change } } }));
    if (this.#store.get().lists[name].of !== of) put(unpaged(of));
    put({ loading: true });
    try {
      const page = await this.#ask(name, of, { cursor, limit: PAGE });
      const { of: still, items } = this.#store.get().lists[name];
      // The reader went on to another list; this answer is void.
      if (still !== of) return;
      const before = cursor === null ? [] : (items ?? []);
      put({ items: [...before, ...page.items] as ItemOf<N>[], nextCursor: page.next_cursor, loading: false, problem: null });
    } catch (error) {
      if (this.#store.get().lists[name].of === of) put({ loading: false, problem: problemFrom(error) });
    }
  }

  #ask(name: PagedName, of: string, page: Page) {
    switch (name) {
      case 'runs':
        return this.#api.runs(of, page);
      case 'deliveries':
        return this.#api.deliveries(of, page);
      case 'audit':
        return this.#api.audit(of, page);
    }
  }
}
