import { expect } from 'chai';
import type { HostFacts, HostKey, HostProbe, HostReport, ModelSource, ProbeQuestions } from '../../src/index.ts';

/** What the suite works on. `reset` is not needed: a probe changes nothing. */
export type ProbeSubject = Readonly<{
  probe: HostProbe;
  hosts: readonly HostKey[];
  images: Readonly<{ present: string; missing: string }>;
  weights: Readonly<{ present: ModelSource; missing: ModelSource /** A download that was broken off. */; incomplete: ModelSource }>;
  /** Makes a host unreachable; the answer puts it back. */
  cutOff(host: HostKey): Promise<() => Promise<void>>;
  dispose(): Promise<void>;
}>;

const NEVER = new AbortController().signal;
const NOTHING: ProbeQuestions = { image: null, source: null };
const GIB = 2 ** 30;

/** The contract of `HostProbe`, for every implementation. */
export function hostProbeContract(
  name: string,
  factory: () => Promise<ProbeSubject>,
  options: Readonly<{ timeoutMs?: number }> = {},
): void {
  describe(`${name} keeps the contract of the host probe`, function () {
    this.timeout(options.timeoutMs ?? 120_000);
    let subject: ProbeSubject;
    before(async () => {
      subject = await factory();
    });
    // When the factory failed there is nothing to put away.
    after(() => subject?.dispose());
    describeAnswers(() => subject);
    describeOutages(() => subject);
  });
}

const factsOf = (report: HostReport): HostFacts => (report.reachable ? report.facts : expect.fail(`${report.host}: ${report.reason}`));

async function ask({ probe }: ProbeSubject, questions: Partial<ProbeQuestions>): Promise<readonly HostFacts[]> {
  return (await probe.inspect({ ...NOTHING, ...questions }, NEVER)).map(factsOf);
}

function describeAnswers(subject: () => ProbeSubject): void {
  it('reports every host in order, with figures that can be true', async () => {
    const { probe, hosts } = subject();
    const reports = await probe.inspect(NOTHING, NEVER);
    expect(reports.map((report) => report.host)).to.deep.equal(hosts);
    for (const facts of reports.map(factsOf)) {
      expect(facts.memTotalBytes).to.be.within(100 * GIB, 140 * GIB);
      expect(facts.memAvailableBytes).to.be.within(1, facts.memTotalBytes);
      expect(facts.cachedBytes).to.be.within(0, facts.memTotalBytes);
      expect(facts.diskFreeBytes).to.be.greaterThan(0);
      expect(facts.uptimeSeconds).to.be.at.least(0);
      expect(facts.dockerVersion).to.match(/^\d+\./);
      expect(facts.portOwner).to.equal(null);
    }
  });

  it('tells the disks apart by what they are for, and names system and kernel', async () => {
    for (const { disks, system, diskFreeBytes } of await ask(subject(), {})) {
      expect(disks?.map(({ role }) => role)).to.include.members(['root', 'cache', 'docker']);
      for (const disk of disks ?? []) expect(disk.freeBytes).to.be.within(0, disk.totalBytes);
      const wanted = (disks ?? []).filter(({ role }) => role === 'cache' || role === 'docker');
      expect(diskFreeBytes).to.equal(Math.min(...wanted.map(({ freeBytes }) => freeBytes)));
      expect(system?.kernel).to.match(/^\d+\./);
      expect(system?.os).to.match(/\S/);
      expect(system?.memoryPressurePercent ?? 0).to.be.within(0, 100);
      expect(system?.cpus).to.be.at.least(1);
    }
  });

  it('says the same again when it knows what does not change', async () => {
    const constant = async () =>
      (await ask(subject(), {})).map(({ dockerVersion, launcher, disks }) => ({
        dockerVersion,
        launcher,
        roles: disks?.map(({ role }) => role).toSorted(),
      }));
    const first = await constant();
    expect(await constant()).to.deep.equal(first);
    expect(await constant()).to.deep.equal(first);
  });

  it('leaves out answers to what was not asked', async () => {
    for (const facts of await ask(subject(), {})) expect(facts).to.not.have.any.keys('imageId', 'weights');
  });

  it('finds an image, and says when it is missing', async () => {
    const { images } = subject();
    for (const facts of await ask(subject(), { image: images.present })) expect(facts.imageId).to.match(/^sha256:[0-9a-f]{64}$/);
    for (const facts of await ask(subject(), { image: images.missing })) expect(facts.imageId).to.equal(null);
  });

  it('finds weights with their size, and says when they are missing or only half there', async () => {
    const { weights } = subject();
    for (const facts of await ask(subject(), { source: weights.present })) {
      expect(facts.weights).to.include({ complete: true });
      expect(facts.weights?.bytes).to.be.greaterThan(0);
    }
    for (const facts of await ask(subject(), { source: weights.missing })) expect(facts.weights).to.equal(null);
    for (const facts of await ask(subject(), { source: weights.incomplete })) expect(facts.weights).to.include({ complete: false });
  });

  it('gives null for what the GPU does not report, never a made-up zero', async () => {
    for (const facts of await ask(subject(), {})) {
      if (facts.gpu === null) continue;
      for (const value of [facts.gpu.temperatureC, facts.gpu.powerW]) expect(value === null || value > 0).to.equal(true);
    }
  });
}

function describeOutages(subject: () => ProbeSubject): void {
  it('says which host cannot be reached and why, and reports the others all the same', async () => {
    const { probe, hosts, cutOff } = subject();
    const lost = hosts[hosts.length - 1]!;
    const restore = await cutOff(lost);
    try {
      const reports = await probe.inspect(NOTHING, NEVER);
      expect(reports.map((report) => report.host)).to.deep.equal(hosts);
      for (const report of reports) {
        if (report.host !== lost) expect(report.reachable).to.equal(true);
        else if (report.reachable) expect.fail('a host that was cut off was reported as reachable');
        else {
          expect(report.code).to.equal('HOST_UNREACHABLE');
          expect(report.reason).to.match(/\S/);
        }
      }
    } finally {
      await restore();
    }
  });

  it('rejects with the reason when it is aborted', async () => {
    const reason = new Error('enough waited');
    const controller = new AbortController();
    controller.abort(reason);
    const outcome = await subject()
      .probe.inspect(NOTHING, controller.signal)
      .catch((error: unknown) => error);
    expect(outcome).to.equal(reason);
  });
}
