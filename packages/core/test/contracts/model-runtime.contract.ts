import { expect } from 'chai';
import type { Claim } from '../../src/index.ts';
import { LogListener } from './log-listener.ts';
import { describeAborts, describeFencing, describeParking } from './model-runtime-rules.contract.ts';
import { RuntimeDriver, type RuntimeOmissions, type RuntimeSubject, until } from './runtime-subject.ts';

export type RuntimeContractOptions = Readonly<{ omit?: RuntimeOmissions /** For one test. Default 120 s. */; timeoutMs?: number }>;

/** The contract of `ModelRuntime`, for every implementation: the simulator, and real hosts behind SSH and Docker. */
export function modelRuntimeContract(name: string, factory: () => Promise<RuntimeSubject>, options: RuntimeContractOptions = {}): void {
  const omit = options.omit ?? {};
  describe(`${name} keeps the contract of the model runtime`, function () {
    this.timeout(options.timeoutMs ?? 120_000);
    let subject: RuntimeSubject;
    before(async () => {
      subject = await factory();
    });
    // When the factory failed there is nothing to put away.
    after(() => subject?.dispose());
    const driver = (): RuntimeDriver => new RuntimeDriver(subject);
    afterEach(async () => {
      await subject.reset();
      await driver().memoryBack();
    });

    describeLaunching(driver);
    describeStopping(driver);
    describeLogs(driver);
    describeFencing(driver);
    describeAborts(driver);
    if (omit.parking === undefined) describeParking(driver);
  });
}

function describeLaunching(make: () => RuntimeDriver): void {
  it('sees every host and nothing on it before anything was started', async () => {
    const drive = make();
    const hosts = await drive.observe();
    expect(hosts.map((host) => host.host)).to.deep.equal(drive.subject.cluster.hosts.map((host) => host.key));
    for (const host of hosts) {
      if (!host.reachable) expect.fail(`${host.host}: ${host.reason}`);
      expect(host.memAvailableBytes).to.be.greaterThan(0);
      expect(host.containers.filter((container) => container.state !== 'absent')).to.deep.equal([]);
    }
    expect(await drive.portOwner()).to.equal(null);
  });

  it('starts a model on every host of its plan, says whose it is, and it serves', async () => {
    const drive = make();
    const { good } = drive.subject.plans;
    const claim = await drive.serve(good);
    const containers = await drive.living();
    expect(containers.map((container) => container.host)).to.deep.equal(good.nodes);
    for (const container of containers) {
      expect(container).to.include({ name: good.container, state: 'running', parked: false, exitCode: null });
      expect(container.identity).to.deep.equal({
        model: good.model,
        swap: claim.swap,
        fence: claim.fence,
        controller: claim.controller,
        digest: good.digest,
      });
    }
    expect(await drive.portOwner()).to.be.a('string');
    expect(drive.reported.length, 'lines of the launcher').to.be.greaterThan(0);
  });

  it('has seen the process of the head by the time a launch settles', async () => {
    const drive = make();
    const { good } = drive.subject.plans;
    await drive.launch(good, await drive.claim());
    const head = (await drive.living()).find((container) => container.host === good.nodes[0]);
    expect(head?.state).to.equal('running');
  });

  it('starts nothing a second time under the same claim, neither at once nor later', async () => {
    const drive = make();
    const { good } = drive.subject.plans;
    const claim = await drive.claim();
    await Promise.all([drive.launch(good, claim), drive.launch(good, claim)]);
    await drive.untilServed(good.servedModelName);
    const before = await drive.living();
    await drive.launch(good, claim);
    const after = await drive.living();
    const identities = (containers: typeof before): unknown => containers.map(({ host, id, startedAt }) => ({ host, id, startedAt }));
    expect(identities(after)).to.deep.equal(identities(before));
    expect(after).to.have.length(good.nodes.length);
  });

  it('lets one model follow another', async () => {
    const drive = make();
    const { good, second } = drive.subject.plans;
    await drive.serve(good);
    const claim = await drive.claim();
    await drive.stop(claim);
    await drive.memoryBack();
    await drive.launch(second, claim);
    await drive.untilServed(second.servedModelName);
    expect((await drive.living()).map((container) => container.identity?.model)).to.deep.equal(second.nodes.map(() => second.model));
  });

  it('refuses a launch whose model server dies, or shows it dead, with its last words in the log', async () => {
    const drive = make();
    const { failing, lastWords } = drive.subject.plans;
    const claim = await drive.claim();
    const log = new LogListener(drive.subject.runtime);
    const outcome = await drive.launch(failing, claim).then(
      () => 'started',
      (error: unknown) => Promise.reject(error).catch((cause: { code?: string }) => cause.code ?? String(cause)),
    );
    if (outcome === 'started') {
      const hasDied = await until(
        () => drive.containers(),
        (all) => !all.some((container) => container.host === failing.nodes[0] && container.state === 'running'),
        'the head is seen dead',
      );
      expect(hasDied.filter((container) => container.state === 'running' && container.host === failing.nodes[0])).to.deep.equal([]);
      await log.heard(lastWords);
    } else {
      expect(outcome).to.be.oneOf(['LAUNCHER_FAILED', 'RUNTIME_REJECTED']);
      expect(
        [...log.lines, ...drive.reported].some(({ line }) => lastWords.test(line)),
        'last words',
      ).to.equal(true);
    }
    await log.end();
    expect(await drive.subject.servedNames()).to.deep.equal([]);
  });
}

