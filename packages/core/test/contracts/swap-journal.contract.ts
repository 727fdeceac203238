import { expect } from 'chai';
import {
  type AuditLog,
  clusterKey,
  type EventLog,
  type FenceCounter,
  type JournalEntry,
  type LeaseStore,
  modelKey,
  type SwapJournal,
} from '../../src/index.ts';
import { idOf, loadOf, progressEvent, swapEvent, swapNamed } from '../support/journal-samples.ts';
import { auditOf, endedAt, leaseOf } from '../support/lock-samples.ts';

/** What a suite of this contract works on. `eventCap` is the number of events the implementation keeps. */
export type JournalSubject = Readonly<{
  journal: SwapJournal;
  events: EventLog;
  fences: FenceCounter;
  leases: LeaseStore;
  audit: AuditLog;
  dispose: () => Promise<void>;
}>;
export type JournalFactory = (options: Readonly<{ eventCap: number }>) => Promise<JournalSubject>;

/** The contract of {@link SwapJournal}, {@link EventLog} and {@link FenceCounter}, for every implementation. */
export function describeSwapJournal(name: string, make: JournalFactory): void {
  describe(`${name} keeps the contract of the swap journal`, () => {
    let subject: JournalSubject;
    beforeEach(async () => {
      subject = await make({ eventCap: 20 });
    });
    afterEach(() => subject.dispose());

    swapsAreKept(() => subject);
    swapsAreListed(() => subject);
    eventsAreNumbered(() => subject);
    eventsArePruned(() => subject);
    loadsAndFencesAreKept(() => subject);
    entriesAreWhole(() => subject);
  });
}

function swapsAreKept(given: () => JournalSubject): void {
  it('gives a swap back exactly as it was committed', async () => {
    const swap = swapNamed('a', {
      cause: { code: 'LOAD_TIMEOUT', message: 'Zu spät – "quoted"\n\u{1F525}', hint: null, logTail: ['a\r', ''] },
      fence: 7,
    });
    await given().journal.commit({ swap });
    expect(await given().journal.get(swap.id)).to.deep.equal(swap);
  });

  it('answers null for a swap it never saw', async () => {
    expect(await given().journal.get(idOf('nobody'))).to.equal(null);
  });

  it('replaces the state of a swap with the newer one', async () => {
    await given().journal.commit({ swap: swapNamed('a') });
    await given().journal.commit({ swap: swapNamed('a', { phase: 'loading', fence: 3 }) });
    expect(await given().journal.get(idOf('a'))).to.include({ phase: 'loading', fence: 3 });
    expect(await given().journal.list({ limit: 10 })).to.have.length(1);
  });

  it('is not changed when a caller changes what it was given', async () => {
    const swap = { ...swapNamed('a') };
    await given().journal.commit({ swap });
    (swap as { reason: string | null }).reason = 'changed afterwards';
    expect(await given().journal.get(swap.id)).to.include({ reason: null });
  });

  it('hands out the unsettled swaps, oldest first', async () => {
    const { journal } = given();
    await journal.commit({ swap: swapNamed('b', { createdAt: 20, phase: 'loading' }) });
    await journal.commit({ swap: swapNamed('c', { createdAt: 30 }) });
    await journal.commit({ swap: swapNamed('a', { createdAt: 10, phase: 'rolling_back' }) });
    await journal.commit({ swap: swapNamed('c', { createdAt: 30, phase: 'failed' }) });
    expect((await journal.unsettled()).map(({ id }) => id)).to.deep.equal([idOf('a'), idOf('b')]);
  });

  it('numbers the events of commits made at the same time without a hole and without a repeat', async () => {
    const commits = Array.from({ length: 8 }, (_, index) => {
      const swap = swapNamed(`s${index}`);
      return given().journal.commit({ swap, events: [swapEvent(swap), swapEvent(swap)] });
    });
    const ids = (await Promise.all(commits)).flat().map(({ id }) => id);
    expect(ids.toSorted((a, b) => a - b)).to.deep.equal(Array.from({ length: 16 }, (_, index) => index + 1));
  });
}

