import { expect } from 'chai';
import { ANNA, aStore, NEVER, refusalOf, VectorBench } from './vector-bench.ts';

const asked = { service: null, keepCount: null, keepDays: null, requestedBy: 'anna', reason: null } as const;
const restoring = { service: null, requestedBy: 'anna', reason: null } as const;

describe('the desk of the vector store', () => {
  let bench: VectorBench;
  beforeEach(async () => {
    bench = await VectorBench.open();
  });
  afterEach(() => bench.close());

  const create = (over: Partial<Parameters<VectorBench['desk']['create']>[0]> = {}) =>
    bench.ended(bench.desk.create({ ...asked, what: { collections: null }, ...over }, ANNA, NEVER));

  describe('a snapshot', () => {
    it('copies every collection, verifies each copy, and says what was made', async () => {
      const { state, parts, result, subject } = await create();
      expect([state, subject]).to.deep.equal(['succeeded', 'qdrant']);
      expect(parts.map(({ key, status }) => [key, status])).to.deep.equal([
        ['collection/notes', 'done'],
        ['collection/papers', 'done'],
      ]);
      const [name] = bench.names('notes');
      expect(parts[0]?.note).to.equal(`${name}, verified`);
      expect((result as { made: unknown[] }).made[0]).to.include({ collection: 'notes', name, verified: true });
      expect(bench.audit.entries.map(({ action, target, note }) => [action, target, note])).to.deep.equal([
        ['vector_snapshot', 'qdrant', 'notes, papers'],
      ]);
    });

    it('lets old ones go by number and age, each collection by itself, once the new one is verified', async () => {
      bench.age('notes', 1, 2, 3, 40);
      bench.age('papers', 1);
      const { result } = await create({ keepCount: 2, keepDays: 2 });
      expect(bench.names('notes')).to.have.length(3);
      expect(bench.names('papers')).to.have.length(2);
      expect((result as { removed: { collection: string }[] }).removed.map(({ collection }) => collection)).to.deep.equal([
        'notes',
        'notes',
      ]);
    });

    it('copies the whole storage into one file', async () => {
      bench.age(null, 5, 6);
      const { state, parts } = await create({ what: 'storage', keepCount: 1 });
      expect([state, parts[0]?.key]).to.deep.equal(['succeeded', 'storage']);
      expect(bench.names(null)).to.have.length(1);
    });

    for (const fault of ['emptySnapshots', 'wrongChecksum'] as const) {
      it(`has failed, and lets none go, with ${fault}`, async () => {
        bench.age('notes', 1, 2, 3);
        bench.qdrant.faults[fault] = true;
        const { state, cause } = await create({ what: { collections: 'notes' }, keepCount: 1 });
        expect(state).to.equal('failed');
        expect(cause?.message)
          .to.match(/is empty|has another checksum/)
          .and.to.contain('No older one was removed.');
        expect(bench.names('notes')).to.have.length(4);
      });
    }

    it('is good without a checksum, but no reason to let others go', async () => {
      bench.age('notes', 1, 2, 3);
      bench.qdrant.faults.noChecksum = true;
      const { state, result } = await create({ what: { collections: 'notes' }, keepCount: 1 });
      expect(state).to.equal('succeeded');
      expect((result as { remarks: string[] }).remarks[0]).to.match(
        /^No older one was removed: .* has no checksum in the list of snapshots\.$/,
      );
      expect(bench.names('notes')).to.have.length(4);
    });

    it('lets none go when the copy could not be made, and copies the others all the same', async () => {
      bench.age('notes', 1, 2, 3);
      bench.qdrant.faults.diskFullFor = ['notes'];
      const { state, cause, parts } = await create({ keepCount: 1 });
      expect([state, cause?.code]).to.deep.equal(['failed', 'NOT_ENOUGH_DISK']);
      expect(cause?.message).to.equal(
        'notes: Qdrant has no room left on its disk for a snapshot of notes. A snapshot needs about as much as its collection. 1 was copied.',
      );
      expect(parts.map(({ status }) => status)).to.deep.equal(['failed', 'done']);
      expect([bench.names('notes').length, bench.names('papers').length]).to.deep.equal([3, 1]);
    });

    it('has been made also when an old one cannot be removed, and says so', async () => {
      bench.age('notes', 1, 2);
      bench.qdrant.faults.cannotRemove = true;
      const { state, result } = await create({ what: { collections: 'notes' }, keepCount: 1 });
      expect(state).to.equal('succeeded');
      expect((result as { remarks: string[] }).remarks[0]).to.match(
        /could not be removed: Qdrant answered the removal of .* with status 500/,
      );
    });

    it('is not made twice at once, and no snapshot is removed meanwhile', async () => {
      bench.age('notes', 1);
      bench.qdrant.faults.snapshotDelayMs = 150;
      const first = await bench.desk.create({ ...asked, what: { collections: 'notes' } }, ANNA, NEVER);
      const again = await refusalOf(bench.desk.create({ ...asked, what: 'storage' }, ANNA, NEVER));
      const removal = await refusalOf(bench.desk.remove(null, { collection: 'notes', name: bench.names('notes')[0] ?? '' }, ANNA, NEVER));
      for (const { code, details } of [again, removal])
        expect([code, details.operationId]).to.deep.equal(['OPERATION_IN_PROGRESS', first.id]);
      expect((await bench.operations.settled(first.id, NEVER)).state).to.equal('succeeded');
    });

    it('can be cancelled while the store is at it', async () => {
      bench.qdrant.faults.snapshotDelayMs = 5_000;
      const { id } = await bench.desk.create({ ...asked, what: { collections: 'notes' } }, ANNA, NEVER);
      await bench.operations.cancel(id, ANNA);
      expect((await bench.operations.settled(id, NEVER)).state).to.equal('cancelled');
    });

    it('of a collection that is not there is refused, with what may have been meant', async () => {
      const { code, message } = await refusalOf(bench.desk.create({ ...asked, what: { collections: 'note' } }, ANNA, NEVER));
      expect([code, message]).to.deep.equal(['COLLECTION_NOT_FOUND', 'There is no collection "note" in qdrant. Did you mean notes?']);
    });
  });

  describe('an automation', () => {
    const wish = { service: null, collection: 'notes', keepCount: 1, keepDays: null, requestedBy: 'automation:nightly', reason: 'run_1' };

    it('is told what was made and how many went, when all is over', async () => {
      bench.age('notes', 1, 2);
      const { made, removed, remarks } = await bench.desk.snapshot(wish, NEVER);
      expect(made.map(({ name }) => name)).to.deep.equal(bench.names('notes'));
      expect([removed, remarks]).to.deep.equal([2, []]);
      expect(bench.operations.recent()[0]).to.include({ requestedBy: 'automation:nightly', reason: 'run_1' });
    });

    it('is refused with the words of the store', async () => {
      bench.environment['QDRANT_API_KEY'] = 'wrong';
      expect((await refusalOf(bench.desk.snapshot(wish, NEVER))).message).to.equal('Qdrant refused the API key in QDRANT_API_KEY.');
      bench.environment['QDRANT_API_KEY'] = 'a-key-of-qdrant-that-nobody-may-read';
      bench.qdrant.faults.diskFull = true;
      expect((await refusalOf(bench.desk.snapshot(wish, NEVER))).message).to.match(/^notes: Qdrant has no room left on its disk/);
    });

    it('is refused where no vector store is configured, or it is disabled', async () => {
      for (const services of [[], [aStore({ isDisabled: true })], [aStore({ kind: 'http' })]]) {
        bench.services = services;
        expect((await refusalOf(bench.desk.snapshot(wish, NEVER))).code).to.equal('NOT_SUPPORTED');
        expect((await refusalOf(bench.desk.snapshot({ ...wish, service: 'qdrant' }, NEVER))).code).to.equal('SERVICE_NOT_FOUND');
      }
    });
  });

  describe('a removal', () => {
    it('takes one away and leaves its line in the trail', async () => {
      bench.age('notes', 1, 2);
      const [name = ''] = bench.names('notes');
      await bench.desk.remove(null, { collection: 'notes', name }, ANNA, NEVER);
      expect(bench.names('notes')).to.have.length(1);
      const [entry] = bench.audit.entries;
      expect(entry).to.deep.include({ action: 'vector_snapshot_removed', target: name, note: 'of notes in qdrant', actor: ANNA });
    });

    it('and a restore keep each other off, also while the store is asked', async () => {
      bench.age('notes', 1, 2);
      const [name = ''] = bench.names('notes');
      const removal = bench.desk.remove(null, { collection: 'notes', name }, ANNA, NEVER);
      const restore = { service: null, collection: 'notes', snapshot: name, confirm: 'notes', requestedBy: 'anna', reason: null };
      const other = bench.desk.restore(restore, ANNA, NEVER);
      const [first, second] = await Promise.allSettled([removal, other]);
      expect([first?.status, second?.status].toSorted()).to.deep.equal(['fulfilled', 'rejected']);
      expect(bench.names('notes').includes(name)).to.equal(first?.status === 'rejected');
    });

    it('of one that is not there changes nothing', async () => {
      const { code } = await refusalOf(bench.desk.remove(null, { collection: 'notes', name: 'x.snapshot' }, ANNA, NEVER));
      expect([code, bench.audit.entries.length]).to.deep.equal(['SNAPSHOT_NOT_FOUND', 0]);
    });
  });

  it('lists what there is of every collection and of the whole storage, the newest first', async () => {
    bench.age('notes', 3);
    bench.age('papers', 1);
    bench.age(null, 2);
    expect((await bench.desk.snapshots(null, null, NEVER)).map(({ collection }) => collection)).to.deep.equal(['papers', null, 'notes']);
    expect((await bench.desk.snapshots(null, 'notes', NEVER)).map(({ collection }) => collection)).to.deep.equal(['notes']);
  });

  describe('a restore', () => {
    const prepared = async (): Promise<string> => {
      await create({ what: { collections: 'notes' } });
      bench.qdrant.storage.put('notes', [{ id: 99, vector: [1, 2, 3, 4], payload: null }]);
      bench.time.now += 60_000;
      return bench.names('notes')[0] ?? '';
    };
    const restore = (snapshot: string, over = {}) =>
      bench.desk.restore({ ...restoring, collection: 'notes', snapshot, confirm: 'notes', ...over }, ANNA, NEVER);

    it('copies what is there now, puts the collection back, and looks whether it answers', async () => {
      const snapshot = await prepared();
      const { state, parts, result } = await bench.ended(restore(snapshot));
      expect(state).to.equal('succeeded');
      expect(parts.map(({ key, status }) => [key, status])).to.deep.equal(
        ['check', 'safety', 'restore', 'verify'].map((key) => [key, 'done']),
      );
      expect(result).to.include({ points_before: 4, points_after: 3, status: 'green', safety_problem: null });
      expect(bench.names('notes')).to.deep.equal([snapshot, (result as { safety_snapshot: string }).safety_snapshot]);
      // What was there before can be had back.
      await bench.ended(restore(bench.names('notes')[1] ?? ''));
      expect(bench.qdrant.storage.points('notes')).to.have.length(4);
    });

    it('goes on where no copy of what is there can be made, and says so', async () => {
      const snapshot = await prepared();
      bench.qdrant.faults.emptySnapshots = true;
      const { state, parts, result } = await bench.ended(restore(snapshot));
      expect([state, parts[1]?.status]).to.deep.equal(['succeeded', 'skipped']);
      expect(result).to.include({ points_after: 3, safety_snapshot: null });
      expect((result as { safety_problem: string }).safety_problem).to.match(
        /^None could be made, so what was there cannot be had back: .* is empty\.$/,
      );
    });

    it('names the copy when the store breaks off in the middle', async () => {
      const snapshot = await prepared();
      bench.qdrant.faults.cut = false;
      const listener = bench.operations.subscribe((event) => {
        if (event.kind === 'operation' && event.operation.parts.some(({ key, status }) => key === 'safety' && status === 'done'))
          bench.qdrant.faults.cut = true;
      });
      const { state, cause } = await bench.ended(restore(snapshot));
      listener();
      expect(state).to.equal('failed');
      expect(cause?.message).to.match(/the connection was cut\. What was there before is in snapshot notes-.*\.snapshot\.$/);
    });

    it('has to be confirmed by the name of the collection', async () => {
      const snapshot = await prepared();
      const { code, details } = await refusalOf(restore(snapshot, { confirm: 'note' }));
      expect([code, details.issues?.[0]?.path]).to.deep.equal(['INVALID_REQUEST', '/confirm']);
    });

    it('needs a snapshot that is there and not empty', async () => {
      bench.qdrant.storage.addSnapshot('notes', Buffer.alloc(0), bench.time.now);
      expect((await refusalOf(restore(bench.names('notes')[0] ?? ''))).details.issues?.[0]?.code).to.equal('empty_snapshot');
      expect((await refusalOf(restore('notes.snapshot'))).code).to.equal('SNAPSHOT_NOT_FOUND');
      expect((await refusalOf(restore('x', { collection: 'nots', confirm: 'nots' }))).code).to.equal('COLLECTION_NOT_FOUND');
    });
  });

  describe('the way to put the whole storage back', () => {
    it('names the newest snapshot and the commands, each value quoted', async () => {
      bench.services = [aStore({ container: 'qdrant' })];
      bench.age(null, 2, 1);
      const { snapshot, steps } = await bench.desk.storageRestore(null, NEVER);
      expect(snapshot).to.equal(bench.names(null)[1]);
      const commands = steps.flatMap(({ command }) => command ?? []);
      expect(commands[0]).to.equal(`docker cp qdrant:/qdrant/snapshots/${snapshot} ./restore.snapshot`);
      expect(commands.join('\n')).to.contain('--storage-snapshot /restore.snapshot');
    });

    it('is told also while the store is down', async () => {
      await bench.qdrant.close();
      const { snapshot, steps } = await bench.desk.storageRestore('qdrant', NEVER);
      expect([snapshot, steps.length > 3]).to.deep.equal([null, true]);
    });
  });
});
