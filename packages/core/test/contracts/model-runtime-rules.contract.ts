import { expect } from 'chai';
import type { Claim } from '../../src/index.ts';
import { type RuntimeDriver, rejectionCode, until } from './runtime-subject.ts';

const NEVER = new AbortController().signal;
/** What "soon" means after an abort: far below any deadline of a step, far above a busy machine's hiccup. */
const SOON_MS = 5_000;

/** Claims that are over must not be able to change anything. */
export function describeFencing(make: () => RuntimeDriver): void {
  const expectRefusals = async (drive: RuntimeDriver, stale: Claim): Promise<void> => {
    const { good, second } = drive.subject.plans;
    const before = await drive.containers();
    expect(await rejectionCode(drive.stop(stale))).to.equal('FENCED_OFF');
    expect(await rejectionCode(drive.stop(stale, true))).to.equal('FENCED_OFF');
    expect(await rejectionCode(drive.launch(second, stale))).to.equal('FENCED_OFF');
    expect(await rejectionCode(drive.launch(good, stale))).to.equal('FENCED_OFF');
    expect(await rejectionCode(drive.unpark(stale, 'restore'))).to.equal('FENCED_OFF');
    expect(await rejectionCode(drive.unpark(stale, 'discard'))).to.equal('FENCED_OFF');
    expect(await drive.containers()).to.deep.equal(before);
    expect(await drive.subject.servedNames()).to.include(good.servedModelName);
  };

  it('refuses a claim that another control plane has overtaken, and changes nothing', async () => {
    const drive = make();
    const stale = await drive.serve(drive.subject.plans.good);
    await drive.subject.fenceOf('another-control-plane').claim(drive.newSwap(), 1, NEVER);
    await expectRefusals(drive, stale);
  });

  it('refuses a claim that a newer swap of its own control plane has overtaken', async () => {
    const drive = make();
    const stale = await drive.serve(drive.subject.plans.good);
    await drive.claim();
    await expectRefusals(drive, stale);
  });

  it('refuses a claim that was never written', async () => {
    const drive = make();
    const claim = await drive.claim();
    const { good } = drive.subject.plans;
    expect(await rejectionCode(drive.launch(good, { ...claim, fence: claim.fence + 1 }))).to.equal('FENCED_OFF');
    expect(await rejectionCode(drive.launch(good, { ...claim, controller: 'somebody-else' }))).to.equal('FENCED_OFF');
    expect(await drive.living()).to.deep.equal([]);
  });

  it('obeys the newest claim after it refused an old one', async () => {
    const drive = make();
    const stale = await drive.serve(drive.subject.plans.good);
    const fresh = await drive.claim();
    expect(await rejectionCode(drive.stop(stale))).to.equal('FENCED_OFF');
    await drive.stop(fresh);
    expect(await drive.living()).to.deep.equal([]);
  });
}

/** Whoever waits must be able to leave. */
export function describeAborts(make: () => RuntimeDriver): void {
  const reason = new Error('enough waited');

  /** Calls with a signal that aborts after `ms`, and checks how and when it settles. */
  async function expectAborted(call: (signal: AbortSignal) => Promise<unknown>, ms: number | null): Promise<void> {
    const controller = new AbortController();
    if (ms === null) controller.abort(reason);
    else setTimeout(() => controller.abort(reason), ms);
    const began = performance.now();
    const outcome = await call(controller.signal).then(
      () => 'done',
      (error: unknown) => error,
    );
    expect(performance.now() - began).to.be.lessThan(SOON_MS + (ms ?? 0));
    // A call that was quicker than the abort has done its work; that is fine unless it was aborted before it began.
    if (outcome !== 'done' || ms === null) expect(outcome).to.equal(reason);
  }

  it('settles at once, with the reason, when it was aborted before it began', async () => {
    const drive = make();
    const claim = await drive.claim();
    const { runtime, plans } = drive.subject;
    const ignore = (): void => undefined;
    await expectAborted((signal) => runtime.observe(signal), null);
    await expectAborted((signal) => runtime.launch(plans.good, claim, ignore, signal), null);
    await expectAborted((signal) => runtime.stop(claim, { park: false, report: ignore }, signal), null);
    await expectAborted((signal) => runtime.unpark(claim, 'restore', signal), null);
    expect(await drive.living()).to.deep.equal([]);
  });

  it('settles soon after an abort in the middle of a stop, and a repeated stop finishes the work', async () => {
    const drive = make();
    const claim = await drive.serve(drive.subject.plans.good);
    await expectAborted((signal) => drive.subject.runtime.stop(claim, { park: false, report: () => undefined }, signal), 20);
    await drive.stop(claim);
    expect(await drive.living()).to.deep.equal([]);
  });

  it('settles soon after an abort in the middle of a launch, and a repeated launch starts no second one', async () => {
    const drive = make();
    const { good } = drive.subject.plans;
    const claim = await drive.claim();
    await expectAborted((signal) => drive.subject.runtime.launch(good, claim, () => undefined, signal), 20);
    await drive.launch(good, claim);
    await drive.untilServed(good.servedModelName);
    expect(await drive.living()).to.have.length(good.nodes.length);
  });

  it('ends following when told to, and without an error', async () => {
    const drive = make();
    const controller = new AbortController();
    let state = 'going on';
    const following = drive.subject.runtime
      .followLogs(null, () => undefined, controller.signal)
      .then(
        () => {
          state = 'ended';
        },
        (error: unknown) => {
          state = String(error);
        },
      );
    controller.abort(reason);
    await until(
      async () => state,
      (seen) => seen !== 'going on',
      'following has ended',
      { timeoutMs: SOON_MS, pollMs: 10 },
    );
    await following;
    expect(state).to.equal('ended');
  });
}

