import type { LockAction } from './actions.ts';
import type { Api } from './api.ts';
import type { Asker } from './asker.ts';
import { isOver, onLock, without } from './lock-state.ts';
import type { AppState, OwnLock } from './state.ts';
import type { Store } from './store.ts';
import { problemFrom } from './transport.ts';
import type { AcquireBody, Grant, Lock } from './wire.ts';

/** What the desk needs from the browser. */
export type LockSurroundings = Readonly<{
  /** A clock that nobody can set, in ms. */
  monotonic(): number;
  randomKey(): string;
  remember(name: string, value: string): void;
  /** Keeps the locks of this tab where only this tab finds them, over a reload. */
  keepLocks(locks: Readonly<Record<string, OwnLock>>): void;
  after(ms: number): Promise<void>;
}>;

/** One request waits this long for the lock. Short, so that who leaves the line is soon out of everybody's way. */
const WAIT_SECONDS = 10;
/** Long enough to be given a place in line, short enough for a dialog. */
const FIRST_WAIT_SECONDS = 1;
const RETRY_MS = 2_000;
/** The server keeps a place for 30 s. */
const TRIES_WITHOUT_ANSWER = 12;
/** Answers that mean: there is no such lock any more. */
const ENDED: readonly number[] = [404, 410, 412];

type Place = Readonly<{ ticket: string; position: number | null }>;

/** Acquires, renews, releases and breaks locks, and stands in line for them. */
export class LockDesk {
  readonly #store: Store<AppState>;
  readonly #api: Api;
  readonly #asker: Asker;
  readonly #around: LockSurroundings;
  /** By cluster, the wait that still counts; one that was left must give back what it gets. */
  readonly #lines = new Map<string, object>();
  #unanswered: Readonly<{ text: string; key: string }> | null = null;

  constructor(store: Store<AppState>, api: Api, asker: Asker, around: LockSurroundings) {
    this.#store = store;
    this.#api = api;
    this.#asker = asker;
    this.#around = around;
  }

