import { expect } from 'chai';
import fc from 'fast-check';
import { foreignLock, isOver, secondsLeft } from '../src/lock-state.ts';
import { type AppState, initialState, type OwnLock } from '../src/state.ts';
import { commands } from '../src/view-models/commands.ts';
import { inTheWay, lockAnnouncement, lockDialogView, lockedProblem, lockView } from '../src/view-models/lock.ts';
import { problemView } from '../src/view-models/problem.ts';
import { swapDialogView } from '../src/view-models/screens.ts';
import type { Lock } from '../src/wire.ts';
import { aHeldLock, aLock } from './support/coordination-builders.ts';
import { aCluster, aStatus, iso, NOON } from './support/wire-builders.ts';

const mine: OwnLock = { lockId: 'lck_1', holder: 'alice', fence: 412 };

const withLock = (lock: Lock, change: Partial<AppState> = {}): AppState => ({
  ...initialState({ screen: 'overview' }, NOON),
  status: aStatus(),
  locks: { [lock.cluster]: { lock, at: 0 } },
  ...change,
});

const implicit = aHeldLock({ implicit: true, expires_at: null, remaining_seconds: null, holder: 'anonymous@10.0.0.7', reason: null });
const draining = aHeldLock({ remaining_seconds: 0, expires_at: iso(NOON - 5_000) }, { state: 'draining' });

describe('the countdown', () => {
  it('goes by what the server said was left and a clock that nobody sets', () => {
    for (const now of [NOON, NOON + 86_400_000, NOON - 10 * 365 * 86_400_000]) {
      const view = lockView(withLock(aHeldLock(), { now, monotonic: 90_000 }));
      expect(view?.countdown).to.equal('58:30');
    }
  });

  it('stops at nothing, and does not run while the clock stands', () => {
    expect(lockView(withLock(aHeldLock(), { monotonic: 9_000_000 }))?.countdown).to.equal('0:00');
    const lock = aHeldLock();
    expect(secondsLeft({ ...withLock(lock), locks: { default: { lock, at: 700 } }, monotonic: 0 }, 'default')).to.equal(3_600);
  });

  it('warns in the last minute', () => {
    expect(lockView(withLock(aHeldLock(), { monotonic: 3_539_000 }))?.isEnding).to.equal(false);
    expect(lockView(withLock(aHeldLock(), { monotonic: 3_541_000 }))?.isEnding).to.equal(true);
  });

  it('is not there for a lock that has no end of its own', () => {
    expect(lockView(withLock(implicit))?.countdown).to.equal(null);
    expect(lockView(withLock(draining))?.countdown).to.equal(null);
    expect(lockView(withLock(aLock()))?.countdown).to.equal(null);
  });
});

describe('lockView', () => {
  it('says who holds the GPU, why, and who waits how long', () => {
    const queue = [
      { holder: 'alice', since: iso(NOON - 240_000) },
      { holder: 'cron:evals', since: iso(NOON - 25_000) },
    ];
    const view = lockView(withLock(aHeldLock({}, { queue })));
    expect(view).to.deep.include({ title: 'nightly-batch', reason: 'evaluation run', isFree: false, acquire: 'Wait in line…' });
    expect(view?.mark).to.deep.equal({ tone: 'busy', shape: '◐', word: 'held' });
    expect(view?.queue.map(({ holder, waited }) => `${holder} ${waited}`)).to.deep.equal(['alice 4 min', 'cron:evals 25 s']);
  });

  const rights = (state: AppState) => {
    const view = lockView(state);
    return [view?.acquire ?? '-', view?.canRenew === true ? 'renew' : '-', view?.canBreak === true ? 'break' : '-', view?.mark.word];
  };

  it('offers what makes sense for each kind of lock', () => {
    expect(rights(withLock(aLock()))).to.deep.equal(['Acquire…', '-', '-', 'free']);
    expect(rights(withLock(aHeldLock()))).to.deep.equal(['Wait in line…', '-', 'break', 'held']);
    expect(rights(withLock(aHeldLock(), { ownLocks: { default: mine } }))).to.deep.equal(['-', 'renew', '-', 'held by you']);
    expect(rights(withLock(draining, { ownLocks: { default: mine } }))).to.deep.equal(['-', '-', '-', 'draining']);
    expect(rights(withLock(implicit))).to.deep.equal(['Wait in line…', '-', '-', 'implicit']);
    expect(rights(withLock(aHeldLock(), { waits: { default: { holder: 'alice', position: 2 } } }))).to.deep.equal([
      '-',
      '-',
      'break',
      'held',
    ]);
  });

  it('explains a lock that is no plain one, and leads to its swap', () => {
    const status = aStatus({ clusters: [aCluster({ active_swap: 'swp_05' })] });
    expect(lockView(withLock(implicit, { status }))).to.deep.include({ swap: 'swp_05' });
    expect(lockView(withLock(implicit))?.note).to.contain('ends with the swap');
    expect(lockView(withLock(draining, { status }))).to.deep.include({ swap: 'swp_05' });
    expect(lockView(withLock(draining))?.note).to.contain('when the swap under it has settled');
    expect(lockView(withLock(aHeldLock(), { status }))?.swap).to.equal(null);
    expect(lockView(withLock(aLock({ queue: [{ holder: 'alice', since: iso(NOON) }] })))?.note).to.contain('kept for who is first');
  });

  it('says where this tab stands in line', () => {
    const at = (position: number | null) => lockView(withLock(aHeldLock(), { waits: { default: { holder: 'a', position } } }))?.waiting;
    expect([at(null), at(1), at(2)]).to.deep.equal(['You are in line', 'You are next in line', 'You are number 2 in line']);
  });

  it('is not there before anything is known', () => {
    expect(lockView(initialState({ screen: 'overview' }, NOON))).to.equal(null);
  });
});

