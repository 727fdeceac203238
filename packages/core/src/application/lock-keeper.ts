import { type Actor, type AuditAction, CONTROL_PLANE } from '../audit/audit-entry.ts';
import { SparkError } from '../errors.ts';
import { type ClusterKey, type LockId, lockId, type SwapId, type Ticket, ticket } from '../ids.ts';
import { decide, type LockDecision, type LockOutcome, type LockRequest } from '../lock/decide.ts';
import { endOf, REMEMBERED_MS } from '../lock/ended-leases.ts';
import type { Lease, LockFacts, LockView } from '../lock/lease.ts';
import { factsOf, inTheWay, type LockBook, type Now, restoreBook, viewOf, type Work } from '../lock/lock-book.ts';
import { nextSwap, orphans, type Standing, standingOf } from '../lock/standing.ts';
import { findWaiter, KEPT_MS } from '../lock/waiting-line.ts';
import type { NoticeType } from '../webhook/notice.ts';
import type { Arrivals } from './arrivals.ts';
import type { CoreDeps } from './core-deps.ts';
import type { NumberedEvent } from './events.ts';
import type { Feed } from './feed.ts';
import type { AcquireDecision, AcquireRequest, BreakDecision, Grant, ReleaseDecision, RenewDecision } from './lock-api.ts';

/** Somebody whose request is open. `grant` is there as soon as the lock is theirs. */
export type Wait = {
  readonly ticket: Ticket;
  readonly actor: Actor;
  readonly granted: Promise<void>;
  grant: Grant | null;
  wake: () => void;
};

type Held = Extract<AcquireDecision, { kind: 'held' }>;
type AskDecision = AcquireDecision | Readonly<{ kind: 'waiting'; wait: Wait }>;

/** How a stored lease is told of. */
const TOLD: Readonly<Partial<Record<LockOutcome['kind'], Readonly<{ action: AuditAction; notice: NoticeType & `lock_${string}` }>>>> = {
  granted: { action: 'lock_acquired', notice: 'lock_acquired' },
  released: { action: 'lock_released', notice: 'lock_released' },
  expired: { action: 'lock_expired', notice: 'lock_expired' },
  broken: { action: 'lock_broken', notice: 'lock_broken' },
};

/**
 * Keeps the lock of one cluster: has the pure rules decide, makes the outcome durable, and only then lets it be known. Every
 * method that changes something is called inside the arbiter's serial section.
 */
export class LockKeeper {
  readonly #cluster: ClusterKey;
  readonly #deps: CoreDeps;
  readonly #feed: Feed;
  readonly #work: () => Work;
  readonly #arrivals: Arrivals;
  readonly #waits = new Map<Ticket, Wait>();
  #book: LockBook;
  #shown = '';

  constructor(cluster: ClusterKey, deps: CoreDeps, feed: Feed, arrivals: Arrivals, work: () => Work) {
    this.#cluster = cluster;
    this.#deps = deps;
    this.#feed = feed;
    this.#arrivals = arrivals;
    this.#work = work;
    this.#book = restoreBook(cluster, [], 0, this.#now());
  }

  /** Takes up what the store has. Before that nothing is held. */
  async restore(): Promise<void> {
    const leases = await this.#deps.leases.leases(this.#cluster, this.#deps.clock.now() - REMEMBERED_MS);
    this.#book = restoreBook(this.#cluster, leases, await this.#deps.fences.current(this.#cluster), this.#now());
    this.#shown = shownOf(this.view);
    await this.sweep().catch(() => undefined); // a full disk must not keep the server from starting: the tick does it
  }

