import type { AnswerLookup, AnswerStore, StoredAnswer } from '../../src/index.ts';

type Row = { readonly bodyHash: string; readonly answer: StoredAnswer | null; readonly expiresAt: number };

const DAY_MS = 24 * 3600 * 1000;

/** {@link AnswerStore} in memory. */
export class MemoryAnswers implements AnswerStore {
  readonly #rows = new Map<string, Row>();

  async begin(key: string, bodyHash: string, now: number): Promise<AnswerLookup> {
    const row = this.#rows.get(key);
    if (row === undefined || row.expiresAt <= now) {
      this.#rows.set(key, { bodyHash, answer: null, expiresAt: now + DAY_MS });
      return { kind: 'new' };
    }
    if (row.bodyHash !== bodyHash) return { kind: 'other_body' };
    return row.answer === null ? { kind: 'running' } : { kind: 'replay', answer: row.answer };
  }

  async complete(key: string, answer: StoredAnswer, now: number): Promise<void> {
    const row = this.#rows.get(key);
    if (row !== undefined) this.#rows.set(key, { ...row, answer, expiresAt: now + DAY_MS });
  }

  async abandon(key: string): Promise<void> {
    if (this.#rows.get(key)?.answer === null) this.#rows.delete(key);
  }
}