describe('whose lock it is', () => {
  it('is told by the fence, not by the name of the holder', () => {
    const twin = aHeldLock({ holder: 'alice', fence: 500 });
    expect(foreignLock(withLock(twin, { ownLocks: { default: mine } }), 'default')?.fence).to.equal(500);
    expect(foreignLock(withLock(aHeldLock(), { ownLocks: { default: mine } }), 'default')).to.equal(null);
    expect(foreignLock(withLock(implicit), 'default')).to.equal(null);
  });

  it('is not doubted because of what the server said before the grant', () => {
    fc.assert(
      fc.property(fc.nat(1_000), fc.nat(1_000), fc.nat(1_000), (fence, last, live) => {
        const seen = aLock({ last_fence: last, lock: live > last ? null : (aHeldLock({ fence: live }).lock ?? null) });
        const over = isOver({ ...mine, fence }, seen);
        if (last < fence) expect(over).to.equal(false);
        if (seen.lock?.fence === fence) expect(over).to.equal(false);
        if (last >= fence && seen.lock?.fence !== fence) expect(over).to.equal(true);
      }),
    );
  });
});

describe('a swap while somebody else holds the lock', () => {
  it('is answered with holder, reason and end, as the server would', () => {
    const facts = aHeldLock().lock;
    if (facts === null) throw new Error('it is held');
    const view = problemView(lockedProblem(facts));
    expect(view.code).to.equal('LOCKED');
    expect(view.lock).to.match(/^Held by nightly-batch \(evaluation run\) until \d+ Nov \d\d:\d\d\.$/);
  });

  it('may be queued for longer than the lock lasts, and at most for a day', () => {
    expect(inTheWay(withLock(aHeldLock(), { monotonic: 60_000 }), 'default')).to.deep.include({ queueMinutes: 90, countdown: '59:00' });
    expect(inTheWay(withLock(aHeldLock({ remaining_seconds: 86_400 })), 'default')?.queueMinutes).to.equal(1_440);
    expect(inTheWay(withLock(implicit), 'default')).to.equal(null);
  });

  it('is known to the dialog; with our own lock there is nothing in the way', () => {
    expect(swapDialogView(withLock(aHeldLock()), 'default', 'gemma-27b'))
      .to.deep.include({ hasLock: false })
      .and.to.have.nested.property('lock.holder');
    const own = swapDialogView(withLock(aHeldLock(), { ownLocks: { default: mine } }), 'default', 'gemma-27b');
    expect(own).to.deep.include({ hasLock: true, lock: null });
  });
});

describe('lockAnnouncement', () => {
  const at = (seconds: number) => lockAnnouncement(withLock(aHeldLock(), { monotonic: (3_600 - seconds) * 1_000 }));

  it('tells what is left in coarse steps only', () => {
    const said = new Set(Array.from({ length: 3_600 }, (_, second) => at(second)));
    expect([...said].sort()).to.deep.equal([1, 15, 5, 60].map((minutes) => `nightly-batch holds the lock, at most ${minutes} min left.`));
  });

  it('tells when it is free, ours, over or waited for', () => {
    expect(lockAnnouncement(withLock(aLock()))).to.equal('Nobody holds the lock.');
    expect(lockAnnouncement(withLock(aHeldLock({ remaining_seconds: 9_000 }), { ownLocks: { default: mine } }))).to.equal(
      'You hold the lock.',
    );
    expect(lockAnnouncement(withLock(draining))).to.contain('ends with its swap');
    expect(lockAnnouncement(withLock(implicit))).to.equal('');
    const waits = { default: { holder: 'alice', position: 3 } };
    expect(lockAnnouncement(withLock(aLock(), { waits }))).to.equal('Nobody holds the lock. You are number 3 in line.');
  });
});

it('the palette offers what the lock allows', () => {
  const labels = (state: AppState) => commands(state).map(({ label }) => label);
  expect(labels(withLock(aLock()))).to.include('Acquire the lock…');
  expect(labels(withLock(aHeldLock()))).to.include.members(['Wait in line behind nightly-batch…', 'Break the lock of nightly-batch…']);
  expect(labels(withLock(aHeldLock(), { ownLocks: { default: mine } }))).to.include.members(['Renew the lock', 'Release the lock']);
  expect(labels(withLock(aHeldLock(), { waits: { default: { holder: 'a', position: 1 } } }))).to.include('Leave the line');
});

it('the dialogs know whom they concern', () => {
  const status = aStatus({ clusters: [aCluster({ active_swap: 'swp_05' })] });
  const state = withLock(aHeldLock({}, { queue: [{ holder: 'bob', since: iso(NOON) }] }), { status, holder: 'alice' });
  expect(lockDialogView(state, 'default')).to.deep.include({
    holder: 'nightly-batch',
    countdown: '1:00:00',
    hasSwap: true,
    ownName: 'alice',
    waiters: 1,
  });
  expect(lockDialogView(withLock(aLock()), 'default')).to.deep.include({ holder: null, countdown: '', hasSwap: false, waiters: 0 });
});