  perform(action: LockAction): void {
    switch (action.kind) {
      case 'acquire_lock':
        this.#acquire(action);
        break;
      case 'leave_line':
        this.#lines.delete(action.cluster);
        this.#endWait(action.cluster);
        break;
      case 'renew_lock':
        void this.#withOwn('renew', action.cluster, async (lockId) => {
          const { ttl_seconds } = await this.#api.renewLock(lockId);
          return `Renewed for ${Math.round(ttl_seconds / 60)} min`;
        });
        break;
      case 'release_lock':
        void this.#withOwn('release', action.cluster, async (lockId) => {
          await this.#api.releaseLock(lockId);
          this.forget(action.cluster);
          return 'Lock released';
        });
        break;
      case 'break_lock':
        void this.#asker.fromDialog(
          () => this.#api.breakLock(action.cluster, action.reason),
          ({ holder }) => {
            this.#asker.toast('ok', `The lock of ${holder} is broken`);
            void this.refresh(action.cluster);
          },
        );
        break;
      default:
        action satisfies never;
    }
  }

  onLock(lock: Lock): void {
    this.#store.update((state) => onLock(state, lock, this.#around.monotonic()));
    this.checkOwn();
  }

  /** Forgets locks that the server says are over. */
  checkOwn(): void {
    const { ownLocks, locks, busy } = this.#store.get();
    for (const [cluster, own] of Object.entries(ownLocks)) {
      const seen = locks[cluster];
      // The word of a release may come before its answer.
      if (busy.includes(`release/${cluster}`)) continue;
      if (seen !== undefined && isOver(own, seen.lock)) this.#lose(cluster, 'it was released, broken or ran out');
    }
  }

  /** Asks anew how much is left: after a pause, what was counted here may be wrong. */
  async refresh(cluster: string): Promise<void> {
    const askedAt = this.#around.monotonic();
    const lock = await this.#api.lock(cluster).catch(() => null);
    // What the stream said meanwhile is newer than this answer.
    if (lock !== null && (this.#store.get().locks[cluster]?.at ?? 0) <= askedAt) this.onLock(lock);
  }

  refreshAll(): void {
    for (const { key } of this.#store.get().status?.clusters ?? []) void this.refresh(key);
  }

  /** A swap was refused because of the lock that was sent along. */
  onRefused(cluster: string, status: number): void {
    if (status === 410 || status === 412) this.#lose(cluster, 'the server does not take it any more');
  }

  forget(cluster: string): void {
    this.#store.update(({ ownLocks }) => ({ ownLocks: without(ownLocks, cluster) }));
    this.#around.keepLocks(this.#store.get().ownLocks);
  }

  #lose(cluster: string, why: string): void {
    if (this.#store.get().ownLocks[cluster] === undefined) return;
    this.forget(cluster);
    this.#asker.toast('bad', `Your lock is over: ${why}`);
  }

  async #withOwn(verb: string, cluster: string, ask: (lockId: string) => Promise<string>): Promise<void> {
    const own = this.#store.get().ownLocks[cluster];
    if (own === undefined) return;
    const send = async (): Promise<string> => {
      try {
        return await ask(own.lockId);
      } catch (error) {
        if (ENDED.includes(problemFrom(error).status)) this.forget(cluster);
        throw error;
      }
    };
    await this.#asker.fromPage(`${verb}/${cluster}`, send, (words) => this.#asker.toast('ok', words));
    await this.refresh(cluster);
  }

  #acquire({ cluster, holder, ttlSeconds, reason, wait }: Extract<LockAction, { kind: 'acquire_lock' }>): void {
    this.#around.remember('holder', holder);
    this.#store.set({ holder });
    const body: AcquireBody = { holder, ttl_seconds: ttlSeconds, cluster, ...(reason && { reason }) };
    void this.#asker.fromDialog(
      () => this.#take({ ...body, wait_seconds: wait ? FIRST_WAIT_SECONDS : 0 }),
      (answer) => {
        if ('lock_id' in answer) this.#keep(answer);
        else void this.#wait(body, answer);
      },
    );
  }

  /** The lock, or a place in line. An answer that was lost may have been the grant: the next try asks with the same key. */
  async #take(body: AcquireBody): Promise<Grant | Place> {
    const text = JSON.stringify(body);
    const key = this.#unanswered?.text === text ? this.#unanswered.key : this.#around.randomKey();
    this.#unanswered = { text, key };
    try {
      const grant = await this.#api.acquireLock(body, key);
      this.#unanswered = null;
      return grant;
    } catch (error) {
      const { ticket, position, status } = problemFrom(error);
      if (status !== 0) this.#unanswered = null;
      if (ticket === undefined) throw error;
      return { ticket, position: position ?? null };
    }
  }

  /** Stands in line until it is granted, refused for another reason than that it is held, or the reader leaves. */
  async #wait(body: AcquireBody, first: Place): Promise<void> {
    const cluster = body.cluster ?? '';
    const line = {};
    this.#lines.set(cluster, line);
    const isLeft = (): boolean => this.#lines.get(cluster) !== line;
    let { ticket } = first;
    this.#stand(cluster, body.holder, first.position);
    let key = this.#around.randomKey();
    let unanswered = 0;
    while (!isLeft()) {
      try {
        const grant = await this.#api.acquireLock({ ...body, wait_seconds: WAIT_SECONDS, ticket }, key);
        return isLeft() ? void this.#giveBack(grant) : this.#keep(grant);
      } catch (error) {
        const problem = problemFrom(error);
        if (isLeft()) return;
        if (problem.ticket !== undefined) {
          ticket = problem.ticket;
          unanswered = 0;
          this.#stand(cluster, body.holder, problem.position ?? null);
          key = this.#around.randomKey();
          continue;
        }
        unanswered += 1;
        // With the same key, as the answer that was lost may have been the grant.
        if ((problem.status !== 0 && problem.status !== 503) || unanswered > TRIES_WITHOUT_ANSWER) {
          this.#endWait(cluster);
          return this.#asker.toast('bad', `No longer in line: ${problem.detail}`);
        }
        await this.#around.after(RETRY_MS);
      }
    }
  }

  #keep(grant: Grant): void {
    const { cluster, lock_id: lockId, holder, fence } = grant;
    this.#endWait(cluster);
    this.#store.update(({ ownLocks }) => ({ ownLocks: { ...ownLocks, [cluster]: { lockId, holder, fence } } }));
    this.#around.keepLocks(this.#store.get().ownLocks);
    this.#asker.toast('ok', `You hold the lock as ${holder}`);
    void this.refresh(cluster);
  }

  /** Nobody wants it any more; without this it would be held until its time is over. */
  async #giveBack({ lock_id: lockId, cluster }: Grant): Promise<void> {
    await this.#api.releaseLock(lockId).catch(() => null);
    await this.refresh(cluster);
  }

  #stand(cluster: string, holder: string, position: number | null): void {
    this.#store.update(({ waits }) => ({ waits: { ...waits, [cluster]: { holder, position } } }));
  }

  #endWait(cluster: string): void {
    this.#store.update(({ waits }) => ({ waits: without(waits, cluster) }));
  }
}
