import { expect } from 'chai';
import { clusterKey, type LeaseStore, type SwapJournal } from '../../src/index.ts';
import { endedAt, leaseOf } from '../support/lock-samples.ts';

export type LeasesSubject = Readonly<{ journal: SwapJournal; leases: LeaseStore; dispose: () => Promise<void> }>;

const WEEK_MS = 7 * 24 * 3_600_000;
const here = clusterKey('default');

/** The contract of {@link LeaseStore}, for every implementation. */
export function describeLeaseStore(name: string, make: () => Promise<LeasesSubject>): void {
  describe(`${name} keeps the contract of the lease store`, () => {
    let subject: LeasesSubject;
    beforeEach(async () => {
      subject = await make();
    });
    afterEach(() => subject.dispose());

    const fencesSince = async (since: number, cluster = here): Promise<readonly number[]> =>
      (await subject.leases.leases(cluster, since)).map(({ fence }) => fence).toSorted((a, b) => a - b);

    it('has none at first', async () => {
      expect(await subject.leases.leases(here, 0)).to.deep.equal([]);
    });

    it('gives a lease back exactly as it was committed', async () => {
      const lease = leaseOf(4, {
        holder: 'Nächtlich "quoted" \u{1F512}',
        reason: 'because',
        ended: { how: 'broken', at: 9, by: 'ann', note: 'by hand' },
      });
      await subject.journal.commit({ lease });
      expect(await subject.leases.leases(here, 0)).to.deep.equal([lease]);
    });

    it('replaces the lease of the same cluster and fence, and no other', async () => {
      const elsewhere = leaseOf(1, { cluster: clusterKey('other') });
      await subject.journal.commit({ lease: leaseOf(1) });
      await subject.journal.commit({ lease: elsewhere });
      const renewed = leaseOf(1, { expiresAt: 99_999_999, deadline: { timeBase: 'boot-2', monotonic: 5.25 } });
      await subject.journal.commit({ lease: renewed });
      expect(await subject.leases.leases(here, 0)).to.deep.equal([renewed]);
      expect(await subject.leases.leases(clusterKey('other'), 0)).to.deep.equal([elsewhere]);
    });

    it('hands out the live one whatever its age, and those that ended at or after the moment asked for', async () => {
      await subject.journal.commit({ lease: leaseOf(1, { ended: endedAt(10) }) });
      await subject.journal.commit({ lease: leaseOf(2, { ended: endedAt(20, 'expired') }) });
      await subject.journal.commit({ lease: leaseOf(3, { ended: endedAt(21, 'broken') }) });
      await subject.journal.commit({ lease: leaseOf(4) });
      expect(await fencesSince(0)).to.deep.equal([1, 2, 3, 4]);
      expect(await fencesSince(20)).to.deep.equal([2, 3, 4]);
      expect(await fencesSince(22)).to.deep.equal([4]);
    });

    it('knows an ended lease for 7 days, until another one is granted', async () => {
      const end = 50_000;
      await subject.journal.commit({ lease: leaseOf(1, { ended: endedAt(end) }) });
      await subject.journal.commit({ lease: leaseOf(2, { ended: endedAt(end + 1) }) });
      await subject.journal.commit({ lease: leaseOf(3, { acquiredAt: end + WEEK_MS }) });
      expect(await fencesSince(0), 'to the last moment').to.deep.equal([1, 2, 3]);
      await subject.journal.commit({ lease: leaseOf(3, { acquiredAt: end + WEEK_MS, ended: endedAt(end + 3 * WEEK_MS) }) });
      expect(await fencesSince(0), 'an ending forgets nothing').to.deep.equal([1, 2, 3]);
      await subject.journal.commit({ lease: leaseOf(4, { acquiredAt: end + WEEK_MS + 1 }) });
      expect(await fencesSince(0)).to.deep.equal([2, 3, 4]);
    });

    it('never forgets a live one, however long ago it began', async () => {
      await subject.journal.commit({ lease: leaseOf(1, { cluster: clusterKey('other') }) });
      await subject.journal.commit({ lease: leaseOf(2, { acquiredAt: 100 * WEEK_MS }) });
      expect(await fencesSince(0, clusterKey('other'))).to.deep.equal([1]);
    });

    it('is not changed when a caller changes what it was given', async () => {
      await subject.journal.commit({ lease: leaseOf(1) });
      const [given] = await subject.leases.leases(here, 0);
      (given as { holder: string }).holder = 'somebody else';
      expect(await subject.leases.leases(here, 0)).to.deep.equal([leaseOf(1)]);
    });
  });
}
