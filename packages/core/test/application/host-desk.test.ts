import { expect } from 'chai';
import {
  type AccessStep,
  type AuditEntry,
  createHostDesk,
  type HostAccess,
  type HostDesk,
  type HostKey,
  hostKey,
  SparkError,
} from '../../src/index.ts';
import { aCluster } from '../support/builders.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { refusal } from '../support/refusal.ts';

const REAL = `SHA256:${'r'.repeat(43)}`;
const OTHER = `SHA256:${'o'.repeat(43)}`;
const SPARK1 = hostKey('spark1');
const ANNA = { name: 'anna', address: '127.0.0.1', requestId: 'req_1' };
const NEVER = new AbortController().signal;

class FakeAccess implements HostAccess {
  pin_: string | null = null;
  tests = 0;
  statuses: Partial<Record<AccessStep['name'], AccessStep['status']>> = {};
  shown: () => Promise<string> = async () => REAL;
  readonly audit: AuditEntry[] = [];

  async test(_: HostKey, onStep: (step: AccessStep) => void): Promise<readonly AccessStep[]> {
    this.tests += 1;
    const step = (name: AccessStep['name'], measured: string | null = null): AccessStep => {
      return { name, status: this.statuses[name] ?? 'pass', detail: 'x.', hint: null, measured, durationMs: 1 };
    };
    const steps = [step('resolve'), step('host_key', await this.shown()), step('docker')];
    for (const each of steps) onStep(each);
    return steps;
  }

  async presented(): Promise<Readonly<{ fingerprint: string; type: string }>> {
    return { fingerprint: await this.shown(), type: 'ssh-ed25519' };
  }

  pinned(): Readonly<{ fingerprint: string; from: 'store' }> | null {
    return this.pin_ === null ? null : { fingerprint: this.pin_, from: 'store' };
  }

  async pin(_: HostKey, fingerprint: string, audit: AuditEntry): Promise<void> {
    this.pin_ = fingerprint;
    this.audit.push(audit);
  }
}

describe('the desk of hosts', () => {
  let access: FakeAccess;
  let desk: HostDesk;
  beforeEach(() => {
    access = new FakeAccess();
    desk = createHostDesk({ core: { clusters: [aCluster()] }, access, clock: new FakeClock(5_000) });
  });

  it('tells whether a test passed, and whether the key that was shown is the pinned one', async () => {
    expect(await desk.test(SPARK1, NEVER)).to.deep.include({ host: SPARK1, ok: true, fingerprint: REAL, trusted: false });
    access.pin_ = REAL;
    access.statuses = { docker: 'warn', resolve: 'skip' };
    expect(await desk.test(SPARK1, NEVER)).to.include({ ok: true, trusted: true });
    access.statuses = { docker: 'fail' };
    expect(await desk.test(SPARK1, NEVER)).to.include({ ok: false, trusted: true });
    access.pin_ = OTHER;
    expect(await desk.test(SPARK1, NEVER)).to.include({ trusted: false });
  });

  it('tests once for two who ask at once, and again for one who asks later', async () => {
    const [one, two] = await Promise.all([desk.test(SPARK1, NEVER), desk.test(SPARK1, NEVER)]);
    expect(one).to.equal(two);
    expect(access.tests).to.equal(1);
    await desk.test(SPARK1, NEVER);
    expect(access.tests).to.equal(2);
  });

  it('pins the key that is shown now, and writes down who did and what was before', async () => {
    await desk.trust(SPARK1, REAL, ANNA, NEVER);
    expect(desk.pinOf(SPARK1)).to.equal(REAL);
    access.pin_ = OTHER;
    await desk.trust(SPARK1, `${REAL}=`, ANNA, NEVER);
    expect(desk.pinOf(SPARK1)).to.equal(REAL);
    await desk.trust(SPARK1, REAL, ANNA, NEVER);
    expect(access.audit.map(({ note }) => note)).to.deep.equal([REAL, `${REAL} in place of ${OTHER}`, `${REAL}, as before`]);
    expect(access.audit[0]).to.deep.include({ at: 5_000, actor: ANNA, action: 'host_trusted', target: 'spark1', cluster: 'default' });
  });

  it('refuses a key that the host does not show, naming both', async () => {
    access.shown = async () => OTHER;
    const refused = await refusal(desk.trust(SPARK1, REAL, ANNA, NEVER));
    expect(refused.code).to.equal('HOST_KEY_MISMATCH');
    expect(refused.message).to.include(REAL).and.to.include(OTHER);
    expect(desk.pinOf(SPARK1)).to.equal(null);
  });

  it('trusts nobody who cannot be asked', async () => {
    access.shown = async () => {
      throw new SparkError('HOST_UNREACHABLE', 'away');
    };
    expect((await refusal(desk.trust(SPARK1, REAL, ANNA, NEVER))).code).to.equal('HOST_UNREACHABLE');
    expect(desk.pinOf(SPARK1)).to.equal(null);
  });
});