function describeStopping(make: () => RuntimeDriver): void {
  const expectNothing = async (drive: RuntimeDriver): Promise<void> => {
    expect(await drive.living()).to.deep.equal([]);
    expect(await drive.portOwner()).to.equal(null);
    expect(await drive.subject.servedNames()).to.deep.equal([]);
  };

  it('has everything gone and the port closed by the time a stop settles', async () => {
    const drive = make();
    const claim = await drive.serve(drive.subject.plans.good);
    const { note } = await drive.stop(claim);
    expect(note).to.be.a('string');
    await expectNothing(drive);
  });

  it('stops what another swap started', async () => {
    const drive = make();
    await drive.serve(drive.subject.plans.good);
    await drive.stop(await drive.claim());
    await expectNothing(drive);
  });

  it('stops a model that still loads', async () => {
    const drive = make();
    const claim = await drive.claim();
    await drive.launch(drive.subject.plans.good, claim);
    await drive.stop(claim);
    await expectNothing(drive);
  });

  it('takes a second stop, and a stop of nothing, as done', async () => {
    const drive = make();
    const claim = await drive.serve(drive.subject.plans.good);
    await Promise.all([drive.stop(claim), drive.stop(claim)]);
    await drive.stop(claim);
    await expectNothing(drive);
  });

  it('launches again under a newer claim after a stop', async () => {
    const drive = make();
    const { good } = drive.subject.plans;
    const first: Claim = await drive.serve(good);
    await drive.stop(first);
    const second = await drive.serve(good);
    expect(second.fence).to.be.greaterThan(first.fence);
    expect((await drive.living()).map((container) => container.identity?.fence)).to.deep.equal(good.nodes.map(() => second.fence));
  });
}

function describeLogs(make: () => RuntimeDriver): void {
  it('gives the log from its start to who comes late, each line once and in order', async () => {
    const drive = make();
    const { good, firstWords } = drive.subject.plans;
    await drive.serve(good);
    const early = new LogListener(drive.subject.runtime);
    await early.heard(firstWords);
    await early.heard(/Application startup complete\./);
    await early.end();
    const heads = early.lines.filter(({ host }) => host === good.nodes[0]);
    const position = (pattern: RegExp): number => heads.findIndex(({ line }) => pattern.test(line));
    expect(position(firstWords)).to.be.lessThan(position(/Application startup complete\./));
    expect(heads.filter(({ line }) => /Application startup complete\./.test(line))).to.have.length(1);
    for (const { at } of heads) expect(at).to.be.greaterThan(Date.parse('2020-01-01'));
  });

  it('waits for a model server that is not there yet, and goes on with the next one', async () => {
    const drive = make();
    const { good, second } = drive.subject.plans;
    const log = new LogListener(drive.subject.runtime);
    const claim = await drive.serve(good);
    await log.heard(/Application startup complete\./);
    await drive.stop(claim);
    const heardBefore = log.lines.length;
    await drive.serve(second);
    await until(
      async () => log.lines.slice(heardBefore).map(({ line }) => line),
      (lines) => lines.some((line) => /Application startup complete\./.test(line)),
      'the log of the second model is heard',
    );
    await log.end();
    const ready = log.lines.filter(({ host, line }) => host === good.nodes[0] && /Application startup complete\./.test(line));
    expect(ready, 'each model becomes ready once').to.have.length(2);
  });

  it('leaves out what was said before the time asked for', async () => {
    const drive = make();
    const { good, firstWords } = drive.subject.plans;
    await drive.serve(good);
    const whole = new LogListener(drive.subject.runtime);
    const last = await whole.heard(/Application startup complete\./);
    await whole.end();
    const late = new LogListener(drive.subject.runtime, last.at);
    await late.heard(/Application startup complete\./);
    await late.end();
    expect(late.lines.length).to.be.lessThan(whole.lines.length);
    expect(late.lines.some(({ line }) => firstWords.test(line))).to.equal(false);
  });
}
