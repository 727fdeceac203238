import type { Tokens } from '../../src/index.ts';

/** Tokens that a test can foresee. Several may share a process: `name` keeps those of two lives of one server apart. */
export class FakeTokens implements Tokens {
  #last = 0;
  readonly #name: string;

  constructor(name = '') {
    this.#name = name;
  }

  mint(prefix: 'lck' | 'tkt' | 'whsec'): string {
    this.#last += 1;
    return `${prefix}_${this.#name}${String(this.#last).padStart(4, '0')}`;
  }

  digest(token: string): string {
    return `digest of ${token}`;
  }
}
