import { createHash, randomBytes } from 'node:crypto';
import type { Tokens } from '@spark-control/core';

/** {@link Tokens} of the system's randomness. 128 bits need no slow hash: SHA-256 of one cannot be turned back by trying. */
export class RandomTokens implements Tokens {
  mint(prefix: 'lck' | 'tkt' | 'whsec'): string {
    return prefix === 'whsec' ? `whsec_${randomBytes(32).toString('base64')}` : `${prefix}_${randomBytes(16).toString('hex')}`;
  }

  digest(token: string): string {
    return createHash('sha256').update(token).digest('hex');
  }
}
