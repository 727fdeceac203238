/**
 * Secrets that prove something, and their digests. Contract: `mint` gives at least 128 random bits behind `prefix_`
 * (`whsec_`: 256 bits in base64, as Standard Webhooks has it); `digest` is one-way, the same in every process, and safe to store.
 */
export interface Tokens {
  mint(prefix: 'lck' | 'tkt' | 'whsec'): string;
  digest(token: string): string;
}
