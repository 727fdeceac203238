import { expect } from 'chai';
import type { AppState, OwnLock } from '../src/state.ts';
import { ApiError } from '../src/transport.ts';
import type { AcquireBody, Problem } from '../src/wire.ts';
import { rig, settle } from './support/controller-rig.ts';
import { aGrant, aHeldLock, aLock, aRenewal } from './support/coordination-builders.ts';
import { aStatus, aSwap } from './support/wire-builders.ts';

const refusal = (status: number, code: string, more: Partial<Problem> = {}): ApiError =>
  new ApiError({ title: code, status, detail: `no: ${code}`, code, remedy: 'Wait.', request_id: 'r1', ...more });
const held = (position: number): ApiError => refusal(409, 'LOCK_HELD', { position, ticket: `tkt_${position}` });

const asked = { kind: 'acquire_lock', cluster: 'default', holder: 'alice', ttlSeconds: 900, reason: 'a test', wait: true } as const;
const dialog = { kind: 'acquire', cluster: 'default' } as const;
const mine: OwnLock = { lockId: 'lck_1', holder: 'alice', fence: 412 };
const owning: Partial<AppState> = { ownLocks: { default: mine }, locks: { default: { lock: aHeldLock(), at: 0 } } };

/** Writes down what was asked, and answers. */
function noted<A, T>(list: A[], asked: A, answer: T): T {
  list.push(asked);
  return answer;
}

/** An answer that the test gives when it wants. */
function later<T>() {
  let give: (value: T) => void = () => {};
  let refuse: (error: Error) => void = () => {};
  const promise = new Promise<T>((resolve, reject) => {
    give = resolve;
    refuse = reject;
  });
  return { promise, give, refuse };
}

describe('acquiring a lock', () => {
  it('keeps its id in this tab and the name for the next time', async () => {
    const bodies: AcquireBody[] = [];
    const { store, controller, kept, remembered } = rig(
      {
        acquireLock: async (body) => {
          bodies.push(body);
          return aGrant();
        },
      },
      { dialog },
    );
    controller.perform(asked);
    controller.perform(asked);
    await settle();
    expect(bodies).to.deep.equal([{ holder: 'alice', ttl_seconds: 900, cluster: 'default', reason: 'a test', wait_seconds: 1 }]);
    expect(store.get().ownLocks['default']).to.deep.equal({ lockId: 'lck_0123456789abcdef', holder: 'alice', fence: 413 });
    expect(kept.at(-1)).to.deep.equal(store.get().ownLocks);
    expect(remembered).to.deep.equal(['holder=alice', 'holder=alice']);
    expect(store.get()).to.deep.include({ dialog: null, holder: 'alice' });
  });

  it('stands in line with a ticket, shows its place, and takes the lock when it is its turn', async () => {
    const turns = [later<ReturnType<typeof aGrant>>(), later<ReturnType<typeof aGrant>>()];
    const bodies: AcquireBody[] = [];
    const keys: string[] = [];
    const { store, controller } = rig(
      {
        acquireLock: (body, key) => {
          bodies.push(body);
          keys.push(key);
          return bodies.length === 1 ? Promise.reject(held(2)) : (turns[bodies.length - 2]?.promise ?? Promise.reject(held(9)));
        },
      },
      { dialog },
    );
    controller.perform(asked);
    await settle();
    expect(store.get().waits['default']).to.deep.equal({ holder: 'alice', position: 2 });
    expect(bodies[1]).to.deep.include({ ticket: 'tkt_2', wait_seconds: 10, holder: 'alice' });
    turns[0]?.refuse(held(1));
    await settle();
    expect(store.get().waits['default']?.position).to.equal(1);
    expect(bodies[2]).to.deep.include({ ticket: 'tkt_1' });
    turns[1]?.give(aGrant());
    await settle();
    expect(store.get().waits).to.deep.equal({});
    expect(store.get().ownLocks['default']?.fence).to.equal(413);
    expect(new Set(keys).size).to.equal(3);
  });

  it('gives back what comes after the reader has left the line', async () => {
    const turn = later<ReturnType<typeof aGrant>>();
    const released: string[] = [];
    let calls = 0;
    const { store, controller } = rig(
      {
        acquireLock: () => {
          calls += 1;
          return calls === 1 ? Promise.reject(held(1)) : turn.promise;
        },
        releaseLock: async (id) => {
          released.push(id);
          return null;
        },
      },
      { dialog },
    );
    controller.perform(asked);
    await settle();
    controller.perform({ kind: 'leave_line', cluster: 'default' });
    expect(store.get().waits).to.deep.equal({});
    turn.give(aGrant());
    await settle();
    expect(released).to.deep.equal(['lck_0123456789abcdef']);
    expect(store.get().ownLocks).to.deep.equal({});
    expect(calls).to.equal(2);
  });

  it('asks again with the same key when the answer was lost: it may have been the grant', async () => {
    const keys: string[] = [];
    const answers = [held(1), refusal(0, 'NO_ANSWER'), refusal(503, 'STORE_UNAVAILABLE')];
    const { store, controller } = rig(
      {
        acquireLock: async (_body, key) => {
          keys.push(key);
          const error = answers.shift();
          if (error !== undefined) throw error;
          return aGrant();
        },
      },
      { dialog },
    );
    controller.perform(asked);
    for (let turn = 0; turn < 4; turn += 1) await settle();
    expect(keys).to.deep.equal(['key-1', 'key-2', 'key-2', 'key-2']);
    expect(store.get().ownLocks['default']?.fence).to.equal(413);
    const first: string[] = [];
    const again = rig({ acquireLock: (_body, key) => noted(first, key, Promise.reject(refusal(0, 'NO_ANSWER'))) }, { dialog });
    again.controller.perform(asked);
    await settle();
    again.controller.perform(asked);
    await settle();
    again.controller.perform({ ...asked, reason: 'another' });
    await settle();
    expect(first).to.deep.equal(['key-1', 'key-1', 'key-2']);
  });

  it('leaves the line and says why when the server does not want it there', async () => {
    const answers = [held(1), refusal(422, 'INVALID_REQUEST')];
    const { store, controller } = rig({ acquireLock: async () => Promise.reject(answers.shift()) }, { dialog });
    controller.perform(asked);
    await settle();
    expect(store.get().waits).to.deep.equal({});
    expect(store.get().toasts.at(-1)?.text).to.equal('No longer in line: no: INVALID_REQUEST');
  });

  it('shows a refusal in the dialog when it is not to wait', async () => {
    const bodies: AcquireBody[] = [];
    const { store, controller } = rig(
      { acquireLock: (body) => noted(bodies, body, Promise.reject(refusal(409, 'LOCK_HELD'))) },
      { dialog },
    );
    controller.perform({ ...asked, wait: false, reason: '' });
    await settle();
    expect(bodies).to.deep.equal([{ holder: 'alice', ttl_seconds: 900, cluster: 'default', wait_seconds: 0 }]);
    expect(store.get().request.problem?.code).to.equal('LOCK_HELD');
    expect(store.get().dialog).to.equal(dialog);
  });
});

