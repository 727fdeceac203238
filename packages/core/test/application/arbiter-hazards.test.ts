import { expect } from 'chai';
import { SparkError, type Swap } from '../../src/index.ts';
import { aPlan, someOptions } from '../support/builders.ts';
import { settle } from '../support/fake-clock.ts';
import { Bench } from '../support/fake-core.ts';

describe('the arbiter in awkward moments', () => {
  let bench: Bench;

  beforeEach(async () => {
    bench = await new Bench().start();
  });

  afterEach(async () => {
    await bench.close();
  });

  const swapOf = (decision: { kind: string; swap?: Swap }): Swap => {
    if (decision.swap === undefined) throw new Error(`no swap: ${decision.kind}`);
    return decision.swap;
  };

  it('begins no step once it is told to stop, also when the journal was just being written', async () => {
    const decision = await bench.request('qwen');
    const { id } = swapOf(decision as never);
    const commit = bench.journal.commit.bind(bench.journal);
    let isClosed = false;
    bench.journal.commit = async (entry) => {
      if (entry.swap?.step === 'launch' && !isClosed) {
        isClosed = true;
        void bench.arbiter.close();
        await bench.clock.sleep(1_000, new AbortController().signal);
      }
      return commit(entry);
    };
    await bench.clock.until(async () => (await bench.journal.get(id))?.step === 'launch');
    await bench.clock.advance(60_000);
    expect(bench.hosts.launches).to.deep.equal([]);
    expect(bench.clock.sleepers).to.equal(0);
  });

  it('stops at once while the first look of a recovery hangs', async () => {
    await bench.inPhase(swapOf((await bench.request('qwen')) as never).id, 'loading');
    bench.hosts.observe = (signal) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    await bench.restart();
    let isClosed = false;
    const closing = bench.arbiter.close().then(() => {
      isClosed = true;
    });
    await settle();
    expect(isClosed).to.equal(true);
    await closing;
  });

  it('says that nothing serves when the rollback failed too, whatever the last look saw', async () => {
    await bench.swap('gemma');
    bench.hosts.faults = { launch: 'docker is ill' };
    bench.hosts.stopMs = 50;
    for (const delay of [0, 300, 700, 1_100, 1_500]) {
      await bench.clock.advance(delay);
      const swap = await bench.swap('qwen');
      expect(swap, `after ${delay} ms`).to.deep.include({ phase: 'failed', serving: { kind: 'nothing' } });
      bench.hosts.faults = {};
      await bench.swap('gemma');
      bench.hosts.faults = { launch: 'docker is ill' };
    }
  });

  it('sets aside, and does not remove, what somebody starts while the old model is being ended', async () => {
    await bench.swap('gemma');
    const stop = bench.hosts.stop.bind(bench.hosts);
    bench.hosts.stop = async (claim, options, signal) => {
      bench.hosts.startUnmanaged('late');
      return stop(claim, options, signal);
    };
    const { id } = swapOf((await bench.request('qwen')) as never);
    await bench.settled(id);
    expect(bench.hosts.servers.map((server) => server.name)).to.include('late');
  });

  it('removes what is not its own only when told to replace it for good', async () => {
    bench.hosts.startUnmanaged();
    await bench.clock.advance(3_000);
    const swap = await bench.swap('qwen', { options: someOptions({ replaceUnmanaged: true, rollback: false }) });
    expect(swap.phase).to.equal('ready');
    expect(bench.hosts.servers.map((server) => server.name)).to.deep.equal(['vllm_node']);
  });

  it('takes a host that hangs for unknown, and does not answer from what it saw before', async () => {
    await bench.swap('gemma');
    bench.hosts.observe = (signal) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    await bench.clock.advance(8_000);
    const { view } = bench.arbiter.watch;
    expect(view).to.deep.include({ serving: { kind: 'unknown' }, runtime: 'unknown' });
    expect(view.unreachable.map(({ host }) => host)).to.deep.equal(bench.cluster.hosts.map(({ key }) => key));
    expect((await bench.request('gemma')).kind).to.equal('started');
  });

  it('leaves nothing on its own signal with each look', async () => {
    const { any } = AbortSignal;
    let calls = 0;
    AbortSignal.any = (signals) => {
      calls += 1;
      return any.call(AbortSignal, signals);
    };
    try {
      await bench.clock.advance(30_000);
    } finally {
      AbortSignal.any = any;
    }
    expect(calls).to.equal(0);
  });

  it('checks the arguments of a model last: who is busy says so first', async () => {
    await bench.request('gemma');
    const { clock, arbiter, cluster } = bench;
    const request = { cluster: cluster.key, model: aPlan('qwen').model, requestedBy: 'tester', reason: null, lockId: null } as const;
    const unsafe = (): never => {
      throw new SparkError('UNSAFE_ARGUMENT', 'no');
    };
    const decision = arbiter.request({ ...request, options: someOptions(), onBusy: 'reject' }, unsafe);
    await clock.advance(1_000);
    expect((await decision).kind).to.equal('busy');
  });

  it('knows after a restart what the last swap left, although a younger one was dropped meanwhile', async () => {
    await bench.swap('gemma');
    const first = swapOf((await bench.request('qwen')) as never);
    await bench.inPhase(first.id, 'loading');
    const second = await bench.request('phi', { onBusy: 'queue' });
    await bench.cancel(swapOf(second as never).id);
    await bench.settled(first.id);
    await bench.restart();
    await bench.clock.advance(5_000);
    expect(bench.arbiter.watch.view).to.deep.include({ serving: { kind: 'model', model: 'qwen' }, drift: null });
  });

  it('does not count the time that the control plane was away as loading time', async () => {
    bench.hosts.loadMs = 10_000;
    const { id } = swapOf((await bench.request('qwen')) as never);
    await bench.inPhase(id, 'loading');
    bench.kill();
    await bench.clock.advance(3 * 3_600_000);
    await bench.restart();
    expect((await bench.settled(id)).phase).to.equal('ready');
    expect(await bench.journal.loadTimes(bench.cluster.key, bench.plan('qwen').model, false)).to.deep.equal([]);
  });

  it('measures the wait in the queue by a clock that does not jump', async () => {
    bench.hosts.loadMs = 30_000;
    await bench.request('gemma');
    const options = someOptions({ queueSeconds: 600 });
    const { id } = swapOf((await bench.request('qwen', { onBusy: 'queue', options })) as never);
    bench.clock.jump(3_600_000);
    expect((await bench.settled(id)).phase).to.equal('ready');
  });

  it('lets a swap wait no longer for its turn because the clock was set back', async () => {
    bench.hosts.loadMs = 300_000;
    await bench.request('gemma');
    const options = someOptions({ queueSeconds: 20 });
    const { id } = swapOf((await bench.request('qwen', { onBusy: 'queue', options })) as never);
    bench.clock.jump(-3_600_000);
    await bench.clock.advance(30_000);
    expect((await bench.journal.get(id))?.cause?.code).to.equal('QUEUE_TIMEOUT');
  });

  it('answers a request that is in the journal as queued, when its start could not be written', async () => {
    const commit = bench.journal.commit.bind(bench.journal);
    let isFull = false;
    bench.journal.commit = async (entry) => {
      if (isFull) throw new SparkError('STORE_UNAVAILABLE', 'full');
      if (entry.swap?.phase === 'queued') isFull = true;
      return commit(entry);
    };
    const decision = await bench.request('qwen');
    expect(decision).to.include({ kind: 'queued', position: 1 });
    isFull = false;
    bench.journal.commit = commit;
    expect((await bench.settled(swapOf(decision as never).id)).phase).to.equal('ready');
  });

  it('lets only so many wait', async () => {
    bench.hosts.loadMs = 600_000;
    await bench.request('gemma');
    let code: string | null = null;
    for (let n = 0; n < 200 && code === null; n += 1) {
      await bench.request('qwen', { onBusy: 'queue', requestedBy: `caller ${n}` }).catch((error: SparkError) => {
        code = error.code;
      });
    }
    expect(code).to.equal('QUEUE_FULL');
    // Who takes the place of its own older request needs no room.
    expect((await bench.request('phi', { onBusy: 'queue', requestedBy: 'caller 3' })).kind).to.equal('queued');
  });

  it('masks secrets in the lines that it passes on', async () => {
    bench.hosts.lines = ["non-default args: {'api_key': 'sk-0123456789abcdef0123456789abcdef', 'model': 'x'}"];
    const { id } = swapOf((await bench.request('qwen')) as never);
    await bench.settled(id);
    const shown = JSON.stringify([bench.arbiter.logTail(id), bench.events]);
    expect(shown).to.contain('non-default args');
    expect(shown).not.to.contain('sk-0123456789abcdef');
  });

  it('never shows a reader less progress than before while the journal is being written', async () => {
    bench.hosts.lines = [];
    const commit = bench.journal.commit.bind(bench.journal);
    let report: ((line: string) => void) | null = null;
    bench.hosts.followLogs = async (_since, heard, signal) => {
      report = (line) => heard({ host: bench.cluster.hosts[0]!.key, at: bench.clock.now(), line });
      await bench.clock.sleep(1e9, signal).catch(() => undefined);
    };
    bench.journal.commit = async (entry) => {
      if (entry.swap?.step === 'warm') {
        await bench.clock.sleep(500, new AbortController().signal);
        report?.('Loading safetensors checkpoint shards:  50% Completed | 7/14 [00:02<00:02,  0.29s/it]');
        await bench.clock.sleep(500, new AbortController().signal);
      }
      return commit(entry);
    };
    const { id } = swapOf((await bench.request('qwen')) as never);
    const seen: number[] = [];
    await bench.clock.until(() => {
      const swap = bench.arbiter.find(id);
      if (swap !== null && swap.phase !== 'ready') seen.push(swap.progress.fraction);
      return swap === null;
    });
    expect(seen).to.deep.equal([...seen].sort((a, b) => a - b));
    expect((await bench.settled(id)).phase).to.equal('ready');
  });
});
