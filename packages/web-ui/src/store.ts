/** Called with the new value after it changed. */
type Listener<T> = (value: T) => void;

/**
 * One value that parts of the page watch. `set` takes the fields that change; `select` calls back only when what it
 * picks is another value by `Object.is`, so a pick must return something the state holds, not something made on the spot.
 */
export class Store<S extends object> {
  #state: S;
  readonly #watchers = new Set<() => void>();

  constructor(initial: S) {
    this.#state = initial;
  }

  get(): S {
    return this.#state;
  }

  set(change: Partial<S>): void {
    const before = this.#state;
    const changed = (Object.keys(change) as (keyof S)[]).some((key) => !Object.is(before[key], change[key]));
    if (!changed) return;
    this.#state = { ...before, ...change };
    for (const watcher of [...this.#watchers]) watcher();
  }

  /** Changes the state by a pure function of it. */
  update(change: (state: S) => Partial<S>): void {
    this.set(change(this.#state));
  }

  /** Calls back at once with the present value, then at each change, until the returned function is called. */
  select<T>(pick: (state: S) => T, callback: Listener<T>): () => void {
    let last = pick(this.#state);
    const watcher = (): void => {
      const value = pick(this.#state);
      if (Object.is(value, last)) return;
      last = value;
      callback(value);
    };
    this.#watchers.add(watcher);
    callback(last);
    return () => this.#watchers.delete(watcher);
  }
}
