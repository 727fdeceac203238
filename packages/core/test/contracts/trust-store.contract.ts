import { expect } from 'chai';
import { type AuditEntry, CONTROL_PLANE, hostKey, type TrustStore } from '../../src/index.ts';

export type TrustStoreSubject = Readonly<{
  trust: TrustStore;
  /** Targets of the audit entries so far. */
  audited: () => Promise<readonly string[]>;
  /** The same store as the next process opens it. */
  reopen: () => Promise<TrustStore>;
  dispose: () => Promise<void>;
}>;

/** The contract of {@link TrustStore}, for every implementation. */
export function describeTrustStore(name: string, make: () => Promise<TrustStoreSubject>): void {
  describe(`${name} keeps the contract of the trust store`, () => {
    let subject: TrustStoreSubject;
    beforeEach(async () => {
      subject = await make();
    });
    afterEach(() => subject.dispose());
    const spark1 = hostKey('spark1');
    const by = (target: string): AuditEntry => ({
      ...{ at: 1, actor: CONTROL_PLANE, action: 'host_trusted', cluster: null, target, fence: null, note: null },
    });

    it('knows no host at first, and a pin from the moment on that it was set', async () => {
      expect(subject.trust.get(spark1)).to.equal(null);
      await subject.trust.set(spark1, 'SHA256:one', by('spark1'));
      expect(subject.trust.get(spark1)).to.equal('SHA256:one');
      expect(await subject.audited()).to.deep.equal(['spark1']);
      expect(subject.trust.get(hostKey('spark2'))).to.equal(null);
    });

    it('replaces a pin, and the next process knows the last one', async () => {
      await subject.trust.set(spark1, 'SHA256:one', by('a'));
      await subject.trust.set(hostKey('spark2'), 'SHA256:other', by('b'));
      await subject.trust.set(spark1, 'SHA256:two', by('c'));
      const next = await subject.reopen();
      expect([next.get(spark1), next.get(hostKey('spark2'))]).to.deep.equal(['SHA256:two', 'SHA256:other']);
    });
  });
}
