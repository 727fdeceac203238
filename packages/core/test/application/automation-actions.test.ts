import { expect } from 'chai';
import { clusterKey, hostKey, lockId, modelKey, type NewAutomation, type SnapshotWish, SparkError } from '../../src/index.ts';
import { AutomationBench, SOMEBODY } from '../support/automation-bench.ts';
import { leaseOf } from '../support/lock-samples.ts';

const cluster = clusterKey('default');
const qwen = modelKey('qwen');
const swapping = (model: string | null): NewAutomation['action'] => ({
  type: 'swap',
  cluster,
  model: model === null ? null : modelKey(model),
});
const warming = (launch: boolean): NewAutomation['action'] => ({ type: 'warm', cluster, model: qwen, launch });

describe('what automations do', () => {
  let bench: AutomationBench;
  beforeEach(async () => {
    bench = new AutomationBench();
    await bench.start();
  });
  afterEach(() => bench.desk.close());

  const begun = async (over: Partial<NewAutomation>) => {
    const automation = await bench.create(over);
    await bench.desk.run(automation.id, SOMEBODY);
    await bench.clock.advance(0);
    return automation;
  };

  describe('a swap', () => {
    it('is asked for as anybody would, waits in the queue, and succeeds when its model serves', async () => {
      const automation = await begun({ lockWaitMs: 90_000 });
      const [request] = bench.core.requests;
      expect(request).to.deep.include({ cluster, model: qwen, requestedBy: 'automation:nightly', onBusy: 'queue', lockId: null });
      expect(request?.options).to.include({ rollback: true, replaceUnmanaged: false, forceRestart: false, queueSeconds: 90 });
      expect(await bench.onlyRun(automation)).to.include({ outcome: null, swap: 'swp_1', startedBy: 'anna', scheduledFor: null });
      await bench.clock.advance(40_000);
      bench.core.settle(bench.core.last.id, 'ready');
      const run = await bench.onlyRun(automation);
      expect(run).to.include({ outcome: 'succeeded', detail: 'qwen serves on default after 40 s (swap swp_1).' });
      expect((run.settledAt ?? 0) - run.startedAt).to.equal(40_000);
      expect(bench.store.notices).to.deep.equal([]);
    });

    for (const phase of ['failed', 'rolled_back', 'cancelled'] as const) {
      it(`has failed when it ends as ${phase}, and webhooks are told`, async () => {
        const automation = await begun({});
        bench.core.settle(bench.core.last.id, phase);
        const run = await bench.onlyRun(automation);
        expect(run.outcome).to.equal('failed');
        expect(run.detail).to.equal(`Swap swp_1 ended as ${phase}. The model server died. gemma serves on default.`);
        const { id, name } = automation;
        expect(bench.store.notices).to.deep.equal([
          { at: run.settledAt, type: 'automation_failed', cluster, automation: { id, name }, run },
        ]);
      });
    }

    it('has succeeded at once when the model serves already', async () => {
      bench.core.decide = () => ({ kind: 'noop', swap: bench.core.beginSwap('x') });
      expect(await bench.outcome({})).to.include({ outcome: 'succeeded', detail: 'qwen serves on default already.', swap: null });
    });

    const lock = { holder: 'cron:bench', reason: null, fence: 1, implicit: false, acquiredAt: 0, expiresAt: null, remainingMs: null };
    for (const { decision, says } of [
      { decision: { kind: 'locked', lock, retryAfterSeconds: 5 }, says: 'cron:bench has the lock of default.' },
      {
        decision: { kind: 'busy', swapId: 'swp_9', retryAfterSeconds: 5 },
        says: 'Swap swp_9 is running on default, and this automation does not wait.',
      },
      { decision: { kind: 'unmanaged', detail: 'theirs serves there.' }, says: 'theirs serves there.' },
      {
        decision: { kind: 'preflight_failed', issues: [{ path: '', code: 'flags', message: 'A flag is wrong.' }] },
        says: 'The checks before the start failed: A flag is wrong.',
      },
    ]) {
      it(`has failed when it is refused as ${decision.kind}`, async () => {
        bench.core.decide = () => decision as ReturnType<typeof bench.core.decide>;
        expect(await bench.outcome({ lockWaitMs: 0 })).to.include({ outcome: 'failed', detail: says });
        expect(bench.core.requests[0]?.onBusy).to.equal('reject');
      });
    }

    it('has failed with the sentence of an error, and without the words of a defect', async () => {
      bench.core.decide = () => {
        throw new SparkError('MODEL_NOT_FOUND', 'There is no model "qwen".');
      };
      expect(await bench.outcome({})).to.include({ outcome: 'failed', detail: 'There is no model "qwen".' });
      bench.core.decide = () => {
        throw new TypeError('x is not a function');
      };
      const { detail } = await bench.outcome({ name: 'second', action: swapping(null) });
      expect(detail).to.equal('Something went wrong that should not have; the log has the details.');
    });
  });

  describe('a warm-up', () => {
    it('is one real completion by the model that serves', async () => {
      bench.core.serving = { kind: 'model', model: qwen };
      expect(await bench.outcome({ action: warming(false) })).to.include({
        outcome: 'succeeded',
        detail: 'qwen answered a completion on default in 0 ms.',
      });
      expect([bench.completions, bench.core.requests]).to.deep.equal([['qwen'], []]);
    });

    it('has failed when another model serves and none may be launched', async () => {
      const { outcome, detail } = await bench.outcome({ action: warming(false) });
      expect([outcome, detail]).to.deep.equal(['failed', 'gemma serves on default, not qwen; with "launch" it would be swapped in.']);
      expect(bench.core.requests).to.deep.equal([]);
    });

    it('swaps the model in where it may, as a swap would', async () => {
      const automation = await begun({ action: warming(true) });
      expect(bench.core.requests[0]).to.include({ model: qwen, onBusy: 'queue', lockId: null });
      bench.core.settle(bench.core.last.id, 'ready');
      expect(await bench.onlyRun(automation)).to.include({ outcome: 'succeeded' });
      expect(bench.completions).to.deep.equal(['qwen']);
    });

    it('has failed when its swap has', async () => {
      const automation = await begun({ action: warming(true) });
      bench.core.settle(bench.core.last.id, 'rolled_back');
      expect(await bench.onlyRun(automation)).to.include({ outcome: 'failed' });
      expect(bench.completions).to.deep.equal([]);
    });

    it('has failed when the model does not answer', async () => {
      bench.core.serving = { kind: 'model', model: qwen };
      bench.completing = async () => {
        throw new SparkError('UPSTREAM_TIMEOUT', 'The model server did not answer within 120 s.');
      };
      expect(await bench.outcome({ action: warming(true) })).to.include({
        outcome: 'failed',
        detail: 'The model server did not answer within 120 s.',
      });
    });
  });

  describe('a restart of a service', () => {
    const action = { type: 'restart_service', service: 'kokoro-tts' } as const;

    it('needs no lock where it works on no GPU', async () => {
      expect(await bench.outcome({ action })).to.include({ outcome: 'succeeded', detail: 'kokoro-tts was restarted in 0 s.' });
      expect([bench.services.restarts, bench.core.acquired]).to.deep.equal([['kokoro-tts'], []]);
    });

    it('happens under the lock of the cluster whose GPU it uses, and gives it back', async () => {
      bench.services.gpu = cluster;
      bench.services.restarting = async () => {
        expect([bench.core.acquired.length, bench.core.released.length]).to.deep.equal([1, 0]);
      };
      expect(await bench.outcome({ action, lockWaitMs: 30_000 })).to.include({ outcome: 'succeeded' });
      expect(bench.core.acquired[0]).to.include({ cluster, holder: 'automation:nightly', reason: 'restart of kokoro-tts', waitMs: 30_000 });
      expect(bench.core.released).to.deep.equal(['lck_1']);
    });

    it('gives the lock back when it fails, too', async () => {
      bench.services.gpu = cluster;
      bench.core.grant = () => ({ kind: 'granted', grant: { lease: leaseOf(7), lockId: lockId('lck_7'), renewAfterMs: 1 } });
      bench.services.restarting = async () => {
        throw new SparkError('RUNTIME_REJECTED', 'Kokoro could not be restarted.');
      };
      expect(await bench.outcome({ action })).to.include({ outcome: 'failed', detail: 'Kokoro could not be restarted.' });
      expect(bench.core.released).to.deep.equal(['lck_7']);
    });

    it('leaves the service alone when the lock does not come free in time', async () => {
      bench.services.gpu = cluster;
      const inTheWay = { holder: 'cron:bench', reason: null, fence: 1, implicit: false, acquiredAt: 0, expiresAt: null, remainingMs: null };
      bench.core.grant = () => ({ kind: 'held', inTheWay, waiting: null, retryAfterSeconds: 1 });
      const { outcome, detail } = await bench.outcome({ action, lockWaitMs: 60_000 });
      expect([outcome, detail]).to.deep.equal([
        'failed',
        'cron:bench has the lock of default after 60 s of waiting; kokoro-tts was left alone.',
      ]);
      expect([bench.services.restarts, bench.core.released]).to.deep.equal([[], []]);
    });

    it('has failed when the service has gone from the configuration', async () => {
      const automation = await bench.create({ action });
      bench.services.entries = [];
      await bench.desk.run(automation.id, SOMEBODY);
      expect(await bench.onlyRun(automation)).to.include({ outcome: 'failed', detail: 'There is no service "kokoro-tts" any more.' });
    });
  });

  describe('a health sweep', () => {
    const action = { type: 'health_sweep' } as const;

    it('says what it looked at when all is well', async () => {
      const { detail } = await bench.outcome({ action });
      expect(detail).to.equal('All is well with 1 cluster, 2 hosts and 1 service.');
    });

    it('names every fault: a host, the model server, a service', async () => {
      bench.core.uptimes['spark2'] = null;
      bench.health = { kind: 'unhealthy', status: 503 };
      bench.services.entries = [{ service: 'kokoro-tts', ok: false, detail: 'It answers with status 500.' }];
      const { outcome, detail } = await bench.outcome({ action });
      expect(outcome).to.equal('failed');
      expect(detail).to.equal(
        '3 faults among 1 cluster, 2 hosts and 1 service. spark2 cannot be asked: no route to host. gemma on Pair answers with status 503. kokoro-tts: It answers with status 500.',
      );
    });

    it('asks no model server where none serves', async () => {
      bench.health = { kind: 'unreachable', reason: 'the connection was refused.' };
      bench.core.serving = { kind: 'nothing' };
      expect(await bench.outcome({ action })).to.include({ outcome: 'succeeded' });
      bench.core.serving = { kind: 'unmanaged' };
      const { detail } = await bench.outcome({ name: 'second', action });
      expect(detail).to.contain('the model server on Pair does not answer: the connection was refused.');
    });

    it('does not know a cluster that could not be asked as well', async () => {
      bench.core.serving = { kind: 'unknown' };
      bench.core.unreachable = [{ host: hostKey('spark1'), reason: 'no answer.' }];
      expect((await bench.outcome({ action })).detail)
        .to.contain('1 fault among')
        .and.to.contain('spark1 cannot be asked: no answer.');
    });
  });

  describe('a snapshot of the vector store', () => {
    const action = { type: 'qdrant_snapshot', collection: 'notes' } as const;

    it('fails honestly where there is no vector store', async () => {
      expect(await bench.outcome({ action })).to.include({
        ...{ outcome: 'failed', detail: 'No vector store is configured, so there is nothing to take a snapshot of.' },
      });
    });

    it('names what was made', async () => {
      const wishes: SnapshotWish[] = [];
      bench.vectors = {
        async snapshot(wish) {
          wishes.push(wish);
          return { made: [{ collection: wish.collection, name: `${wish.collection}-1.snapshot`, bytes: 5 }], removed: 0, remarks: [] };
        },
      };
      await bench.restart();
      const { detail, id } = await bench.outcome({ action });
      expect(detail).to.equal('1 snapshot: notes-1.snapshot.');
      const asker = { requestedBy: 'automation:nightly', reason: `automation run ${id}` };
      expect(wishes).to.deep.equal([{ service: null, collection: 'notes', keepCount: null, keepDays: null, ...asker }]);
    });

    it('hands on how many are kept, and tells what went and what did not', async () => {
      let kept: unknown;
      bench.vectors = {
        async snapshot({ keepCount, keepDays, service }) {
          kept = { keepCount, keepDays, service };
          const made = ['a', 'b'].map((name) => ({ collection: name, name: `${name}.snapshot`, bytes: 5 }));
          return { made, removed: 2, remarks: ['One could not be removed.'] };
        },
      };
      await bench.restart();
      const wanted = { type: 'qdrant_snapshot', collection: null, service: 'vectors', keepCount: 7, keepDays: 30 } as const;
      const { detail } = await bench.outcome({ action: wanted });
      expect(detail).to.equal('2 snapshots: a.snapshot, b.snapshot. 2 older ones were removed. One could not be removed.');
      expect(kept).to.deep.equal({ keepCount: 7, keepDays: 30, service: 'vectors' });
    });

    it('has failed with the words of a store that refuses', async () => {
      bench.vectors = {
        async snapshot() {
          throw new SparkError('UPSTREAM_FAILED', 'Qdrant has no room left on its disk.');
        },
      };
      await bench.restart();
      expect(await bench.outcome({ action })).to.include({ outcome: 'failed', detail: 'Qdrant has no room left on its disk.' });
    });
  });
});
