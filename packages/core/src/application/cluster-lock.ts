import type { Actor } from '../audit/audit-entry.ts';
import type { LockId, Ticket } from '../ids.ts';
import type { LockView } from '../lock/lease.ts';
import type { Clock } from '../ports/clock.ts';
import { linkedAbort } from './linked-abort.ts';
import type { AcquireDecision, AcquireRequest, BreakDecision, ReleaseDecision, RenewDecision } from './lock-api.ts';
import type { LockKeeper, Wait } from './lock-keeper.ts';
import type { Serial } from './serial.ts';

type ClusterLockOptions = Readonly<{
  keeper: LockKeeper;
  serial: Serial;
  clock: Clock;
  /** Called inside the serial section whenever the lock may have become free. */
  moveOn: () => Promise<unknown>;
  closing: AbortSignal;
}>;

/** The lock of one cluster as callers use it: each call takes its turn in the arbiter, and waits outside of it. */
export class ClusterLock {
  readonly #options: ClusterLockOptions;

  constructor(options: ClusterLockOptions) {
    this.#options = options;
  }

  get view(): LockView {
    return this.#options.keeper.view;
  }

  /** True for the id of the lock that is held now. */
  isHeldBy(id: string): boolean {
    return this.#options.keeper.standing(id).kind === 'ours';
  }

  knows(digest: string): boolean {
    return this.#options.keeper.knows(digest);
  }

  async acquire(request: AcquireRequest, signal: AbortSignal): Promise<AcquireDecision> {
    const { keeper } = this.#options;
    const first = await this.#inTurn(async () => {
      await keeper.sweep();
      return keeper.ask(request);
    });
    if (first.kind !== 'waiting') return first;
    await this.#turnOf(first.wait, request.waitMs, signal);
    return this.#inTurn(() => keeper.endWait(first.wait));
  }

  renew(id: LockId, ttlMs: number | null, actor: Actor): Promise<RenewDecision> {
    return this.#inTurn(() => this.#options.keeper.renew(id, ttlMs, actor));
  }

  async release(id: LockId, actor: Actor): Promise<ReleaseDecision> {
    return this.#freeing(() => this.#options.keeper.release(id, actor));
  }

  /** True when somebody stands in this line with that ticket. */
  hasPlace(ticket: Ticket): boolean {
    return this.#options.keeper.hasPlace(ticket);
  }

  leave(ticket: Ticket): Promise<void> {
    return this.#freeing(() => this.#options.keeper.leave(ticket));
  }

  async break(reason: string, actor: Actor): Promise<BreakDecision> {
    return this.#freeing(() => this.#options.keeper.break(reason, actor));
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    return this.#options.serial.run(task);
  }

  /** The lock is free on disk: whoever is next gets it now, and trouble with that is not the caller's. */
  #freeing<T>(task: () => Promise<T>): Promise<T> {
    return this.#inTurn(async () => {
      const decision = await task();
      await this.#options.moveOn().catch(() => undefined); // the tick does it again
      return decision;
    });
  }

  /** Until it is granted, the time is over, the caller has gone or the server stops. */
  async #turnOf(wait: Wait, waitMs: number, signal: AbortSignal): Promise<void> {
    const { clock, closing } = this.#options;
    const caller = linkedAbort(signal);
    const onClose = (): void => caller.abort(closing.reason);
    closing.addEventListener('abort', onClose, { once: true });
    if (closing.aborted) onClose();
    try {
      await Promise.race([wait.granted, clock.sleep(waitMs, caller.signal).catch(() => undefined)]);
    } finally {
      caller.abort(new Error('the wait is over')); // ends the sleep
      caller.release();
      closing.removeEventListener('abort', onClose);
    }
  }
}
