import { expect } from 'chai';
import { MaintenanceBench } from '../support/maintenance-bench.ts';

const WHOLE = ['packages spark2', 'reboot spark2', 'packages spark1', 'reboot spark1'];

/** Each costs a tenth of a second: every day the steps that change a host and some of the others, all of them for a proof. */
const isTried = (point: string, index: number): boolean =>
  process.env['SPARK_PROVE'] === '1' || /^(?:update|reboot) .*#1$/.test(point) || index % 8 === 0;

/** Names of all calls to hosts, and of all points of the swaps, in an update that nothing disturbs; a few of those that repeat. */
async function pointsOfAnUpdate(): Promise<readonly string[]> {
  const bench = await new MaintenanceBench().start();
  const points: string[] = [];
  const counts = new Map<string, number>();
  const pass = (name: string): void => {
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    if (count <= 2) points.push(`${name}#${count}`);
  };
  const request = await bench.request();
  const begun = await bench.clock.drive(bench.desk.update(request, { name: 'anna', address: null, requestId: null }));
  bench.maintenance.onCall = pass;
  bench.failpoint = pass;
  await bench.over(begun);
  await bench.stop();
  return points;
}

/** An update whose process dies at `point`, and is taken up by the next. */
async function diesAt(point: string): Promise<Readonly<{ bench: MaintenanceBench; hasDied: boolean }>> {
  const bench = await new MaintenanceBench().start();
  const counts = new Map<string, number>();
  const begun = await bench.update();
  let hasDied = false;
  const pass = (name: string): void => {
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    if (hasDied || `${name}#${count}` !== point) return;
    hasDied = true;
    bench.kill();
  };
  bench.maintenance.onCall = pass;
  bench.failpoint = pass;
  await bench.clock.until(() => bench.isKilled, 3_600_000).catch(() => undefined);
  await bench.clock.advance(1_000);
  await bench.revive();
  const over = await bench.over(begun);
  expect(over.cause, point).to.equal(null);
  expect(over.state, point).to.equal('succeeded');
  return { bench, hasDied };
}

describe('an update whose control plane dies', function () {
  this.timeout(60_000);

  it('is taken up at every step, and does nothing twice', async () => {
    const points = await pointsOfAnUpdate();
    expect(points).to.include.members(['update spark2#1', 'reboot spark1#1', 'condition spark2#1', 'survey spark1#1']);
    for (const point of points.filter(isTried)) {
      const { bench, hasDied } = await diesAt(point);
      expect(hasDied, point).to.equal(true);
      expect(bench.maintenance.done, point).to.deep.equal(WHOLE);
      expect(bench.maintenance.violations, point).to.deep.equal([]);
      expect(bench.served, point).to.equal('gemma');
      await bench.stop();
    }
  });

  it('is taken up after an orderly stop too, and waits for no lock then', async () => {
    const bench = await new MaintenanceBench().start();
    const begun = await bench.update();
    await bench.clock.until(() => bench.maintenance.done.includes('reboot spark2'));
    await bench.stop();
    await bench.revive();
    expect((await bench.over(begun)).state).to.equal('succeeded');
    expect(bench.maintenance.done).to.deep.equal(WHOLE);
    await bench.stop();
  });

  it('leaves the job on the host alone while no control plane runs', async () => {
    const bench = await new MaintenanceBench().start();
    const begun = await bench.update();
    await bench.clock.until(() => bench.maintenance.done.includes('packages spark2'));
    await bench.stop();
    await bench.clock.advance(3_600_000);
    await bench.revive();
    expect((await bench.over(begun)).state).to.equal('succeeded');
    expect(bench.maintenance.done).to.deep.equal(WHOLE);
    await bench.stop();
  });

  describe("under the caller's lock, whose id it does not keep", () => {
    const underLock = async (bench: MaintenanceBench) => {
      const actor = { name: 'cron', address: null, requestId: null };
      const request = { cluster: bench.cluster.key, holder: 'cron', reason: null, ttlMs: 6 * 3_600_000, waitMs: 0, ticket: null, actor };
      const decision = await bench.clock.drive(bench.core.locks.acquire(request, new AbortController().signal));
      if (decision.kind !== 'granted') throw new Error('not granted');
      return { actor, lockId: decision.grant.lockId, begun: await bench.update({ lockId: decision.grant.lockId }) };
    };

    it('goes on with the hosts, and leaves the model to the caller', async () => {
      const bench = await new MaintenanceBench().start();
      const { begun } = await underLock(bench);
      await bench.clock.until(() => bench.maintenance.done.includes('packages spark2'));
      bench.kill();
      await bench.revive();
      const over = await bench.over(begun);
      expect(over.state).to.equal('succeeded');
      expect(bench.maintenance.done).to.deep.equal(WHOLE);
      expect(over.result)
        .to.have.nested.property('warnings[0]')
        .that.matches(/gemma was not loaded again: the id of the lock/);
      expect(bench.core.locks.view(bench.cluster.key).lock).to.include({ holder: 'cron' });
      await bench.stop();
    });

    it('stops before the next host when that lock is over', async () => {
      const bench = await new MaintenanceBench().start();
      const { begun, lockId, actor } = await underLock(bench);
      await bench.clock.until(() => bench.maintenance.done.includes('reboot spark2'));
      bench.kill();
      await bench.revive();
      await bench.clock.drive(bench.core.locks.break(bench.cluster.key, 'needed for an outage', actor));
      const over = await bench.over(begun);
      expect(over).to.have.nested.property('cause.code', 'FENCED_OFF');
      expect(bench.maintenance.done).to.deep.equal(['packages spark2', 'reboot spark2']);
      expect(lockId).to.be.a('string');
      await bench.stop();
    });

    it('ends when nothing was unloaded yet', async () => {
      const bench = await new MaintenanceBench().start();
      bench.maintenance.host('spark2').survey = { listsAt: 0 };
      const { begun } = await underLock(bench);
      bench.kill();
      await bench.revive();
      const over = await bench.over(begun);
      expect(over).to.have.nested.property('cause.code', 'INTERRUPTED');
      expect(bench.served).to.equal('gemma');
      await bench.stop();
    });
  });
});
