import { foreignLock, ownLock, secondsLeft } from '../lock-state.ts';
import { type AppState, currentCluster, serverNow } from '../state.ts';
import type { Lock, Problem } from '../wire.ts';
import { clock, instant, span, wallTime } from './format.ts';
import { type Mark, mark } from './mark.ts';

type Facts = NonNullable<Lock['lock']>;

export type LockView = Readonly<{
  cluster: string;
  mark: Mark;
  /** Who holds the GPU, for example `nightly-batch`. */
  title: string;
  reason: string | null;
  /** What is left, as a stopwatch reading; `null` where there is no end to count down to. */
  countdown: string | null;
  isEnding: boolean;
  /** For example `until 14:05:11`. */
  until: string;
  /** What there is to know about this kind of lock. */
  note: string | null;
  /** The swap that the lock stands for or waits for. */
  swap: string | null;
  queue: readonly Readonly<{ key: string; holder: string; waited: string }>[];
  /** Where this tab stands in line. */
  waiting: string | null;
  /** Label of the button that asks for the lock; `null` when that makes no sense now. */
  acquire: string | null;
  isFree: boolean;
  isOwn: boolean;
  canRenew: boolean;
  canBreak: boolean;
  busy: readonly string[];
}>;

const ENDING_SECONDS = 60;

export function lockView(state: AppState): LockView | null {
  const cluster = currentCluster(state);
  const seen = cluster === null ? undefined : state.locks[cluster.key];
  if (cluster === null || seen === undefined) return null;
  const { lock } = seen;
  const facts = lock.lock;
  const own = ownLock(state, cluster.key);
  const isOwn = facts !== null && own?.fence === facts.fence;
  const wait = state.waits[cluster.key];
  const left = secondsLeft(state, cluster.key);
  const runs = lock.state === 'held' && facts !== null && !facts.implicit;
  return {
    cluster: cluster.key,
    mark: lockMark(lock, isOwn),
    title: facts === null ? 'Nobody holds the GPU' : facts.holder,
    reason: facts?.reason ?? null,
    countdown: runs && left !== null ? clock(Math.ceil(left)) : null,
    isEnding: left !== null && left < ENDING_SECONDS,
    until: runs ? untilWords(facts, serverNow(state)) : '',
    note: note(lock),
    swap: facts !== null && !runs ? cluster.active_swap : null,
    queue: queueRows(lock, serverNow(state)),
    waiting: wait === undefined ? null : positionWords(wait.position),
    acquire: isOwn || wait !== undefined ? null : facts === null ? 'Acquire…' : 'Wait in line…',
    isFree: facts === null,
    isOwn,
    canRenew: isOwn && lock.state === 'held',
    canBreak: facts !== null && !facts.implicit && !isOwn,
    busy: state.busy,
  };
}

function lockMark({ state, lock }: Lock, isOwn: boolean): Mark {
  if (lock === null) return mark('none', 'free');
  if (state === 'draining') return mark('warn', 'draining');
  if (lock.implicit) return mark('busy', 'implicit');
  return isOwn ? mark('ok', 'held by you') : mark('busy', 'held');
}

function note({ state, lock, queue }: Lock): string | null {
  if (lock === null)
    return queue.length > 0 ? 'It is kept for who is first in line.' : 'Anybody may swap. Acquire it to keep the GPU for your work.';
  if (state === 'draining') return 'Its time is over; it ends when the swap under it has settled.';
  return lock.implicit ? 'Stands for a swap that runs without a lock; it ends with the swap.' : null;
}

const untilWords = ({ expires_at }: Facts, now: number): string => {
  const at = instant(expires_at);
  return at === null ? '' : `until ${wallTime(at, now)}`;
};

const positionWords = (position: number | null): string =>
  position === null ? 'You are in line' : position === 1 ? 'You are next in line' : `You are number ${position} in line`;