function swapsAreListed(given: () => JournalSubject): void {
  const rows = [
    swapNamed('a', { createdAt: 10, phase: 'ready' }),
    swapNamed('b', { createdAt: 20, phase: 'failed', target: modelKey('gemma') }),
    swapNamed('c', { createdAt: 20, phase: 'ready', cluster: clusterKey('other') }),
    swapNamed('d', { createdAt: 30, target: null }),
  ];
  const tables = [
    { of: 'all', query: {}, names: ['d', 'c', 'b', 'a'] },
    { of: 'a cluster', query: { cluster: clusterKey('default') }, names: ['d', 'b', 'a'] },
    { of: 'a model', query: { model: modelKey('gemma') }, names: ['b'] },
    { of: 'an outcome', query: { outcome: 'ready' }, names: ['c', 'a'] },
    { of: 'the settled ones', query: { settled: true }, names: ['c', 'b', 'a'] },
    { of: 'those before one of the same moment', query: { before: idOf('c') }, names: ['b', 'a'] },
    { of: 'those before the first', query: { before: idOf('a') }, names: [] },
    { of: 'those before an unknown one', query: { before: idOf('nobody') }, names: [] },
    { of: 'several filters together', query: { cluster: clusterKey('default'), outcome: 'ready', before: idOf('d') }, names: ['a'] },
  ] as const;
  for (const { of, query, names } of tables) {
    it(`lists ${of}, newest first`, async () => {
      for (const swap of rows) await given().journal.commit({ swap });
      const found = await given().journal.list({ ...query, limit: 10 });
      expect(found.map(({ id }) => id)).to.deep.equal(names.map(idOf));
    });
  }

  it('lists at most as many as asked', async () => {
    for (const swap of rows) await given().journal.commit({ swap });
    expect((await given().journal.list({ limit: 2 })).map(({ id }) => id)).to.deep.equal([idOf('d'), idOf('c')]);
  });
}

function eventsAreNumbered(given: () => JournalSubject): void {
  it('has an empty range before the first event', async () => {
    expect(await given().events.range()).to.deep.equal({ oldest: 0, newest: 0 });
  });

  it('returns the events with the numbers under which they are replayed', async () => {
    const swap = swapNamed('a');
    const first = await given().journal.commit({ swap, events: [swapEvent(swap), progressEvent(swap, 0.5)] });
    const second = await given().journal.commit({ events: [swapEvent(swap, 'ready')] });
    expect([...first, ...second].map(({ id }) => id)).to.deep.equal([1, 2, 3]);
    expect(await given().events.replay(0, 10)).to.deep.equal([...first, ...second]);
    expect(await given().events.range()).to.deep.equal({ oldest: 1, newest: 3 });
  });

  it('replays what came after a number, at most as many as asked, and one swap alone', async () => {
    const [a, b] = [swapNamed('a'), swapNamed('b')];
    await given().journal.commit({ events: [swapEvent(a), swapEvent(b), swapEvent(a), swapEvent(b), swapEvent(a)] });
    const ids = async (after: number, limit: number, swap?: typeof a): Promise<number[]> =>
      (await given().events.replay(after, limit, swap?.id)).map(({ id }) => id);
    expect(await ids(2, 10)).to.deep.equal([3, 4, 5]);
    expect(await ids(2, 2)).to.deep.equal([3, 4]);
    expect(await ids(1, 10, a)).to.deep.equal([3, 5]);
    expect(await ids(5, 10)).to.deep.equal([]);
  });
}

function eventsArePruned(given: () => JournalSubject): void {
  const commit = async (count: number, make: (index: number) => ReturnType<typeof swapEvent>): Promise<void> => {
    for (let index = 0; index < count; index += 1) await given().journal.commit({ events: [make(index)] });
  };

  it('goes on numbering after pruning and never uses a number again', async () => {
    await commit(50, () => swapEvent(swapNamed('a')));
    const { oldest, newest } = await given().events.range();
    expect(newest).to.equal(50);
    expect(oldest).to.be.within(30, 31); // an implementation may keep a few more than its cap
  });

  it('gives up progress before changes, and the ends of swaps last', async () => {
    await commit(3, (index) => swapEvent(swapNamed(`end${index}`), 'ready'));
    await commit(10, () => swapEvent(swapNamed('a')));
    await commit(30, (index) => progressEvent(swapNamed('a'), index));
    const kinds = (await given().events.replay(0, 100)).map(({ id, kind }) => ({ id, kind }));
    expect(kinds.filter(({ kind }) => kind === 'swap').map(({ id }) => id)).to.deep.equal(
      Array.from({ length: 13 }, (_, index) => index + 1),
    );
    expect(kinds.at(-1)).to.deep.equal({ id: 43, kind: 'progress' });

    await commit(30, () => swapEvent(swapNamed('a')));
    const kept = (await given().events.replay(0, 100)).map(({ id }) => id);
    expect(kept.slice(0, 3)).to.deep.equal([1, 2, 3]);
    expect(kept.length).to.be.within(20, 21);
  });

  it('does not offer to resume from before a change that is gone', async () => {
    await given().journal.commit({ events: [swapEvent(swapNamed('old'), 'ready')] });
    await commit(40, () => swapEvent(swapNamed('a')));
    const { oldest } = await given().events.range();
    const kept = (await given().events.replay(0, 100)).map(({ id }) => id);
    expect(kept[0]).to.equal(1); // still there for who asks about that swap
    expect(oldest).to.equal(kept[1]); // but not as a place to resume from
  });

  it('still offers to resume when only progress is gone', async () => {
    await commit(5, () => swapEvent(swapNamed('a')));
    await commit(40, (index) => progressEvent(swapNamed('a'), index));
    expect((await given().events.range()).oldest).to.equal(1);
  });
}

