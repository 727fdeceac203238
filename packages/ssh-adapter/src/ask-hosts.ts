import { type HostKey, isSparkError } from '@spark-control/core';
import type { HostShell } from './cluster-hosts.ts';

export type Unreachable = Readonly<{ host: HostKey; reachable: false; code: string; reason: string }>;

/** Asks hosts side by side. One that gives no answer says so in place of it; nothing but an abort rejects. */
export function askHosts<T>(
  hosts: readonly HostShell[],
  signal: AbortSignal,
  ask: (on: HostShell) => Promise<T>,
): Promise<readonly (T | Unreachable)[]> {
  return Promise.all(
    hosts.map(async (on): Promise<T | Unreachable> => {
      try {
        return await ask(on);
      } catch (error) {
        signal.throwIfAborted();
        if (!isSparkError(error)) throw error;
        return { host: on.host.key, reachable: false, code: error.code, reason: error.message };
      }
    }),
  );
}
