/** Time as the client sees it, replaceable in tests. Milliseconds. */
export type ClientClock = Readonly<{
  /** Never goes back and is not moved by whoever sets the machine's clock: waits and leases are measured with it. */
  monotonic(): number;
  /** Rejects with the reason of `signal` when that aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}>;

const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemClock: ClientClock = {
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const onAbort = (): void => {
        clearTimeout(timer);
        reject(signal?.reason as Error);
      };
      const timer = setTimeout(
        () => {
          // A signal outlives the sleeps on it by far: a listener left behind for each would be a leak.
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
        Math.min(Math.max(0, ms), LONGEST_TIMER_MS),
      );
      signal?.addEventListener('abort', onAbort, { once: true });
    }),
};