/** What is not ours is set aside, not thrown away. */
export function describeParking(make: () => RuntimeDriver): void {
  it('shows a model server that somebody else started as not ours', async () => {
    const drive = make();
    const { servedName } = await drive.subject.startUnmanaged('somebodys-server');
    const seen = (await drive.living()).find((container) => container.name === 'somebodys-server');
    expect(seen).to.include({ state: 'running', identity: null, parked: false, restorable: true });
    expect(await drive.subject.servedNames()).to.include(servedName);
    expect(await drive.portOwner()).to.be.a('string');
  });

  it('sets it aside, serves in its place, and brings it back', async () => {
    const drive = make();
    const { good } = drive.subject.plans;
    const { servedName } = await drive.subject.startUnmanaged('somebodys-server');
    const claim = await drive.claim();
    await drive.stop(claim, true);
    expect(await drive.portOwner()).to.equal(null);
    expect((await drive.containers()).filter((container) => container.parked)).to.have.length(1);
    await drive.stop(claim, true);
    expect(
      (await drive.containers()).filter((container) => container.parked),
      'after a repeated stop',
    ).to.have.length(1);
    await drive.memoryBack();
    await drive.launch(good, claim);
    await drive.untilServed(good.servedModelName);
    await drive.stop(claim, true);
    await drive.memoryBack();
    await drive.unpark(claim, 'restore');
    await drive.untilServed(servedName);
    await drive.unpark(claim, 'restore');
    const [back, ...others] = await drive.living();
    expect(others).to.deep.equal([]);
    expect(back).to.include({ name: 'somebodys-server', state: 'running', identity: null, parked: false });
  });

  it('sets aside what has the very name of our own container', async () => {
    const drive = make();
    const { good } = drive.subject.plans;
    const { servedName } = await drive.subject.startUnmanaged(good.container);
    const claim = await drive.claim();
    await drive.stop(claim, true);
    await drive.memoryBack();
    await drive.launch(good, claim);
    await drive.untilServed(good.servedModelName);
    await drive.stop(claim, true);
    await drive.memoryBack();
    await drive.unpark(claim, 'restore');
    await drive.untilServed(servedName);
    expect((await drive.living()).map(({ name, identity }) => ({ name, identity }))).to.deep.equal([
      { name: good.container, identity: null },
    ]);
  });

  it('removes what was set aside when it is not wanted any more', async () => {
    const drive = make();
    await drive.subject.startUnmanaged('somebodys-server');
    const claim = await drive.claim();
    await drive.stop(claim, true);
    await drive.unpark(claim, 'discard');
    await drive.unpark(claim, 'discard');
    expect(await drive.containers()).to.deep.equal([]);
  });

  it('does nothing when nothing was set aside', async () => {
    const drive = make();
    const claim = await drive.claim();
    await drive.unpark(claim, 'restore');
    await drive.unpark(claim, 'discard');
    expect(await drive.containers()).to.deep.equal([]);
  });
}