describe('a lock of this tab', () => {
  it('is renewed and released by its id', async () => {
    const ids: string[] = [];
    const { store, controller, kept } = rig(
      {
        renewLock: async (id) => noted(ids, `renew ${id}`, aRenewal({ ttl_seconds: 900 })),
        releaseLock: async (id) => noted(ids, `release ${id}`, null),
        lock: async () => aHeldLock(),
      },
      owning,
    );
    controller.perform({ kind: 'renew_lock', cluster: 'default' });
    await settle();
    expect(store.get().toasts.at(-1)?.text).to.equal('Renewed for 15 min');
    controller.perform({ kind: 'release_lock', cluster: 'default' });
    controller.perform({ kind: 'release_lock', cluster: 'default' });
    await settle();
    expect(ids).to.deep.equal(['renew lck_1', 'release lck_1']);
    expect(kept).to.deep.equal([{}]);
    expect(store.get().ownLocks).to.deep.equal({});
  });

  for (const [status, code] of [
    [404, 'LOCK_NOT_FOUND'],
    [410, 'LOCK_EXPIRED'],
    [412, 'FENCED_OFF'],
  ] as const) {
    it(`is forgotten when the server answers ${status}`, async () => {
      const { store, controller, kept } = rig({ renewLock: () => Promise.reject(refusal(status, code)) }, owning);
      controller.perform({ kind: 'renew_lock', cluster: 'default' });
      await settle();
      expect(store.get().ownLocks).to.deep.equal({});
      expect(kept.at(-1)).to.deep.equal({});
      expect(store.get().toasts.map(({ text }) => text)).to.include(`${code}: no: ${code}`);
    });
  }

  for (const [status, code] of [
    [0, 'NO_ANSWER'],
    [409, 'SWAP_IN_PROGRESS'],
    [503, 'STORE_UNAVAILABLE'],
  ] as const) {
    it(`is kept when the answer is ${code}`, async () => {
      const lock = async () => aHeldLock();
      const { store, controller } = rig({ releaseLock: () => Promise.reject(refusal(status, code)), lock }, owning);
      controller.perform({ kind: 'release_lock', cluster: 'default' });
      await settle();
      expect(store.get().ownLocks['default']).to.equal(mine);
    });
  }

  it('is given up, with a word, when the stream shows that it is over', () => {
    const { store, controller } = rig({}, owning);
    controller.onStreamEvent({ type: 'lock', data: aLock({ last_fence: 411 }) });
    expect(store.get().ownLocks['default']).to.equal(mine);
    controller.onStreamEvent({ type: 'lock', data: aLock({ last_fence: 413 }) });
    expect(store.get().ownLocks).to.deep.equal({});
    expect(store.get().toasts.at(-1)?.text).to.contain('Your lock is over');
    controller.onStreamEvent({ type: 'snapshot', data: aStatus() });
    expect(store.get().toasts).to.have.length(1);
  });
});

