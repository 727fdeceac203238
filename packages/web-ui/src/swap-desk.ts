import type { Api } from './api.ts';
import type { Asker } from './asker.ts';
import type { LockDesk } from './lock-desk.ts';
import { foreignLock, ownLock } from './lock-state.ts';
import { type AppState, onSwap } from './state.ts';
import type { Store } from './store.ts';
import { ApiError, problemFrom } from './transport.ts';
import { lockedProblem } from './view-models/lock.ts';
import type { Swap, SwapBody } from './wire.ts';

/** What the desk needs from the rest of the controller. */
export type SwapSurroundings = Readonly<{ locks: LockDesk; randomKey(): string; follow(swap: string): void }>;

/** Checks before a swap, starts, cancels and fetches one. */
export class SwapDesk {
  readonly #store: Store<AppState>;
  readonly #api: Api;
  readonly #asker: Asker;
  readonly #around: SwapSurroundings;
  #preflightAbort: AbortController | null = null;

  constructor(store: Store<AppState>, api: Api, asker: Asker, around: SwapSurroundings) {
    this.#store = store;
    this.#api = api;
    this.#asker = asker;
    this.#around = around;
  }

  async load(id: string): Promise<void> {
    try {
      const swap = await this.#api.swap(id);
      this.#store.update((state) => onSwap(state, swap));
    } catch (error) {
      const problem = problemFrom(error);
      this.#store.update(({ swapProblems }) => ({ swapProblems: { ...swapProblems, [id]: problem } }));
    }
  }

  async preflight(): Promise<void> {
    const { dialog } = this.#store.get();
    if (dialog?.kind !== 'swap') return;
    this.#preflightAbort?.abort();
    const abort = new AbortController();
    this.#preflightAbort = abort;
    this.#store.update(({ preflight }) => ({ preflight: { ...preflight, loading: true, problem: null } }));
    try {
      const value = await this.#api.validate(dialog.model, dialog.cluster, abort.signal);
      if (!abort.signal.aborted) this.#store.set({ preflight: { value, loading: false, problem: null } });
    } catch (error) {
      if (!abort.signal.aborted) this.#store.set({ preflight: { value: null, loading: false, problem: problemFrom(error) } });
    }
  }

  /** Nobody waits for the check any more. */
  dropPreflight(): void {
    this.#preflightAbort?.abort();
  }

  async submit(body: SwapBody): Promise<void> {
    const cluster = body.cluster ?? '';
    const ask = async (): Promise<Swap> => {
      this.#refuseWhileLocked(body, cluster);
      try {
        return await this.#api.startSwap(body, this.#around.randomKey(), ownLock(this.#store.get(), cluster)?.lockId ?? null);
      } catch (error) {
        this.#around.locks.onRefused(cluster, problemFrom(error).status);
        throw error;
      }
    };
    await this.#asker.fromDialog(ask, (swap) => {
      this.#store.update((state) => onSwap(state, swap));
      this.#around.follow(swap.id);
    });
  }

  /** As the server would, without bothering it; but only on what it said just now. */
  #refuseWhileLocked({ on_busy }: SwapBody, cluster: string): void {
    const state = this.#store.get();
    const lock = foreignLock(state, cluster);
    if (lock !== null && on_busy !== 'queue' && state.connection.state === 'live') throw new ApiError(lockedProblem(lock));
  }

  async cancel(id: string): Promise<void> {
    await this.#asker.fromDialog(
      () => this.#api.cancelSwap(id),
      (swap) => this.#store.update((state) => onSwap(state, swap)),
    );
  }
}
