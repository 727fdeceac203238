import { expect } from 'chai';
import { ACCESS_STEPS, type AccessStep, type AuditEntry, CONTROL_PLANE, type HostAccess, type HostKey, hostKey } from '../../src/index.ts';
import { refusal } from '../support/refusal.ts';

export type HostAccessSubject = Readonly<{
  access: HostAccess;
  /** Reachable, and its key is trusted. */
  host: HostKey;
  /** Makes it unreachable; the answer puts it back. */
  cutOff: () => Promise<() => Promise<void>>;
  dispose: () => Promise<void>;
}>;

const NEVER = new AbortController().signal;
export const trustAudit = (target: string): AuditEntry => ({
  ...{ at: 1_000, actor: CONTROL_PLANE, action: 'host_trusted', cluster: null, target, fence: null, note: null },
});

/** The contract of {@link HostAccess}, for every implementation. */
export function describeHostAccess(
  name: string,
  make: () => Promise<HostAccessSubject>,
  options: Readonly<{ timeoutMs?: number }> = {},
): void {
  describe(`${name} keeps the contract of the way to hosts`, function () {
    this.timeout(options.timeoutMs ?? 30_000);
    let subject: HostAccessSubject;
    before(async () => {
      subject = await make();
    });
    after(() => subject?.dispose());

    const test = async (): Promise<readonly AccessStep[]> => subject.access.test(subject.host, () => undefined, NEVER);

    it('tells every step in order as it ends, each once, with how long it took', async () => {
      const told: AccessStep[] = [];
      const steps = await subject.access.test(subject.host, (step) => told.push(step), NEVER);
      expect(told).to.deep.equal(steps);
      expect(steps.map((step) => step.name)).to.deep.equal(ACCESS_STEPS);
      for (const { name: step, durationMs, detail } of steps) {
        expect(durationMs, step).to.be.at.least(0);
        expect(detail, step).to.match(/^\S.*\.$/);
      }
    });

    it('passes the way to a host that is there and trusted', async () => {
      const way = (await test()).slice(0, 4);
      expect(way.map(({ status, detail }) => `${status} ${detail}`).filter((line) => !line.startsWith('pass'))).to.deep.equal([]);
    });

    it('shows the key of the host without logging in, which is the one of the test and the one that is pinned', async () => {
      const shown = await subject.access.presented(subject.host, NEVER);
      expect(shown.fingerprint).to.match(/^SHA256:[A-Za-z0-9+/]{43}$/);
      expect((await test()).find((step) => step.name === 'host_key')?.measured).to.equal(shown.fingerprint);
      expect(subject.access.pinned(subject.host)?.fingerprint).to.equal(shown.fingerprint);
    });

    it('takes the pin that is in force already', async () => {
      const { fingerprint } = await subject.access.presented(subject.host, NEVER);
      await subject.access.pin(subject.host, fingerprint, trustAudit(subject.host));
      expect(subject.access.pinned(subject.host)?.fingerprint).to.equal(fingerprint);
    });

    it('says where the way ends when the host is gone, and tries nothing behind it', async () => {
      const putBack = await subject.cutOff();
      const steps = await test();
      expect(steps.map((step) => step.name)).to.deep.equal(ACCESS_STEPS);
      const failed = steps.findIndex(({ status }) => status === 'fail');
      expect(steps[failed]?.name).to.equal('port');
      expect(steps[failed]?.hint).to.be.a('string');
      expect(new Set(steps.slice(failed + 1).map(({ status }) => status))).to.deep.equal(new Set(['skip']));
      expect((await refusal(subject.access.presented(subject.host, NEVER))).code).to.equal('HOST_UNREACHABLE');
      await putBack();
    });

    it('knows no other host', async () => {
      const other = hostKey('nowhere');
      expect((await refusal(subject.access.test(other, () => undefined, NEVER))).code).to.equal('HOST_NOT_FOUND');
      expect((await refusal(subject.access.presented(other, NEVER))).code).to.equal('HOST_NOT_FOUND');
      expect((await refusal(subject.access.pin(other, 'SHA256:x', trustAudit('nowhere')))).code).to.equal('HOST_NOT_FOUND');
      expect(() => subject.access.pinned(other))
        .to.throw()
        .with.property('code', 'HOST_NOT_FOUND');
    });

    it('ends with the reason of its signal', async () => {
      const over = new AbortController();
      over.abort(new Error('nobody waits'));
      const outcome = await subject.access
        .test(subject.host, () => undefined, over.signal)
        .then(
          () => 'resolved',
          (error: unknown) => error,
        );
      expect(outcome).to.equal(over.signal.reason);
    });
  });
}