it('breaking a lock sends the reason and names whose it was', async () => {
  const calls: unknown[] = [];
  const { store, controller } = rig(
    { breakLock: async (...call) => noted(calls, call, aRenewal({ holder: 'nightly-batch' })) },
    { dialog: { kind: 'break', cluster: 'default' } },
  );
  controller.perform({ kind: 'break_lock', cluster: 'default', reason: 'the host burns' });
  await settle();
  expect(calls).to.deep.equal([['default', 'the host burns']]);
  expect(store.get().dialog).to.equal(null);
  expect(store.get().toasts.at(-1)?.text).to.equal('The lock of nightly-batch is broken');
});

describe('a swap', () => {
  const live = { state: 'live', lastEventAt: 0 } as const;
  const foreign: Partial<AppState> = {
    locks: { default: { lock: aHeldLock(), at: 0 } },
    connection: live,
    dialog: { kind: 'swap', cluster: 'default', model: 'gemma-27b' },
  };
  const body = { model: 'gemma-27b', cluster: 'default' } as const;

  function swapRig(change: Partial<AppState>, answer: () => Promise<ReturnType<typeof aSwap>> = async () => aSwap()) {
    const sent: unknown[] = [];
    const made = rig({ startSwap: (asking, _key, lockId) => noted(sent, [asking, lockId], answer()) }, change);
    return { ...made, sent };
  }

  it('is refused in the page while somebody else holds the lock', async () => {
    const { store, controller, sent } = swapRig(foreign);
    controller.perform({ kind: 'submit_swap', body });
    await settle();
    expect(sent).to.deep.equal([]);
    expect(store.get().request.problem).to.deep.include({ code: 'LOCKED', status: 423 });
    expect(store.get().request.problem?.lock).to.deep.include({ holder: 'nightly-batch', reason: 'evaluation run' });
  });

  it('may be queued behind the lock', async () => {
    const { store, controller, sent } = swapRig(foreign);
    const queued = { ...body, on_busy: 'queue', queue_seconds: 5_400 } as const;
    controller.perform({ kind: 'submit_swap', body: queued });
    await settle();
    expect(sent).to.deep.equal([[queued, null]]);
    expect(store.get().route).to.deep.equal({ screen: 'swap', id: 'swp_01' });
  });

  it('is left to the server to refuse while the page does not know the present', async () => {
    const lock = { holder: 'bob', reason: null, expires_at: null };
    const { store, controller, sent } = swapRig({ ...foreign, connection: { state: 'reconnecting', lastEventAt: 0 } }, () =>
      Promise.reject(refusal(423, 'LOCKED', { lock })),
    );
    controller.perform({ kind: 'submit_swap', body });
    await settle();
    expect(sent).to.have.length(1);
    expect(store.get().request.problem?.lock).to.equal(lock);
  });

  it('runs under the lock of this tab, and forgets it when the server does', async () => {
    const good = swapRig({ ...foreign, ...owning });
    good.controller.perform({ kind: 'submit_swap', body });
    await settle();
    expect(good.sent).to.deep.equal([[body, 'lck_1']]);
    const over = swapRig({ ...foreign, ...owning }, () => Promise.reject(refusal(410, 'LOCK_EXPIRED')));
    over.controller.perform({ kind: 'submit_swap', body });
    await settle();
    expect(over.store.get().ownLocks).to.deep.equal({});
    const missing = swapRig({ ...foreign, ...owning }, () => Promise.reject(refusal(404, 'MODEL_NOT_FOUND')));
    missing.controller.perform({ kind: 'submit_swap', body });
    await settle();
    expect(missing.store.get().ownLocks['default']).to.equal(mine);
  });
});

describe('the clock of the page', () => {
  const counting = () => {
    const asks: number[] = [];
    const made = rig({ lock: async () => noted(asks, 1, aHeldLock()) }, { status: aStatus() });
    return { ...made, asks: () => asks.length };
  };

  it('does not move the countdown while nobody looks', () => {
    const { store, controller, clock } = counting();
    clock.now += 1_000;
    clock.monotonic += 1_000;
    controller.tick(false);
    expect(store.get().monotonic).to.equal(0);
    controller.tick(true);
    expect(store.get().monotonic).to.equal(1_000);
  });

  it('asks anew what is left after the device slept or its clock was set, when somebody looks again, and after a cut', async () => {
    const { controller, clock, asks } = counting();
    clock.now += 1_000;
    clock.monotonic += 1_000;
    controller.tick(true);
    expect(asks()).to.equal(0);
    clock.now += 3_600_000;
    clock.monotonic += 1_000;
    controller.tick(true);
    expect(asks()).to.equal(1);
    controller.onVisible();
    expect(asks()).to.equal(2);
    controller.onStreamState('live');
    expect(asks()).to.equal(2);
    controller.onStreamState('reconnecting');
    controller.onStreamState('live');
    expect(asks()).to.equal(3);
  });

  it('prefers what the stream says to an answer that was asked for before', async () => {
    const answer = later<ReturnType<typeof aLock>>();
    const { store, controller, clock } = rig({ lock: () => answer.promise }, { status: aStatus() });
    controller.onVisible();
    clock.monotonic += 5;
    controller.onStreamEvent({ type: 'lock', data: aHeldLock() });
    answer.give(aLock());
    await settle();
    expect(store.get().locks['default']?.lock.held).to.equal(true);
  });
});
