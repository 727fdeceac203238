import { clusterKey, type Lease, type Ticket, ticket } from '../../src/index.ts';
import { decide, type LockOutcome, type LockRequest } from '../../src/lock/decide.ts';
import { type LockBook, type Now, restoreBook, type SwapClaim, type Work } from '../../src/lock/lock-book.ts';

const CLUSTER = clusterKey('default');

/** The real thing under test: the book, what the store has, and clocks that can be set, stopped and lost. */
export class LockWorld {
  /** Time as it really passes, ms. */
  truth = 0;
  #wallOffset = 1_700_000_000_000;
  #bootedAt = 0;
  #boots = 1;
  #arrivals = 0;
  readonly stored = new Map<number, Lease>();
  /** Counter of the store, raised with every stored lease. */
  storedFence = 0;
  work: Work = { active: null, queued: [] };
  book: LockBook;

  constructor() {
    this.book = restoreBook(CLUSTER, [], 0, this.now());
  }

  now(): Now {
    return { wall: this.truth + this.#wallOffset, monotonic: this.truth - this.#bootedAt, timeBase: `boot ${this.#boots}` };
  }

  ask(request: LockRequest): LockOutcome {
    const { book, outcome, stored } = decide(this.book, request, this.work, this.now());
    if (stored !== null) {
      this.stored.set(stored.fence, stored);
      this.storedFence = Math.max(this.storedFence, book.lastFence);
    }
    this.book = book;
    return outcome;
  }

  place(name: string): { ticket: Ticket; arrival: number } {
    this.#arrivals += 1;
    return { ticket: ticket(name), arrival: this.#arrivals };
  }

  claim(id: string, lease: number | null): SwapClaim {
    this.#arrivals += 1;
    return {
      id: id as SwapClaim['id'],
      requestedBy: `by ${id}`,
      reason: null,
      lease,
      fence: null,
      since: this.now().wall,
      arrival: this.#arrivals,
    };
  }

  setWallClock(byMs: number): void {
    this.#wallOffset += byMs;
  }

  /** The process ends and another takes up what the store has; queued waiters are gone. `isReboot`: the machine too. */
  restart(isReboot: boolean): void {
    if (isReboot) {
      this.#boots += 1;
      this.#bootedAt = this.truth;
    }
    this.book = restoreBook(CLUSTER, [...this.stored.values()], this.storedFence, this.now());
  }
}
