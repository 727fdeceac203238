/** A map that forgets its oldest entries beyond `limit`, except those that `isNeeded`. */
export class KeptMap<K, V> {
  readonly #entries = new Map<K, V>();
  readonly #limit: number;
  readonly #isNeeded: (key: K) => boolean;

  constructor(limit: number, isNeeded: (key: K) => boolean = () => false) {
    this.#limit = limit;
    this.#isNeeded = isNeeded;
  }

  get(key: K): V | undefined {
    return this.#entries.get(key);
  }

  set(key: K, value: V): void {
    this.#entries.set(key, value);
    for (const [old] of this.#entries) {
      if (this.#entries.size <= this.#limit) return;
      if (old !== key && !this.#isNeeded(old)) this.#entries.delete(old);
    }
  }

  values(): readonly V[] {
    return [...this.#entries.values()];
  }
}
