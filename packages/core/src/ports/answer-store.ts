/** A stored answer of an idempotent request. */
export type StoredAnswer = Readonly<{ status: number; headers: Readonly<Record<string, string>>; body: string }>;

export type AnswerLookup = Readonly<
  { kind: 'new' } | { kind: 'replay'; answer: StoredAnswer } | { kind: 'running' } | { kind: 'other_body' }
>;

/**
 * Remembers answers by Idempotency-Key for 24 h, per caller and route.
 * Contract: `begin` and the insertion of the key are one atomic step; of two equal calls one gets `new`, the other `running`.
 */
export interface AnswerStore {
  begin(key: string, bodyHash: string, now: number): Promise<AnswerLookup>;
  complete(key: string, answer: StoredAnswer, now: number): Promise<void>;
  /** Forgets a key whose request came to no answer (a 5xx), so that a retry runs again. */
  abandon(key: string): Promise<void>;
}
