import { expect } from 'chai';
import { hostKey, isSparkError, modelKey, type SparkError } from '../../src/index.ts';
import { someOptions } from '../support/builders.ts';
import { ANNA, MaintenanceBench } from '../support/maintenance-bench.ts';
import { refusal } from '../support/refusal.ts';
import { install, upgrade } from '../support/update-samples.ts';

const SPARK2 = hostKey('spark2');
const BAD_KERNEL = install('linux-image-7.0.0-1019-nvidia', '7.0.0-1019.19');

describe('the update of a cluster', () => {
  let bench: MaintenanceBench;
  beforeEach(async () => {
    bench = await new MaintenanceBench().start();
  });
  afterEach(() => {
    expect(bench.maintenance.violations).to.deep.equal([]);
    return bench.stop();
  });

  it('unloads, updates and reboots the worker and then the head, and loads the model again', async () => {
    const begun = await bench.update();
    expect(begun).to.include({ kind: 'host_update', subject: 'spark1', cluster: 'default', requestedBy: 'anna', cancellable: true });
    const over = await bench.over(begun);
    expect(over.cause).to.equal(null);
    expect(over.state).to.equal('succeeded');
    expect(bench.maintenance.done).to.deep.equal(['packages spark2', 'reboot spark2', 'packages spark1', 'reboot spark1']);
    expect(bench.served).to.equal('gemma');
    expect(over.result).to.deep.equal({
      hosts: ['spark2', 'spark1'].map((host) => ({
        ...{ host, rebooted: true, updated: true, kernel_before: '6.17.0-1021-nvidia', kernel: '6.17.0-1032-nvidia' },
        ...{ driver_before: '580.142', driver: '580.142' },
      })),
      warnings: [],
      restored: 'gemma',
    });
    expect(over.parts.map(({ key, status }) => `${key} ${status}`)).to.deep.equal([
      'model:unload done',
      'spark2 done',
      'spark1 done',
      'model:load done',
    ]);
  });

  it('says what it waits for, and shows the lines of the update', async () => {
    await bench.over(await bench.update());
    const labels = bench.told.map(({ progress }) => progress.label);
    expect(labels).to.include('spark2: updating packages');
    expect(labels.some((label) => /^spark2: waiting for spark2 to come back, [1-9]\d* s$/.test(label))).to.equal(true);
    const lines = bench.lines.filter(({ host }) => host === 'spark2').map(({ line }) => line);
    expect(lines).to.deep.equal(['Unpacking linux-image ...', 'Setting up linux-image ...', 'Setting up docker-ce ...', 'rebooting']);
  });

  it('holds the lock to its end, in the name of who asked, and gives it back', async () => {
    const begun = await bench.update();
    await bench.clock.advance(30_000);
    const { lock } = bench.core.locks.view(bench.cluster.key);
    expect(lock).to.include({ holder: 'anna', reason: 'update of spark2, spark1', implicit: false });
    await bench.over(begun);
    await bench.clock.advance(1_000);
    expect(bench.core.locks.view(bench.cluster.key).state).to.equal('free');
  });

  it('is written to the audit trail', async () => {
    await bench.over(await bench.update());
    expect(bench.store.audit.entries.at(-1)).to.deep.include({ action: 'host_updated', target: 'spark1', note: 'spark2, spark1' });
  });

  it('of one host leaves the other alone, and warns when they differ afterwards', async () => {
    const over = await bench.over(await bench.update({ host: SPARK2, scope: 'host' }));
    expect(bench.maintenance.done).to.deep.equal(['packages spark2', 'reboot spark2']);
    expect(over.result?.['warnings']).to.deep.equal([
      'The hosts differ in their kernel: spark1 has 6.17.0-1021-nvidia, spark2 has 6.17.0-1032-nvidia.',
    ]);
  });

  it('reboots never when told so, and says what still asks for it', async () => {
    const over = await bench.over(await bench.update({ reboot: 'never' }));
    expect(bench.maintenance.done).to.deep.equal(['packages spark2', 'packages spark1']);
    expect(over.result?.['warnings']).to.include('spark2 still asks for a reboot: a new kernel is installed.');
  });

  it('reboots always when told so, also with nothing to install', async () => {
    bench.maintenance.host('spark1').packages = [];
    bench.maintenance.host('spark2').packages = [];
    await bench.over(await bench.update({ reboot: 'always' }));
    expect(bench.maintenance.done).to.deep.equal(['reboot spark2', 'reboot spark1']);
  });

  it('installs firmware only when asked to, and reboots for it', async () => {
    const host = bench.maintenance.host('spark2');
    Object.assign(host, { packages: [], survey: { firmware: [{ device: 'UEFI', name: 'system', from: '1', to: '2' }] } });
    await bench.over(await bench.update({ host: SPARK2, scope: 'host' }));
    expect(bench.maintenance.done).to.deep.equal([]);
    await bench.over(await bench.update({ host: SPARK2, scope: 'host', firmware: true }));
    expect(bench.maintenance.done).to.deep.equal(['firmware spark2', 'reboot spark2']);
  });

  it('leaves the model alone when there is nothing to do', async () => {
    bench.maintenance.host('spark1').packages = [];
    bench.maintenance.host('spark2').packages = [];
    const over = await bench.over(await bench.update());
    expect(over).to.deep.include({ state: 'succeeded', result: { hosts: [], warnings: [], restored: null } });
    expect(bench.hosts.calls.filter((call) => call.startsWith('stop'))).to.have.length(1); // that of the first load
    expect(bench.core.locks.view(bench.cluster.key).state).to.equal('free');
  });

  it('loads nothing again when nothing served, or nothing is to be loaded', async () => {
    const over = await bench.over(await bench.update({ restoreModel: false }));
    expect(over.result?.['restored']).to.equal(null);
    expect(bench.served).to.equal(null);
    bench.maintenance.host('spark1').packages = [upgrade('apt', '1', '2')];
    const again = await bench.over(await bench.update());
    expect(again).to.deep.include({ state: 'succeeded' });
    expect(again.result?.['restored']).to.equal(null);
  });

  it('knows what serves also right after a swap, before anybody has looked at the hosts again', async () => {
    const fresh = await new MaintenanceBench().start(null);
    const request = await fresh.request();
    await fresh.load('qwen');
    const over = await fresh.over(await fresh.clock.drive(fresh.desk.update(request, ANNA)));
    expect(over.result?.['restored']).to.equal('qwen');
    await fresh.stop();
  });

  it('claims the cluster also when nothing is loaded', async () => {
    await bench.over(await bench.update({ restoreModel: false }));
    const before = bench.hosts.held?.fence ?? 0;
    bench.maintenance.host('spark2').packages = [upgrade('apt', '1', '2')];
    await bench.over(await bench.update({ host: SPARK2, scope: 'host' }));
    expect(bench.hosts.held?.fence).to.be.greaterThan(before);
  });

  it('fetches old package lists first, and gives up when they say something else', async () => {
    const host = bench.maintenance.host('spark2');
    host.survey = { listsAt: 0 };
    await bench.over(await bench.update({ host: SPARK2, scope: 'host' }));
    expect(bench.maintenance.done[0]).to.equal('refresh spark2');
    host.packages = [upgrade('apt', '1', '2')];
    const begun = await bench.update({ host: SPARK2, scope: 'host' });
    host.packages = [upgrade('apt', '1', '3')];
    const over = await bench.over(begun);
    expect(over).to.have.nested.property('cause.code', 'STALE_REVISION');
    expect(bench.served).to.equal('gemma');
  });

  it('waits for the services that answered before, and warns of those that do not', async () => {
    const ok = (service: string) => ({ service, ok: true, detail: 'It answers.' });
    bench.services = { spark2: [ok('parakeet-asr'), ok('qdrant'), { service: 'kokoro', ok: false, detail: 'It was off before.' }] };
    const begun = await bench.update();
    bench.services = { spark2: [ok('qdrant'), { service: 'parakeet-asr', ok: false, detail: 'connection refused' }] };
    const over = await bench.over(begun);
    expect(over.result?.['warnings']).to.deep.equal(['parakeet-asr on spark2 does not answer: connection refused']);
  });

  describe('is refused', () => {
    const refused = async (over: Parameters<MaintenanceBench['update']>[0] = {}): Promise<SparkError> => {
      const error = await refusal(bench.update(over));
      expect(bench.maintenance.done).to.deep.equal([]);
      expect(bench.core.locks.view(bench.cluster.key).state).to.equal(over.lockId == null ? 'free' : 'held');
      return error;
    };

    it('with a plan that is another one by now', async () => {
      const request = await bench.request();
      bench.maintenance.host('spark1').packages = [upgrade('apt', '1', '2')];
      expect(await refused({ plan: request.plan })).to.include({ code: 'STALE_REVISION' });
    });

    it('while something blocks it, on whichever host', async () => {
      bench.maintenance.host('spark2').survey = { busyWith: 'unattended-upgr (pid 812)' };
      const error = await refused();
      expect(error).to.include({ code: 'PREFLIGHT_FAILED' });
      expect(error.details.issues?.[0]).to.deep.include({ path: '/plan', code: 'blocked' });
      expect(error.details.issues?.[0]?.message).to.match(/^spark2: unattended-upgr/);
    });

    it('with a line of danger, unless that is accepted', async () => {
      bench.maintenance.host('spark2').packages = [BAD_KERNEL];
      const error = await refused();
      expect(error.details.issues?.map(({ path, message }) => `${path} ${message.slice(0, 40)}`)).to.deep.equal([
        '/accept_danger spark2, linux-image-7.0.0-1019-nvidia: K',
      ]);
      const accepted = await bench.update({ acceptDanger: true, reboot: 'never' });
      expect((await bench.over(accepted)).state).to.equal('succeeded');
    });

    it('while somebody else has the lock', async () => {
      const request = {
        cluster: bench.cluster.key,
        holder: 'cron',
        reason: 'nightly',
        ttlMs: 60_000,
        waitMs: 0,
        ticket: null,
        actor: { name: 'cron', address: null, requestId: null },
      };
      const decision = await bench.clock.drive(bench.core.locks.acquire(request, new AbortController().signal));
      const error = await refusal(bench.update());
      expect(error).to.include({ code: 'LOCKED', message: 'cron (nightly) has the lock of cluster default.' });
      if (decision.kind !== 'granted') throw new Error('not granted');
      const over = await bench.over(await bench.update({ lockId: decision.grant.lockId }));
      expect(over).to.include({ state: 'succeeded', requestedBy: 'cron' });
      expect(bench.core.locks.view(bench.cluster.key).lock).to.include({ holder: 'cron' });
    });

    it('for a lock that is none', async () => {
      expect(await refusal(bench.update({ lockId: 'lck_nonsense' }))).to.include({ code: 'FENCED_OFF' });
    });

    it('for a host that is not there, or does not answer', async () => {
      const near = await refusal(bench.update({ host: hostKey('spark11'), plan: 'x' }));
      expect(near).to.include({ code: 'HOST_NOT_FOUND' });
      expect(near.message).to.match(/Did you mean spark1/);
      bench.maintenance.host('spark2').isCut = true;
      expect(await refused()).to.include({ code: 'HOST_UNREACHABLE' });
    });

    it('over a model that Spark Control did not start', async () => {
      const fresh = await new MaintenanceBench().start(null);
      fresh.hosts.startUnmanaged();
      await fresh.clock.advance(5_000);
      const request = await fresh.request();
      const ask = (lockId: string | null) => refusal(fresh.clock.drive(fresh.desk.update({ ...request, lockId }, ANNA)));
      expect(await ask(null)).to.include({ code: 'UNMANAGED_MODEL' });
      expect(fresh.core.locks.view(fresh.cluster.key).state).to.equal('free');
      // Who has no lock hears of that first.
      const lock = { cluster: fresh.cluster.key, holder: 'cron', reason: null, ttlMs: 60_000, waitMs: 0, ticket: null, actor: ANNA };
      const decision = await fresh.clock.drive(fresh.core.locks.acquire(lock, new AbortController().signal));
      expect(decision.kind).to.equal('granted');
      expect(await ask(null)).to.include({ code: 'LOCKED' });
      expect(await ask(decision.kind === 'granted' ? decision.grant.lockId : '')).to.include({ code: 'UNMANAGED_MODEL' });
      await fresh.stop();
    });

    it("while a swap of the same lock's holder runs", async () => {
      const lock = { cluster: bench.cluster.key, holder: 'cron', reason: null, ttlMs: 600_000, waitMs: 0, ticket: null, actor: ANNA };
      const decision = await bench.clock.drive(bench.core.locks.acquire(lock, new AbortController().signal));
      const lockId = decision.kind === 'granted' ? decision.grant.lockId : null;
      const swap = {
        cluster: bench.cluster.key,
        model: modelKey('qwen'),
        requestedBy: 'cron',
        reason: null,
        options: someOptions(),
        lockId,
      };
      const request = await bench.request({ lockId });
      expect((await bench.clock.drive(bench.core.requestSwap({ ...swap, onBusy: 'reject' }))).kind).to.equal('started');
      expect(await refusal(bench.clock.drive(bench.desk.update(request, ANNA)))).to.include({ code: 'SWAP_IN_PROGRESS' });
      expect(bench.operations.recent()).to.deep.equal([]);
    });
  });

  it('can be cancelled until the model is unloaded, and not after that', async () => {
    bench.maintenance.host('spark2').survey = { listsAt: 0 };
    const begun = await bench.update();
    await bench.clock.advance(1_000);
    await bench.clock.drive(bench.operations.cancel(begun.id, { name: 'anna', address: null, requestId: null }));
    expect((await bench.over(begun)).state).to.equal('cancelled');
    expect(bench.served).to.equal('gemma');
    const again = await bench.update();
    await bench.clock.until(() => bench.maintenance.done.includes('packages spark2'));
    const error = await refusal(bench.operations.cancel(again.id, { name: 'anna', address: null, requestId: null }));
    expect(isSparkError(error) && error.code).to.equal('NOT_SUPPORTED');
    expect((await bench.over(again)).state).to.equal('succeeded');
  });
});
