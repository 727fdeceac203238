import { expect } from 'chai';
import { type Claim, type FenceMark, type HostFence, isSparkError, type SwapId, swapId } from '../../src/index.ts';

/** What the suite works on: the fence of one cluster's hosts, new at each test. */
export type FenceSubject = Readonly<{
  /** The fence as one control plane sees it. */
  fenceOf(controllerId: string): HostFence;
  /** What stands on each host, in words of the implementation; equal means equal on all hosts. */
  written(): Promise<readonly string[]>;
  dispose(): Promise<void>;
}>;

const NEVER = new AbortController().signal;
const A = swapId('swp_a');
const B = swapId('swp_b');

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (isSparkError(error)) return error.code;
    throw error;
  }
  return expect.fail('it was expected to be refused');
}

/** The contract of `HostFence`, for every implementation. */
export function hostFenceContract(
  name: string,
  factory: () => Promise<FenceSubject>,
  options: Readonly<{ timeoutMs?: number }> = {},
): void {
  describe(`${name} keeps the contract of the host fence`, function () {
    this.timeout(options.timeoutMs ?? 30_000);
    let subject: FenceSubject;
    beforeEach(async () => {
      subject = await factory();
    });
    afterEach(() => subject?.dispose());
    const claim: ClaimCall = (controller, swap, minimum = 1, basis) => subject.fenceOf(controller).claim(swap, minimum, NEVER, basis);

    describeNumbers(claim);
    describeHeld(claim, () => subject);
    describeMarks(claim, () => subject);

    it('gives every one of many claimants at once another number, and leaves the same claim on all hosts', async () => {
      const claims = await Promise.all(['c1', 'c2', 'c3'].flatMap((controller) => [A, B].map((swap) => claim(controller, swap))));
      const fences = claims.map(({ fence }) => fence);
      expect(new Set(fences).size).to.equal(fences.length);
      const last = await claim('c4', A);
      expect(last.fence).to.be.greaterThan(Math.max(...fences));
      expect(new Set(await subject.written()).size).to.equal(1);
    });

    it('rejects with the reason when it is aborted', async () => {
      const reason = new Error('enough waited');
      const controller = new AbortController();
      controller.abort(reason);
      const outcome = await subject
        .fenceOf('c1')
        .claim(A, 1, controller.signal)
        .catch((error: unknown) => error);
      expect(outcome).to.equal(reason);
    });
  });
}

type ClaimCall = (controller: string, swap: SwapId, minimum?: number, basis?: Claim | FenceMark) => Promise<Claim>;

function describeNumbers(claim: ClaimCall): void {
  it('claims at least the minimum, in the name of the swap and the control plane', async () => {
    expect(await claim('c1', A, 7)).to.include({ swap: A, controller: 'c1', fence: 7 });
  });

  it('claims more than any other swap and any other control plane did', async () => {
    const first = await claim('c1', A, 5);
    const second = await claim('c1', B, 1);
    const third = await claim('c2', B, 1);
    expect(second.fence).to.be.greaterThan(first.fence);
    expect(third.fence).to.be.greaterThan(second.fence);
  });

  it('gives a repeated claim no smaller number, so that a lost answer can be asked for again', async () => {
    const first = await claim('c1', A, 5);
    const again = await claim('c1', A, 5);
    expect(again.fence).to.be.at.least(first.fence);
    expect((await claim('c1', A, again.fence + 1)).fence).to.be.greaterThan(again.fence);
  });
}

function describeHeld(claim: ClaimCall, subject: () => FenceSubject): void {
  it('raises a claim that is still held', async () => {
    const held = await claim('c1', A);
    const raised = await claim('c1', A, held.fence + 1, held);
    expect(raised.fence).to.be.greaterThan(held.fence);
    expect(new Set(await subject().written()).size).to.equal(1);
  });

  const overtakers = [
    { who: 'another control plane', controller: 'c2', swap: A },
    { who: 'a newer swap', controller: 'c1', swap: B },
  ];
  for (const { who, controller, swap } of overtakers) {
    it(`refuses to raise a claim that ${who} has overtaken, and leaves that one as it is`, async () => {
      const held = await claim('c1', A);
      const other = await claim(controller, swap);
      const before = await subject().written();
      expect(await codeOf(claim('c1', A, other.fence + 5, held))).to.equal('FENCED_OFF');
      expect(await subject().written()).to.deep.equal(before);
      expect((await claim(controller, swap, other.fence + 1, other)).fence).to.be.greaterThan(other.fence);
    });
  }
}

function describeMarks(claim: ClaimCall, subject: () => FenceSubject): void {
  const look = (controller = 'c1'): Promise<FenceMark> => subject().fenceOf(controller).look(NEVER);

  it('shows on every host who holds the cluster, and that nobody does', async () => {
    const before = await look();
    expect(before.seen).to.have.length(2);
    for (const { claim: held } of before.seen) expect(held).to.equal(null);
    const { fence } = await claim('c1', A, 7);
    for (const { claim: held } of (await look('c2')).seen) expect(held).to.deep.include({ fence, controller: 'c1', swap: A });
  });

  it('claims what still stands as it was seen, above it, and again when the answer was lost', async () => {
    const first = await claim('c1', A, 5, await look());
    const mark = await look('c2');
    const second = await claim('c2', B, 1, mark);
    expect(second.fence).to.be.greaterThan(first.fence);
    expect((await claim('c2', B, 1, mark)).fence).to.be.at.least(second.fence);
    expect(new Set(await subject().written()).size).to.equal(1);
  });

  for (const { who, controller } of [
    { who: 'another control plane', controller: 'c2' },
    { who: 'another swap of the same one', controller: 'c1' },
  ]) {
    it(`claims nothing when ${who} has claimed since the look, says which swap, and leaves that claim as it is`, async () => {
      await claim('c1', swapId('swp_0'));
      const mark = await look();
      await claim(controller, B);
      const before = await subject().written();
      const error = await claim('c1', A, 99, mark).catch((reason: unknown) => reason);
      if (!isSparkError(error)) return expect.fail('it was expected to be refused');
      expect(error.code).to.equal('FENCED_OFF');
      expect(error.details['holder']).to.equal(B);
      expect(await subject().written()).to.deep.equal(before);
    });
  }

  it('lets exactly one of several who looked at the same moment have it, on all hosts', async () => {
    const mark = await look();
    const claims = ['c1', 'c2', 'c3', 'c4'].map((controller) => claim(controller, A, 1, mark));
    const outcomes = await Promise.allSettled(claims);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).to.have.length(1);
    expect(new Set(await subject().written()).size).to.equal(1);
  });
}
