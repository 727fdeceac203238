import { problemFrom } from '../transport.ts';
import type { ManageParts } from './contract.ts';
import type { Fetched, ManageState } from './state.ts';

/** Names of the things that are fetched whole, each for what is on screen. */
type FetchedName = { [K in keyof ManageState]: ManageState[K] extends Fetched<unknown> ? K : never }[keyof ManageState];
type ValueOf<N extends FetchedName> = NonNullable<ManageState[N]['value']>;

/** Reads and writes what these screens know. */
export class ManageStore {
  readonly #parts: ManageParts;

  constructor(parts: ManageParts) {
    this.#parts = parts;
  }

  get data(): ManageState | undefined {
    return this.#parts.store.get().manage?.data;
  }

  put(change: Partial<ManageState>): void {
    this.#parts.store.update(({ manage }) => (manage === null ? {} : { manage: { ...manage, data: { ...manage.data, ...change } } }));
  }

  /** Asks for `of`; what came last of the same stays visible meanwhile. An answer for what is not asked for any more is void. */
  async fetch<N extends FetchedName>(name: N, of: string, ask: () => Promise<ValueOf<N>>): Promise<void> {
    const before = this.data?.[name];
    if (before === undefined || (before.loading && before.of === of)) return;
    const put = (change: Partial<Fetched<ValueOf<N>>>): void => {
      const now = this.data?.[name];
      if (now?.of === of) this.put({ [name]: { ...now, ...change } } as Partial<ManageState>);
    };
    this.put({ [name]: { of, value: before.of === of ? before.value : null, loading: true, problem: null } } as Partial<ManageState>);
    try {
      put({ value: await ask(), loading: false });
    } catch (error) {
      put({ loading: false, problem: problemFrom(error) });
    }
  }

  /** Takes an answer that came in another way, such as that of a change. */
  take<N extends FetchedName>(name: N, of: string, value: ValueOf<N>): void {
    this.put({ [name]: { of, value, loading: false, problem: null } } as Partial<ManageState>);
  }
}
