import { expect } from 'chai';
import { hostKey, type Operation, SparkError, swapId } from '../../src/index.ts';
import { MaintenanceBench } from '../support/maintenance-bench.ts';
import { refusal } from '../support/refusal.ts';
import { upgrade } from '../support/update-samples.ts';

const SPARK2 = hostKey('spark2');

describe('an update that goes wrong', () => {
  let bench: MaintenanceBench;
  beforeEach(async () => {
    bench = await new MaintenanceBench().start();
  });
  afterEach(() => {
    expect(bench.maintenance.violations).to.deep.equal([]);
    return bench.stop();
  });

  const causeOf = (operation: Operation) => {
    expect(operation.state).to.equal('failed');
    return operation.cause as NonNullable<Operation['cause']>;
  };
  const statuses = ({ parts }: Operation): readonly string[] => parts.map(({ key, status }) => `${key} ${status}`);

  it('names host, step, last lines and what to do, and leaves the next hosts alone', async () => {
    const hint = 'Run there: sudo dpkg --configure -a.';
    const message = 'The update of spark2 failed: apt-get dist-upgrade ended with exit code 100: a package could not be set up.';
    bench.maintenance.host('spark2').failure = new SparkError('RUNTIME_REJECTED', message, { details: { hint } });
    const over = await bench.over(await bench.update());
    expect(causeOf(over)).to.deep.equal({
      code: 'RUNTIME_REJECTED',
      hint,
      message:
        `spark2, update: ${message} Its last lines: Unpacking linux-image ... | Setting up linux-image ... | Setting up docker-ce ... ` +
        'Left alone: spark1. Nothing is loaded on default now.',
    });
    expect(statuses(over)).to.deep.equal(['model:unload done', 'spark2 failed', 'spark1 skipped', 'model:load skipped']);
    expect(bench.maintenance.done).to.deep.equal(['packages spark2']);
    expect(bench.core.locks.view(bench.cluster.key).state).to.equal('free');
  });

  it('goes on following when the link is lost in the middle, and tells each line once', async () => {
    const host = bench.maintenance.host('spark2');
    const begun = await bench.update();
    await bench.clock.until(() => bench.lines.some(({ line }) => line.startsWith('Unpacking')));
    host.isCut = true;
    await bench.clock.advance(600_000);
    const labels = bench.told.map(({ progress }) => progress.label);
    expect(labels.some((label) => /^spark2: cannot be reached for \d+ s; its update goes on there$/.test(label))).to.equal(true);
    host.isCut = false;
    expect((await bench.over(begun)).state).to.equal('succeeded');
    const lines = bench.lines.filter(({ host: on }) => on === 'spark2').map(({ line }) => line);
    expect(lines.slice(0, 3)).to.deep.equal(['Unpacking linux-image ...', 'Setting up linux-image ...', 'Setting up docker-ce ...']);
    expect(lines.filter((line) => line.startsWith('Unpacking'))).to.have.length(1);
  });

  it('gives up a host that stays away in the middle', async () => {
    const begun = await bench.update();
    await bench.clock.until(() => bench.maintenance.done.length > 0);
    bench.maintenance.host('spark2').isCut = true;
    const cause = causeOf(await bench.over(begun));
    expect(cause).to.include({ code: 'HOST_UNREACHABLE' });
    expect(cause.message).to.match(/^spark2, update: .*Left alone: spark1\./);
  });

  it('gives up a host that never comes back from its reboot', async () => {
    bench.maintenance.host('spark2').neverReturns = true;
    const over = await bench.over(await bench.update());
    const cause = causeOf(over);
    expect(cause.message).to.match(/^spark2, reboot: spark2 did not come back within 20 min of its reboot\. Left alone: spark1\./);
    expect(cause.hint).to.match(/console/);
    expect(bench.maintenance.done).to.deep.equal(['packages spark2', 'reboot spark2']);
  });

  it('orders a reboot again that was lost with the link, and reboots once', async () => {
    const host = bench.maintenance.host('spark2');
    let lost = 0;
    const reboot = bench.maintenance.reboot.bind(bench.maintenance);
    bench.maintenance.reboot = async (key, ...rest) => {
      if (key === SPARK2 && lost++ === 0) throw new SparkError('HOST_UNREACHABLE', 'The connection ended.');
      await reboot(key, ...rest);
    };
    expect((await bench.over(await bench.update())).state).to.equal('succeeded');
    expect(bench.maintenance.done.filter((what) => what === 'reboot spark2')).to.have.length(1);
    expect(host.bootId).to.equal('spark2-2');
  });

  const unwell: readonly (readonly [string, Parameters<typeof Object.assign>[1], RegExp])[] = [
    ['the driver', { driver: null, gpuAnswers: false }, /the driver is not loaded and the GPU does not answer after it was updated/],
    ['the GPU', { gpuAnswers: null }, /the GPU does not answer/],
    ['Docker', { dockerAnswers: false }, /Docker does not answer/],
  ];
  for (const [what, afterBoot, words] of unwell) {
    it(`stops when ${what} does not answer afterwards`, async () => {
      bench.maintenance.host('spark2').afterBoot = afterBoot;
      const cause = causeOf(await bench.over(await bench.update()));
      expect(cause.message).to.match(words);
      expect(bench.maintenance.done).to.not.include('packages spark1');
    });
  }

  it('expects no GPU where there was none before', async () => {
    for (const key of ['spark1', 'spark2']) Object.assign(bench.maintenance.host(key), { gpuAnswers: null, driver: null });
    expect((await bench.over(await bench.update())).state).to.equal('succeeded');
  });

  it('loads the model again when nothing was changed yet', async () => {
    const begun = await bench.update({ host: SPARK2, scope: 'host' });
    bench.maintenance.onCall = (name) => {
      // The plan held before the unload, and does not after it.
      if (name === 'hasBegun spark2') bench.maintenance.host('spark2').packages = [upgrade('apt', '1', '9')];
    };
    const cause = causeOf(await bench.over(begun));
    expect(cause).to.include({ code: 'STALE_REVISION' });
    expect(cause.message).to.match(/gemma was loaded again\.$/);
    expect(bench.served).to.equal('gemma');
    expect(bench.maintenance.done).to.deep.equal([]);
  });

  it('changes nothing when the model could not be unloaded', async () => {
    const stop = bench.hosts.stop.bind(bench.hosts);
    bench.hosts.stop = async () => {
      throw new SparkError('RUNTIME_REJECTED', 'docker hangs');
    };
    const cause = causeOf(await bench.over(await bench.update()));
    expect(cause.message).to.match(/docker hangs/);
    expect(bench.maintenance.done).to.deep.equal([]);
    bench.hosts.stop = stop;
  });

  it('reboots a host all the same whose model cannot be unloaded, for that is what reboots are for', async () => {
    const stop = bench.hosts.stop.bind(bench.hosts);
    bench.hosts.stop = async () => {
      bench.hosts.servers = [];
      throw new SparkError('RUNTIME_REJECTED', 'docker hangs');
    };
    const begun = await bench.reboot('spark2', { restoreModel: false });
    const over = await bench.over(begun);
    bench.hosts.stop = stop;
    expect(over.cause).to.equal(null);
    expect(over.state).to.equal('succeeded');
    expect(bench.maintenance.done).to.deep.equal(['reboot spark2']);
    expect(over.result?.['warnings'])
      .to.have.nested.property('[0]')
      .that.matches(/could not be unloaded .*docker hangs/);
  });

  it('does not touch a host once somebody else has claimed the cluster', async () => {
    bench.maintenance.onCall = (name) => {
      if (name === 'reboot spark2')
        bench.hosts.held = { cluster: bench.cluster.key, fence: 99, controller: 'ctl_2', swap: swapId('swp_x') };
    };
    const cause = causeOf(await bench.over(await bench.update()));
    expect(cause).to.include({ code: 'FENCED_OFF' });
    expect(bench.maintenance.done).to.deep.equal(['packages spark2']);
  });

  it('stops before the next step when its lock is broken', async () => {
    const begun = await bench.update();
    await bench.clock.until(() => bench.maintenance.done.length > 0);
    await bench.clock.drive(
      bench.core.locks.break(bench.cluster.key, 'needed for an outage', { name: 'admin', address: null, requestId: null }),
    );
    bench.maintenance.host('spark2').isCut = true;
    const cause = causeOf(await bench.over(begun));
    expect(cause).to.include({ code: 'FENCED_OFF' });
    expect(cause.message).to.match(/^spark2, update: The lock of default was broken/);
    expect(bench.maintenance.done).to.deep.equal(['packages spark2']);
  });

  it('succeeds with a warning when only the model does not come back', async () => {
    const begun = await bench.update();
    await bench.clock.until(() => bench.maintenance.done.includes('reboot spark1'));
    bench.hosts.faults = { crash: 'gemma', launch: 'the image is gone' };
    const over = await bench.over(begun);
    expect(over.state).to.equal('succeeded');
    expect(over.result?.['restored']).to.equal(null);
    expect(over.result?.['warnings'])
      .to.have.nested.property('[0]')
      .that.matches(/^gemma could not be loaded again: .*the image is gone/);
    expect(statuses(over).at(-1)).to.equal('model:load failed');
  });

  describe('a reboot', () => {
    it('unloads, reboots once, waits, and loads again', async () => {
      const begun = await bench.reboot('spark2');
      expect(begun).to.include({ kind: 'host_reboot', subject: 'spark2' });
      expect((await bench.over(begun)).state).to.equal('succeeded');
      expect(bench.maintenance.done).to.deep.equal(['reboot spark2']);
      expect(bench.served).to.equal('gemma');
      expect(bench.store.audit.entries.at(-1)).to.deep.include({ action: 'host_rebooted', target: 'spark2' });
    });

    it('is refused without root rights, before anything is unloaded', async () => {
      bench.maintenance.mayBecomeRoot = false;
      const error = await refusal(bench.reboot('spark2'));
      expect(error).to.include({ code: 'PREFLIGHT_FAILED' });
      expect(error.message).to.match(/NOPASSWD/);
      expect(bench.served).to.equal('gemma');
      expect(bench.core.locks.view(bench.cluster.key).state).to.equal('free');
    });

    it('is refused while the hosts of the cluster are being updated', async () => {
      const begun = await bench.update();
      expect(await refusal(bench.reboot('spark2'))).to.include({ code: 'LOCKED' });
      await bench.over(begun);
    });
  });
});
