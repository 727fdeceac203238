import { expect } from 'chai';
import { hostKey, type TrustStore } from '../../src/index.ts';

export type TrustStoreSubject = Readonly<{
  trust: TrustStore;
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

    it('knows no host at first, and a pin from the moment on that it was set', async () => {
      expect(subject.trust.get(spark1)).to.equal(null);
      await subject.trust.set(spark1, 'SHA256:one');
      expect(subject.trust.get(spark1)).to.equal('SHA256:one');
      expect(subject.trust.get(hostKey('spark2'))).to.equal(null);
    });

    it('replaces a pin, and the next process knows the last one', async () => {
      await subject.trust.set(spark1, 'SHA256:one');
      await subject.trust.set(hostKey('spark2'), 'SHA256:other');
      await subject.trust.set(spark1, 'SHA256:two');
      const next = await subject.reopen();
      expect([next.get(spark1), next.get(hostKey('spark2'))]).to.deep.equal(['SHA256:two', 'SHA256:other']);
    });
  });
}