/** Two may wait under one name, and since the same moment: the place tells them apart. */
const queueRows = ({ queue }: Lock, now: number): LockView['queue'] =>
  queue.map(({ holder, since }, at) => ({ key: `${since}/${holder}/${at}`, holder, waited: span((now - (instant(since) ?? now)) / 1000) }));

/** A lock that is in the way of a swap, as the dialog shows it. */
export type InTheWay = Readonly<{ holder: string; reason: string | null; countdown: string; until: string; queueMinutes: number }>;

const MAX_QUEUE_MINUTES = 1_440;
/** More than what is left of the lock: it may be renewed, and a swap under it may have to end first. */
const SPARE_MINUTES = 30;

export function inTheWay(state: AppState, cluster: string): InTheWay | null {
  const lock = foreignLock(state, cluster);
  if (lock === null) return null;
  const left = secondsLeft(state, cluster) ?? 0;
  const { holder, reason } = lock;
  // From what the server said and not from what is left now: a field must not change under the reader's hands.
  const minutes = Math.ceil((lock.remaining_seconds ?? 0) / 60) + SPARE_MINUTES;
  return {
    holder,
    reason,
    countdown: clock(Math.ceil(left)),
    until: untilWords(lock, serverNow(state)),
    queueMinutes: Math.min(MAX_QUEUE_MINUTES, minutes),
  };
}

/** What the server would say to a swap, said by the page: code, holder, reason, end. */
export const lockedProblem = ({ holder, reason, expires_at }: Facts): Problem => ({
  title: 'Another holder has the lock',
  status: 423,
  detail: `Not started: ${holder} holds the lock.`,
  code: 'LOCKED',
  remedy: 'Queue the swap behind the lock, or wait until it is released or expires.',
  request_id: null,
  lock: { holder, reason, expires_at },
});

const COARSE_MINUTES = [1, 5, 15, 60];

/** For people who listen: who holds it, and what is left in steps so coarse that a countdown is no chatter. */
export function lockAnnouncement(state: AppState): string {
  const cluster = currentCluster(state)?.key ?? '';
  const lock = state.locks[cluster]?.lock;
  if (lock === undefined || lock.lock?.implicit === true) return '';
  const wait = state.waits[cluster];
  const line = wait === undefined ? '' : ` ${positionWords(wait.position)}.`;
  if (lock.lock === null) return `Nobody holds the lock.${line}`;
  const who = ownLock(state, cluster) === null ? `${lock.lock.holder} holds` : 'You hold';
  if (lock.state === 'draining') return `The lock of ${lock.lock.holder} is over and ends with its swap.${line}`;
  const left = secondsLeft(state, cluster);
  const step = left === null ? undefined : COARSE_MINUTES.find((minutes) => left <= minutes * 60);
  return `${who} the lock${step === undefined ? '' : `, at most ${step} min left`}.${line}`;
}

export type LockDialogView = Readonly<{
  cluster: string;
  clusterName: string;
  /** `null`: nobody holds it. */
  holder: string | null;
  reason: string | null;
  countdown: string;
  /** Swaps run under it or wait behind it. */
  hasSwap: boolean;
  ownName: string;
  waiters: number;
  request: AppState['request'];
}>;

/** The view of the dialogs that acquire and break a lock. */
export function lockDialogView(state: AppState, key: string): LockDialogView {
  const lock = state.locks[key]?.lock;
  const cluster = state.status?.clusters.find((one) => one.key === key);
  const left = secondsLeft(state, key);
  return {
    cluster: key,
    clusterName: cluster?.name ?? key,
    holder: lock?.lock?.holder ?? null,
    reason: lock?.lock?.reason ?? null,
    countdown: left === null ? '' : clock(Math.ceil(left)),
    hasSwap: typeof cluster?.active_swap === 'string',
    ownName: state.holder,
    waiters: lock?.queue.length ?? 0,
    request: state.request,
  };
}
