import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { type AuditLog, type AuditQuery, clusterKey, type NumberedAuditEntry, type SwapJournal } from '../../src/index.ts';
import { auditOf } from '../support/lock-samples.ts';

export type AuditSubject = Readonly<{ journal: SwapJournal; audit: AuditLog; dispose: () => Promise<void> }>;

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The contract of {@link AuditLog}, for every implementation. */
export function describeAuditLog(name: string, make: () => Promise<AuditSubject>): void {
  describe(`${name} keeps the contract of the audit trail`, () => {
    let subject: AuditSubject;
    beforeEach(async () => {
      subject = await make();
    });
    afterEach(() => subject.dispose());

    const targets = async (query: Partial<AuditQuery> = {}): Promise<readonly string[]> =>
      (await subject.audit.list({ limit: 50, ...query })).map(({ target }) => target);

    it('is empty at first, and sound', async () => {
      expect(await targets()).to.deep.equal([]);
      expect(await subject.audit.verify()).to.deep.equal({ entries: 0, firstBroken: null });
    });

    it('gives entries back as they were committed, numbered from 1 and newest first', async () => {
      const first = auditOf('Größe "quoted" \ud83d\udd12', { note: 'why\nindeed', fence: null });
      await subject.journal.commit({ audit: [first, auditOf('b')] });
      await subject.journal.commit({ audit: [auditOf('c', { cluster: null, actor: { name: 'x', address: null, requestId: null } })] });
      const found = await subject.audit.list({ limit: 50 });
      expect(found.map(({ id, target }) => [id, target])).to.deep.equal([
        [3, 'c'],
        [2, 'b'],
        [1, first.target],
      ]);
      expect(found.at(-1)).to.deep.equal({ ...first, id: 1, hash: found.at(-1)?.hash });
    });

    it('chains each entry to the one before it', async () => {
      await subject.journal.commit({ audit: [auditOf('a')] });
      await subject.journal.commit({ audit: [auditOf('a')] });
      const [second, first] = (await subject.audit.list({ limit: 2 })) as [NumberedAuditEntry, NumberedAuditEntry];
      // Written out once, so that whoever checks a trail with another program knows what is hashed.
      const row = (id: number): string =>
        '{"action":"lock_acquired","actor":{"address":"127.0.0.1","name":"anonymous@127.0.0.1","requestId":"req_1"},' +
        `"at":1000,"cluster":"default","fence":1,"id":${id},"note":null,"target":"a"}`;
      expect(first.hash).to.equal(sha256(row(1)));
      expect(second.hash).to.equal(sha256(first.hash + row(2)));
    });

    it('finds a trail of many pages sound', async () => {
      const many = Array.from({ length: 300 }, (_, index) => auditOf(`t${index}`, { at: index }));
      for (let page = 0; page < 7; page += 1) await subject.journal.commit({ audit: many });
      await subject.journal.commit({ audit: [auditOf('last')] });
      expect(await subject.audit.verify()).to.deep.equal({ entries: 2_101, firstBroken: null });
    });

    it('narrows to a cluster, an action and what is older than an entry, and takes no more than asked', async () => {
      const other = clusterKey('other');
      await subject.journal.commit({
        audit: [
          auditOf('a'),
          auditOf('b', { cluster: other }),
          auditOf('c', { action: 'lock_broken' }),
          auditOf('d', { cluster: null, action: 'webhook_created' }),
          auditOf('e', { cluster: other, action: 'lock_broken' }),
        ],
      });
      expect(await targets({ cluster: other })).to.deep.equal(['e', 'b']);
      expect(await targets({ action: 'lock_broken' })).to.deep.equal(['e', 'c']);
      expect(await targets({ action: 'lock_broken', cluster: other })).to.deep.equal(['e']);
      expect(await targets({ before: 3 })).to.deep.equal(['b', 'a']);
      expect(await targets({ before: 1 })).to.deep.equal([]);
      expect(await targets({ before: 4, limit: 2 })).to.deep.equal(['c', 'b']);
    });
  });
}
