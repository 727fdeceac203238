import { expect } from 'chai';
import { type Claim, type HostKey, type HostMaintenance, hostKey, type UpdateOrder } from '../../src/index.ts';
import { refusal } from '../support/refusal.ts';

export type HostMaintenanceSubject = Readonly<{
  maintenance: HostMaintenance;
  /** Reachable, with an update that waits, and with a job that takes a moment. */
  host: HostKey;
  /** What the host's fence file holds. */
  claim: Claim;
  /** Makes it unreachable; the answer puts it back. */
  cutOff: () => Promise<() => Promise<void>>;
  dispose: () => Promise<void>;
}>;

const NEVER = new AbortController().signal;

/** The contract of {@link HostMaintenance}, for every implementation. */
export function hostMaintenanceContract(name: string, make: () => Promise<HostMaintenanceSubject>): void {
  describe(`${name} keeps the contract of host maintenance`, function () {
    this.timeout(30_000);
    let subject: HostMaintenanceSubject;
    let lines: string[];
    beforeEach(async () => {
      subject = await make();
      lines = [];
    });
    afterEach(() => subject?.dispose());

    const update = (over: Partial<UpdateOrder> = {}, onLine = (line: string) => void lines.push(line)): Promise<void> => {
      const order: UpdateOrder = { job: 'op_0001-spark', claim: subject.claim, steps: ['packages'], ...over };
      return subject.maintenance.update(subject.host, order, onLine, NEVER);
    };
    const condition = () => subject.maintenance.condition(subject.host, NEVER);
    const older = (): Claim => ({ ...subject.claim, fence: subject.claim.fence - 1 });

    it('tells in a survey what would be done, and does nothing of it', async () => {
      const { maintenance, host } = subject;
      const first = await maintenance.survey(host, NEVER);
      expect(first.host).to.equal(host);
      expect(first.packages).to.not.have.length(0);
      expect(first.free.map(({ path }) => path)).to.include('/');
      expect((await maintenance.survey(host, NEVER)).packages).to.deep.equal(first.packages);
    });

    it('begins an update once per job, and follows it for whoever asks, from the first line on', async () => {
      const { maintenance, host } = subject;
      expect(await maintenance.hasBegun(host, 'op_0001-spark', NEVER)).to.equal(false);
      const others: string[] = [];
      await Promise.all([update(), update({}, (line) => void others.push(line))]);
      expect(lines).to.not.have.length(0);
      expect(others).to.deep.equal(lines);
      const again: string[] = [];
      await update({}, (line) => void again.push(line));
      expect(again).to.deep.equal(lines);
      expect(await maintenance.hasBegun(host, 'op_0001-spark', NEVER)).to.equal(true);
    });

    it('needs no claim to fetch the lists', async () => {
      await update({ claim: null, steps: ['refresh'] });
      expect(lines).to.not.have.length(0);
    });

    it('updates and reboots only under the claim that the host holds', async () => {
      const { bootId } = await condition();
      expect(await refusal(update({ claim: older() }))).to.include({ code: 'FENCED_OFF' });
      expect(await refusal(subject.maintenance.reboot(subject.host, bootId, older(), NEVER))).to.include({ code: 'FENCED_OFF' });
      expect((await condition()).bootId).to.equal(bootId);
    });

    it('reboots once, however often it is asked with the boot id of before', async () => {
      const { maintenance, host, claim } = subject;
      const { bootId } = await condition();
      await maintenance.reboot(host, bootId, claim, NEVER);
      const after = await untilBack(maintenance, host);
      expect(after).to.not.equal(bootId);
      await maintenance.reboot(host, bootId, claim, NEVER);
      expect(await untilBack(maintenance, host)).to.equal(after);
    });

    it('knows no other host, and says so when the link is out', async () => {
      const { maintenance, host, claim, cutOff } = subject;
      expect(await refusal(maintenance.survey(hostKey('nowhere'), NEVER))).to.include({ code: 'HOST_NOT_FOUND' });
      const plugIn = await cutOff();
      expect(await refusal(maintenance.survey(host, NEVER))).to.include({ code: 'HOST_UNREACHABLE' });
      expect(await refusal(maintenance.condition(host, NEVER))).to.include({ code: 'HOST_UNREACHABLE' });
      expect(await refusal(update())).to.include({ code: 'HOST_UNREACHABLE' });
      expect(await refusal(maintenance.reboot(host, 'any', claim, NEVER))).to.include({ code: 'HOST_UNREACHABLE' });
      await plugIn();
      await condition();
    });

    it('settles soon after an abort, with its reason', async () => {
      const reason = new Error('enough');
      const aborted = AbortSignal.abort(reason);
      const caught = await subject.maintenance.condition(subject.host, aborted).catch((error: unknown) => error);
      expect(caught).to.equal(reason);
    });
  });
}

/** Its boot id, once it answers. */
async function untilBack(maintenance: HostMaintenance, host: HostKey): Promise<string> {
  for (let attempt = 0; attempt < 400; attempt += 1) {
    try {
      return (await maintenance.condition(host, NEVER)).bootId;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
  throw new Error('the host did not come back');
}