function loadsAndFencesAreKept(given: () => JournalSubject): void {
  it('gives the last 50 successful load times of a model on a cluster, newest first', async () => {
    const { journal } = given();
    for (let index = 0; index < 55; index += 1) await journal.commit({ loadTime: loadOf(index + 0.5, index) });
    await journal.commit({ loadTime: { ...loadOf(999, 100), succeeded: false } });
    await journal.commit({ loadTime: loadOf(888, 100, 'gemma') });
    await journal.commit({ loadTime: loadOf(777, 100, 'qwen', 'other') });
    const times = await journal.loadTimes(clusterKey('default'), modelKey('qwen'), false);
    expect(times).to.have.length(50);
    expect(times.slice(0, 2)).to.deep.equal([54.5, 53.5]);
  });

  it('keeps the load times of a simulation apart', async () => {
    const { journal } = given();
    await journal.commit({ loadTime: { ...loadOf(2, 5), simulated: true } });
    await journal.commit({ loadTime: loadOf(600, 4) });
    expect(await journal.loadTimes(clusterKey('default'), modelKey('qwen'), true)).to.deep.equal([2]);
    expect(await journal.loadTimes(clusterKey('default'), modelKey('qwen'), false)).to.deep.equal([600]);
  });

  it('puts the later of two load times of one moment first', async () => {
    for (const seconds of [1, 2, 3]) await given().journal.commit({ loadTime: loadOf(seconds, 5) });
    expect(await given().journal.loadTimes(clusterKey('default'), modelKey('qwen'), false)).to.deep.equal([3, 2, 1]);
  });

  it('starts the fence of a cluster at 0, raises it and never lowers it', async () => {
    const cluster = clusterKey('default');
    expect(await given().fences.current(cluster)).to.equal(0);
    for (const value of [5, 3, 9, 9, 1]) await given().journal.commit({ fence: { cluster, value } });
    expect(await given().fences.current(cluster)).to.equal(9);
    expect(await given().fences.current(clusterKey('other'))).to.equal(0);
  });
}

function entriesAreWhole(given: () => JournalSubject): void {
  const here = clusterKey('default');
  const swap = swapNamed('a');
  const entry: JournalEntry = {
    swap,
    transition: { swap: swap.id, from: null, to: 'queued', at: 1, note: null },
    events: [swapEvent(swap)],
    fence: { cluster: here, value: 5 },
    lease: leaseOf(5),
    audit: [auditOf('a'), auditOf('b')],
  };
  const shownBy = async ({ journal, events, fences, leases, audit }: JournalSubject): Promise<unknown> => ({
    swaps: await journal.list({ limit: 10 }),
    newest: (await events.range()).newest,
    fence: await fences.current(here),
    leases: await leases.leases(here, 0),
    audit: (await audit.list({ limit: 10 })).map(({ target }) => target),
  });

  it('takes swap, fence, lease, audit and events in one entry', async () => {
    await given().journal.commit(entry);
    expect(await shownBy(given())).to.deep.equal({ swaps: [swap], newest: 1, fence: 5, leases: [leaseOf(5)], audit: ['b', 'a'] });
  });

  it('keeps the chain of the audit whole when entries are committed at the same time', async () => {
    await Promise.all(Array.from({ length: 8 }, (_, index) => given().journal.commit({ audit: [auditOf(`${index}`), auditOf('x')] })));
    expect(await given().audit.verify()).to.deep.equal({ entries: 16, firstBroken: null });
  });

  it('lets a lease end with the swap that ran under it', async () => {
    await given().journal.commit(entry);
    const ended = leaseOf(5, { ended: endedAt(9, 'expired') });
    await given().journal.commit({ swap: { ...swap, phase: 'ready', settledAt: 9 }, lease: ended, audit: [auditOf('c')] });
    expect(await given().leases.leases(here, 0)).to.deep.equal([ended]);
    expect(await given().journal.get(swap.id)).to.include({ phase: 'ready', lease: null });
  });
}
