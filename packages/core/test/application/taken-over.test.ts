import { expect } from 'chai';
import { type FenceMark, type Swap, type SwapId, swapId } from '../../src/index.ts';
import { someOptions } from '../support/builders.ts';
import { Bench } from '../support/fake-core.ts';

describe('a swap whose cluster is taken over by another control plane', () => {
  let bench: Bench;

  beforeEach(async () => {
    bench = await new Bench().start();
    await bench.swap('gemma');
  });
  afterEach(() => bench.close());

  const claimElsewhere = (swap: SwapId): void => {
    bench.hosts.held = { cluster: bench.cluster.key, fence: (bench.hosts.held?.fence ?? 0) + 1, controller: 'ctl_2', swap };
  };
  const NEWER = swapId('swp_9999');
  const OLDER = swapId('swp_0000');

  /** Calls `then` once, right after the next look at the fences. */
  function afterNextLook(then: () => void): void {
    const look = bench.hosts.look.bind(bench.hosts);
    bench.hosts.look = async (signal): Promise<FenceMark> => {
      bench.hosts.look = look;
      const mark = await look(signal);
      then();
      return mark;
    };
  }

  async function expectFencedOff(swap: Swap, launches: number): Promise<void> {
    expect(swap).to.include({ phase: 'failed' });
    expect(swap.cause?.code).to.equal('FENCED_OFF');
    await bench.clock.advance(60_000);
    expect(bench.hosts.launches.length).to.equal(launches);
    expect(bench.hosts.held?.controller).to.equal('ctl_2');
  }

  it('does not claim when a newer one claimed between its look and its claim', async () => {
    afterNextLook(() => claimElsewhere(NEWER));
    await expectFencedOff(await bench.swap('qwen'), 1);
  });

  it('looks again and goes on when the claim in between is of an older one', async () => {
    afterNextLook(() => claimElsewhere(OLDER));
    const swap = await bench.swap('qwen');
    expect(swap).to.deep.include({ phase: 'ready', serving: { kind: 'model', model: 'qwen' } });
    expect(bench.hosts.held).to.include({ controller: 'ctl_1', swap: swap.id });
  });

  it('is not called ready because a model of the same name answers by then', async () => {
    const decision = await bench.request('qwen');
    if (decision.kind !== 'started') return expect.fail(decision.kind);
    await bench.inPhase(decision.swap.id, 'warming');
    claimElsewhere(NEWER);
    await expectFencedOff(await bench.settled(decision.swap.id), 2);
  });

  it('is not called unloaded when the other one came in at the end of the stop', async () => {
    const { stop } = bench.hosts;
    bench.hosts.stop = async (...words): Promise<{ note: string }> => {
      const stopped = await stop.apply(bench.hosts, words);
      claimElsewhere(NEWER);
      return stopped;
    };
    await expectFencedOff(await bench.swap(null), 1);
  });

  it('is not called rolled back when the other one came in at the end of the rollback', async () => {
    bench.hosts.faults = { noToken: 'qwen' };
    const decision = await bench.request('qwen', { options: someOptions({ rollback: true }) });
    if (decision.kind !== 'started') return expect.fail(decision.kind);
    await bench.clock.until(() => bench.arbiter.find(decision.swap.id)?.step === 'rollback_warm');
    claimElsewhere(NEWER);
    await expectFencedOff(await bench.settled(decision.swap.id), 3);
  });
});