  get view(): LockView {
    return viewOf(this.#book, this.#work(), this.#now());
  }

  standing(id: string | null): Standing {
    return standingOf(this.#book, id === null ? null : this.#deps.tokens.digest(id), this.#work(), this.#now());
  }

  /** True for the id of a lock that lives or has lived here lately. */
  knows(digest: string): boolean {
    return this.#book.live?.lockDigest === digest || endOf(this.#book.ended, digest) !== null;
  }

  nextSwap(): SwapId | null {
    return nextSwap(this.#book, this.#work(), this.#now());
  }

  orphans(): readonly SwapId[] {
    return orphans(this.#book, this.#work());
  }

  /** A swap has claimed this fence on the hosts: no grant may come below it. */
  sawFence(fence: number): void {
    this.#book = { ...this.#book, lastFence: Math.max(this.#book.lastFence, fence) };
  }

  async ask(request: AcquireRequest): Promise<AskDecision> {
    const { holder, reason, ttlMs, waitMs, actor } = request;
    const id = this.#mint();
    const place = waitMs > 0 ? { ticket: ticket(this.#deps.tokens.mint('tkt')), arrival: this.#arrivals.next() } : null;
    const lockDigest = this.#deps.tokens.digest(id);
    const wish = { type: 'acquire', holder, reason, ttlMs, lockDigest, ticket: request.ticket, place } as const;
    const outcome = await this.#take(wish, actor);
    switch (outcome.kind) {
      case 'granted':
        return { kind: 'granted', grant: grantOf(outcome.lease, id) };
      case 'waiting':
        if (place === null) return this.#held(outcome.inTheWay, { position: outcome.position, ticket: outcome.ticket });
        return { kind: 'waiting', wait: this.#open(outcome.ticket, actor) };
      case 'held':
        return this.#held(outcome.inTheWay, null);
      case 'line_full':
        throw new SparkError('QUEUE_FULL', 'So many wait for this lock already that nobody more is let in line.');
      default:
        throw new TypeError(`${outcome.kind} does not answer an acquire`);
    }
  }

  /** The request of a waiter is over: it was granted meanwhile, or its place is kept for a while. */
  async endWait(wait: Wait): Promise<AcquireDecision> {
    if (wait.grant !== null) return { kind: 'granted', grant: wait.grant };
    const facts = this.#inTheWay();
    // Somebody came back with the same ticket before this request was seen to have ended: the place is theirs now.
    if (this.#waits.get(wait.ticket) !== wait) return this.#held(facts, null);
    this.#waits.delete(wait.ticket);
    const position = this.#positionOf(wait.ticket);
    await this.#take({ type: 'detach', ticket: wait.ticket }, CONTROL_PLANE);
    return this.#held(facts, position === null ? null : { position, ticket: wait.ticket });
  }

  hasPlace(name: Ticket): boolean {
    return findWaiter(this.#book.line, name) !== null;
  }

  /** Gives a place up. A request that is open for it ends as not granted. */
  async leave(name: Ticket): Promise<void> {
    await this.#take({ type: 'leave', ticket: name }, CONTROL_PLANE);
    this.#waits.get(name)?.wake();
    this.#waits.delete(name);
  }

  async renew(id: LockId, ttlMs: number | null, actor: Actor): Promise<RenewDecision> {
    const outcome = await this.#take({ type: 'renew', lockDigest: this.#deps.tokens.digest(id), ttlMs }, actor);
    if (outcome.kind === 'renewed') return { ...outcome, renewAfterMs: renewAfterMs(outcome.lease) };
    if (outcome.kind === 'expired' || outcome.kind === 'fenced_off') return outcome;
    throw new TypeError(`${outcome.kind} does not answer a renewal`);
  }

  async release(id: LockId, actor: Actor): Promise<ReleaseDecision> {
    const outcome = await this.#take({ type: 'release', lockDigest: this.#deps.tokens.digest(id) }, actor);
    switch (outcome.kind) {
      case 'released':
      case 'not_found':
      case 'expired':
      case 'fenced_off':
      case 'swap_running':
        return outcome;
      default:
        throw new TypeError(`${outcome.kind} does not answer a release`);
    }
  }

  async break(reason: string, actor: Actor): Promise<BreakDecision> {
    const outcome = await this.#take({ type: 'break', by: actor.name, reason }, actor);
    if (outcome.kind === 'broken') return outcome;
    return { kind: 'not_held', view: this.view };
  }

  /** Ends a lock whose time is over. */
  async sweep(): Promise<void> {
    await this.#take({ type: 'sweep' }, CONTROL_PLANE);
  }

  /** Gives a free lock to who is first in line. */
  async serve(): Promise<void> {
    if (this.#waits.size === 0) return;
    const id = this.#mint();
    const outcome = await this.#take({ type: 'serve', lockDigest: this.#deps.tokens.digest(id) }, CONTROL_PLANE);
    if (outcome.kind !== 'granted' || outcome.ticket === null) return;
    const wait = this.#waits.get(outcome.ticket);
    if (wait === undefined) return;
    this.#waits.delete(outcome.ticket);
    wait.grant = grantOf(outcome.lease, id);
    wait.wake();
  }

  /** Tells of whatever changed without a lease of its own: the line, a swap that begins or ends, a lock that drains. */
  async publishChange(): Promise<void> {
    const lock = this.view;
    const shown = shownOf(lock);
    if (shown === this.#shown) return;
    const at = this.#deps.clock.now();
    const events = await this.#deps.journal.commit({ events: [{ kind: 'lock', cluster: this.#cluster, swapId: null, at, lock }] });
    this.#shown = shown;
    for (const event of events) this.#feed.publish(event);
  }

  async #take(request: LockRequest, actor: Actor): Promise<LockOutcome> {
    const now = this.#now();
    const decision = decide(this.#book, request, this.#work(), now);
    const events = decision.stored === null ? [] : await this.#commit(decision, decision.stored, actor, now);
    this.#book = decision.book;
    for (const event of events) this.#feed.publish(event);
    return decision.outcome;
  }

  /** First on disk, then true. A store that refuses leaves the book as it was. */
  async #commit({ book, outcome }: LockDecision, lease: Lease, actor: Actor, now: Now): Promise<readonly NumberedEvent[]> {
    const told = TOLD[outcome.kind];
    const lock = viewOf(book, this.#work(), now);
    const note = outcome.kind === 'broken' ? (lease.ended?.note ?? null) : lease.reason;
    const action = told?.action ?? (outcome.kind === 'renewed' ? 'lock_renewed' : null);
    const isServed = outcome.kind === 'granted' && outcome.ticket !== null && actor === CONTROL_PLANE;
    const who = (isServed ? this.#waits.get(outcome.ticket)?.actor : null) ?? actor;
    const { cluster, fence, holder } = lease;
    const events = await this.#deps.journal.commit({
      lease,
      fence: { cluster, value: book.lastFence },
      events: [{ kind: 'lock', cluster, swapId: null, at: now.wall, lock }],
      ...(action === null ? {} : { audit: [{ at: now.wall, actor: who, action, cluster, target: holder, fence, note }] }),
      ...(told === undefined ? {} : { notices: [this.#noticeOf(told.notice, lease, now)] }),
    });
    this.#deps.failpoint?.(`after_commit_lock_${outcome.kind}`);
    this.#shown = shownOf(lock);
    return events;
  }

  #noticeOf(type: NoticeType & `lock_${string}`, lease: Lease, now: Now) {
    const { by, note } = lease.ended ?? { by: null, note: null };
    return { type, at: now.wall, cluster: this.#cluster, lock: factsOf(lease, now), by, note } as const;
  }

  #open(name: Ticket, actor: Actor): Wait {
    this.#waits.get(name)?.wake();
    let wake = (): void => undefined;
    const granted = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const wait: Wait = { ticket: name, actor, granted, grant: null, wake };
    this.#waits.set(name, wait);
    return wait;
  }

  #held(inTheWay: LockFacts, waiting: Held['waiting']): Held {
    const seconds = retryAfterSeconds(inTheWay);
    return { kind: 'held', inTheWay, waiting, retryAfterSeconds: waiting === null ? seconds : Math.min(seconds, RETURN_SECONDS) };
  }

  #positionOf(name: Ticket): number | null {
    const index = this.#book.line.findIndex((waiter) => waiter.ticket === name);
    if (index < 0) return null;
    const waiter = this.#book.line[index];
    const swapsBefore = this.#work().queued.filter(({ lease, arrival }) => lease === null && arrival < (waiter?.arrival ?? 0)).length;
    return index + 1 + swapsBefore;
  }

  /** What a waiter that is still in line waits for. One whose place somebody else took up may find nothing any more. */
  #inTheWay(): LockFacts {
    const facts = inTheWay(this.#book, this.#work(), this.#now());
    if (facts !== null) return facts;
    const { lastFence: fence } = this.#book;
    const at = this.#deps.clock.now();
    return { holder: 'nobody', reason: null, fence, implicit: true, acquiredAt: at, expiresAt: at, remainingMs: 0 };
  }

  #mint(): LockId {
    return lockId(this.#deps.tokens.mint('lck'));
  }

  #now(): Now {
    const { clock } = this.#deps;
    return { wall: clock.now(), monotonic: clock.monotonic(), timeBase: clock.timeBase };
  }
}

const renewAfterMs = ({ ttlMs }: Lease): number => Math.max(1_000, Math.floor(ttlMs / 3));

const grantOf = (lease: Lease, id: LockId): Grant => ({ lease, lockId: id, renewAfterMs: renewAfterMs(lease) });

/** A lock is often released before its time: nobody should stay away for hours. */
const LONGEST_RETRY_SECONDS = 60;
/** Who has a ticket has to be back well before its place is given up. */
const RETURN_SECONDS = KEPT_MS / 3_000;

export function retryAfterSeconds({ remainingMs }: LockFacts): number {
  return remainingMs === null ? 5 : Math.min(LONGEST_RETRY_SECONDS, Math.max(1, Math.ceil(remainingMs / 1_000)));
}

/** What people would notice: not that a second has gone by. */
function shownOf({ lock, ...rest }: LockView): string {
  const facts = lock === null ? null : { holder: lock.holder, reason: lock.reason, fence: lock.fence, implicit: lock.implicit };
  return JSON.stringify({ ...rest, lock: facts });
}
