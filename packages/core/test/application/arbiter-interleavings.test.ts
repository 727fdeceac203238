import { expect } from 'chai';
import fc from 'fast-check';
import { isSettled, type LockId } from '../../src/index.ts';
import { Bench } from '../support/fake-core.ts';

const RUNS = process.env['SPARK_PROVE'] === '1' ? 10_000 : 60;
const actor = { name: 'admin', address: null, requestId: null };

type Job = Readonly<{ holder: string; waits: boolean; swaps: 'locked' | 'unlocked' | 'none'; ends: 'release' | 'break' }>;

const jobs = fc.array(
  fc.record({
    holder: fc.constantFrom('ann', 'ben', 'cron'),
    waits: fc.boolean(),
    swaps: fc.constantFrom('locked', 'unlocked', 'none'),
    ends: fc.constantFrom('release', 'break'),
  }) satisfies fc.Arbitrary<Job>,
  { minLength: 2, maxLength: 5 },
);

/** What clients together may conclude from their answers: who can believe to hold the lock at this moment. */
class Witness {
  readonly #believers = new Set<LockId>();
  readonly #fences: number[] = [];

  granted(id: LockId, fence: number): void {
    expect([...this.#believers], 'nobody else holds it').to.deep.equal([]);
    for (const other of this.#fences) expect(fence, 'fences only rise').to.be.greaterThan(other);
    this.#believers.add(id);
    this.#fences.push(fence);
  }

  /** From the moment at which it *asks* to let go, a client no longer counts on it. */
  letsGo(id: LockId): void {
    this.#believers.delete(id);
  }

  letAllGo(): void {
    this.#believers.clear();
  }
}

async function runJob(job: Job, bench: Bench, witness: Witness, pause: (what: string) => Promise<void>): Promise<void> {
  await pause(`${job.holder} acquires`);
  const decision = await bench.acquire(job.holder, { waitMs: job.waits ? 60_000 : 0, ttlMs: 86_400_000 });
  if (decision.kind !== 'granted') return;
  const { lockId, lease } = decision.grant;
  witness.granted(lockId, lease.fence);
  if (job.swaps !== 'none') {
    await pause(`${job.holder} swaps`);
    const lock = job.swaps === 'locked' ? lockId : null;
    const plan = (): ReturnType<Bench['plan']> => bench.plan('qwen');
    const request = { cluster: bench.cluster.key, reason: null, requestedBy: job.holder, onBusy: 'reject', lockId: lock } as const;
    const options = { drainSeconds: 0, rollback: true, forceRestart: true, replaceUnmanaged: false, queueSeconds: 1 };
    await bench.arbiter.request({ ...request, model: bench.plan('qwen').model, options }, plan);
  }
  await pause(`${job.holder} ends`);
  if (job.ends === 'break') {
    witness.letAllGo(); // whoever holds it now loses it
    await bench.arbiter.lock.break('somebody else needs it', actor);
    return;
  }
  witness.letsGo(lockId);
  await bench.arbiter.lock.release(lockId, actor);
}

describe('the arbiter, whatever runs first', () => {
  it(`has one holder, rising fences and one swap at a time in ${RUNS.toLocaleString('en')} interleavings`, async function () {
    this.timeout(0);
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), jobs, async (s, wanted) => {
        const bench = await new Bench().start();
        const commit = bench.journal.commit.bind(bench.journal);
        bench.journal.commit = s.scheduleFunction(commit);
        const witness = new Witness();
        const pause = (what: string): Promise<void> => s.schedule(Promise.resolve(), what);
        let isOver = false;
        const time = (async () => {
          while (!isOver) {
            await pause('time passes');
            await bench.clock.advance(1_000);
          }
        })();
        const working = Promise.all(wanted.map((job) => runJob(job, bench, witness, pause)));
        await s.waitFor(working);
        isOver = true;
        await s.waitFor(time);
        bench.journal.commit = commit;
        await s.waitIdle();
        await bench.close();

        const active = new Set<string>();
        for (const { swap } of bench.journal.entries) {
          if (swap === undefined) continue;
          if (isSettled(swap)) active.delete(swap.id);
          else if (swap.phase !== 'queued') active.add(swap.id);
          expect(active.size, 'one swap at a time').to.be.at.most(1);
        }
        const fences = bench.hosts.launches.map(({ fence }) => fence);
        expect(new Set(fences).size, 'no fence is launched twice').to.equal(fences.length);
      }),
      { numRuns: RUNS },
    );
  });
});
