import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Claim, type Cluster, clusterKey, hostKey, swapId, type UpdateOrder } from '@spark-control/core';
import { expect } from 'chai';
import { hostMaintenanceContract } from '../../core/test/contracts/host-maintenance.contract.ts';
import { aCluster } from '../../core/test/support/builders.ts';
import { SshHostMaintenance } from '../src/index.ts';
import { eventually } from './support/eventually.ts';
import { LocalHost } from './support/local-shell.ts';
import { sparkLike } from './support/package-tools.ts';
import { rejection } from './support/rejection.ts';
import { systemClock } from './support/system-clock.ts';

const NEVER = new AbortController().signal;
const SPARK = hostKey('spark1');
const CLUSTER: Cluster = aCluster({ key: clusterKey('pair') });
const CLAIM: Claim = { cluster: clusterKey('pair'), fence: 7, controller: 'ctl_1', swap: swapId('swp_1') };

describe('maintenance of a host through its package tools', function () {
  this.timeout(20_000);
  let host: LocalHost;
  let refusals: number;
  let lines: string[];
  let maintenance: SshHostMaintenance;

  beforeEach(() => {
    host = sparkLike(new LocalHost());
    refusals = 0;
    lines = [];
    const forgetRefusals = (): void => {
      refusals += 1;
    };
    const pool = { shell: () => host, forgetRefusals };
    maintenance = new SshHostMaintenance({ clusters: [CLUSTER], pool, clock: systemClock, systemRoot: host.root });
    claimed(CLAIM);
  });
  afterEach(() => host.close());

  const state = (): string => join(host.home, '.spark-control', 'pair');
  const claimed = ({ fence, controller, swap }: Claim): void => {
    mkdirSync(state(), { recursive: true });
    writeFileSync(join(state(), 'fence'), `${fence} ${controller} ${swap}\n`);
  };
  const update = (over: Partial<UpdateOrder> = {}): Promise<void> =>
    maintenance.update(SPARK, { job: 'op_1-spark1', claim: CLAIM, steps: ['packages'], ...over }, (line) => lines.push(line), NEVER);

  describe('a survey', () => {
    it('tells what would be done, and the state of the host', async () => {
      host.write('packages', 'ii  linux-image-6.17.0-1021-nvidia 6.17.0-1021.21\nii  libnvidia-compute-580 580.142-0ubuntu0.24.04.1\n');
      const survey = await maintenance.survey(SPARK, NEVER);
      expect(survey.packages).to.deep.equal([
        { name: 'libnvidia-compute-580', action: 'upgrade', from: '580.142-0ubuntu0.24.04.1', to: '580.178.04-0ubuntu0.24.04.1' },
        { name: 'linux-image-6.17.0-1032-nvidia', action: 'install', from: null, to: '6.17.0-1032.32' },
        { name: 'docker-ce', action: 'upgrade', from: '5:28.5.1-1~ubuntu.24.04~noble', to: '5:29.0.1-1~ubuntu.24.04~noble' },
        { name: 'libc6:armhf', action: 'upgrade', from: '2.39-0ubuntu8.5', to: '2.39-0ubuntu8.6' },
        { name: 'postfix', action: 'remove', from: '3.8.6-1build2', to: null },
        { name: 'landscape-client', action: 'remove', from: '24.02-0ubuntu5', to: null },
      ]);
      expect(survey).to.deep.include({ os: 'DGX OS 7.4.0 (Ubuntu 24.04.3 LTS)', kernel: '6.17.0-1021-nvidia', driver: '580.142' });
      expect(survey).to.deep.include({ dockerVersion: '28.5.1', downloadBytes: 1_216e6, unpackBytes: 384e6, mayBecomeRoot: true });
      expect(survey).to.deep.include({ held: ['linux-nvidia-hwe-24.04'], broken: [], busyWith: null, rebootRequiredBy: [], firmware: [] });
      expect(survey.free.map(({ path }) => path)).to.include.members(['/', '/var']);
      expect(survey.free[0]?.bytes).to.be.greaterThan(0);
      expect(survey.listsAt).to.be.closeTo(survey.at, 60_000);
    });

    it('changes nothing: no tool is called as root, or to do more than tell', async () => {
      await maintenance.survey(SPARK, NEVER);
      expect(host.read('calls')).to.match(/^fwupdmgr get-updates --json[^\n]*\n$/);
    });

    it('names who holds the package lock, without taking it', async () => {
      const inode = execFileSync('stat', ['-c', '%i', join(host.root, 'var/lib/dpkg/lock-frontend')], { encoding: 'utf8' }).trim();
      host.file('proc/locks', `1: FLOCK  ADVISORY  WRITE 99 00:10:4 0 EOF\n2: POSIX  ADVISORY  WRITE 812 103:02:${inode} 0 EOF\n`);
      host.file('proc/812/comm', 'unattended-upgr\n');
      expect((await maintenance.survey(SPARK, NEVER)).busyWith).to.equal('unattended-upgr (pid 812)');
    });

    it('tells what is not in order', async () => {
      host.write(
        'audit',
        `The following packages are only half configured, probably due to problems
configuring them the first time.  The configuration should be retried using
dpkg --configure <package> or the configure menu option in dselect:
 libc6                GNU C Library: Shared libraries
 linux-firmware       Firmware for Linux kernel drivers

The following packages are missing the list control file in the
database, they need to be reinstalled:
 libssl3              Secure Sockets Layer toolkit

The following packages are missing the md5sums control file in the
database, they need to be reinstalled:
 libssl3              Secure Sockets Layer toolkit
`,
      );
      host.write('simulation', 'E: Unmet dependencies. Try apt --fix-broken install with no packages (or specify a solution).');
      host.write('simulation-code', '100');
      expect((await maintenance.survey(SPARK, NEVER)).broken).to.deep.equal([
        'libc6 is only half configured.',
        'linux-firmware is only half configured.',
        'libssl3 has lost files of its own.',
        'apt-get cannot work out an update (Unmet dependencies. Try apt --fix-broken install with no packages (or specify a solution).).',
      ]);
    });

    it('tells what asks for a reboot', async () => {
      host
        .file('var/run/reboot-required', '*** System restart required ***\n')
        .file('var/run/reboot-required.pkgs', 'libc6\ndbus\nlibc6\n');
      host.write(
        'packages',
        `ii  linux-image-6.17.0-1032-nvidia 6.17.0-1032.32
ii  linux-image-6.17.0-1021-nvidia 6.17.0-1021.21
ii  linux-image-7.0.0-1019-nvidia-64k 7.0.0-1019.19
rc  linux-image-6.18.0-1001-nvidia 6.18.0-1001.1
ii  libnvidia-compute-580:arm64 580.178.04-0ubuntu0.24.04.1
`,
      );
      expect((await maintenance.survey(SPARK, NEVER)).rebootRequiredBy).to.deep.equal([
        'A reboot is asked for by: dbus, libc6.',
        'Kernel 6.17.0-1021-nvidia runs, and 6.17.0-1032-nvidia is installed.',
        'Driver 580.142 is loaded, and 580.178.04 is installed.',
      ]);
    });

    it('knows a user who may not act as root, and a host without fwupdmgr', async () => {
      host.write('no-root', '');
      host.write('fwupd-code', '1');
      expect(await maintenance.survey(SPARK, NEVER)).to.deep.include({ mayBecomeRoot: false, firmware: null });
    });

    it('tells firmware that may be installed', async () => {
      const device = {
        Name: 'UEFI Device Firmware',
        Version: '0x02009418',
        Releases: [{ Name: 'System', Version: '0x0200941a' }, { Version: '1' }],
      };
      host.write('firmware', JSON.stringify({ Devices: [device, { Name: 'SSD', Version: '1', Releases: [] }] }));
      host.write('fwupd-code', '0');
      expect((await maintenance.survey(SPARK, NEVER)).firmware).to.deep.equal([
        { device: 'UEFI Device Firmware', name: 'System', from: '0x02009418', to: '0x0200941a' },
      ]);
    });

    it('of a host that is not there, or has no link, is refused', async () => {
      expect(await rejection(maintenance.survey(hostKey('spark9'), NEVER))).to.include({ code: 'HOST_NOT_FOUND' });
      host.isCut = true;
      expect(await rejection(maintenance.survey(SPARK, NEVER))).to.include({ code: 'HOST_UNREACHABLE' });
    });
  });

  describe('an update', () => {
    it('runs its commands in order, as root, asking nothing, with its lines', async () => {
      await update({ steps: ['firmware', 'packages', 'refresh'] });
      const calls = host.read('calls').trimEnd().split('\n');
      expect(calls).to.deep.equal([
        'noninteractive|l|-o DPkg::Lock::Timeout=600 -q update',
        'noninteractive|l|-o DPkg::Lock::Timeout=600 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold -o Dpkg::Use-Pty=0 -q -y dist-upgrade',
        'fwupdmgr refresh --force',
        'fwupdmgr upgrade -y --no-reboot-check',
      ]);
      expect(lines).to.include('Setting up 4 ...');
      expect(lines.filter((line) => line.startsWith('$ '))).to.have.length(4);
    });

    it('is begun once per name, and told again to whoever asks later', async () => {
      expect(await maintenance.hasBegun(SPARK, 'op_1-spark1', NEVER)).to.equal(false);
      await update();
      const first = lines;
      lines = [];
      await update();
      expect(lines).to.deep.equal(first);
      expect(host.read('calls').trimEnd().split('\n')).to.have.length(1);
      expect(await maintenance.hasBegun(SPARK, 'op_1-spark1', NEVER)).to.equal(true);
    });

    it('goes on when the link is lost, and is followed to its end afterwards', async () => {
      host.write('gate', '');
      const following = rejection(update());
      await eventually(() => host.read('calls') !== '');
      host.isCut = true;
      expect(await following).to.include({ code: 'HOST_UNREACHABLE' });
      host.isCut = false;
      execFileSync('rm', [join(host.folder, 'gate')]);
      await update();
      expect(host.read('calls').trimEnd().split('\n')).to.have.length(1);
    });

    it('keeps every other claim out until it is over', async () => {
      host.write('gate', '');
      const running = update();
      await eventually(() => host.read('calls') !== '');
      const isFree = (): boolean => {
        try {
          execFileSync('flock', ['-n', join(state(), 'lock'), 'true']);
          return true;
        } catch {
          return false;
        }
      };
      expect(isFree()).to.equal(false);
      execFileSync('rm', [join(host.folder, 'gate')]);
      await running;
      expect(isFree()).to.equal(true);
    });

    it('changes nothing when somebody else has claimed the cluster since', async () => {
      claimed({ ...CLAIM, fence: 8, controller: 'ctl_2', swap: swapId('swp_9') });
      expect(await rejection(update())).to.include({ code: 'FENCED_OFF' });
      expect(host.read('calls')).to.equal('');
    });

    it('needs no claim to fetch the package lists', async () => {
      execFileSync('rm', ['-r', state()]);
      await update({ claim: null, steps: ['refresh'] });
      expect(host.read('calls')).to.match(/ update\n$/);
    });

    const failures: readonly (readonly [string, string, string, RegExp, RegExp])[] = [
      ['a disk is full', 'E: Write error - write (28: No space left on device)', '100', /exit code 100: a disk is full/, /apt-get clean/],
      [
        'a package cannot be set up',
        'Errors were encountered while processing:\n nvidia-dkms-580\nE: Sub-process /usr/bin/dpkg returned an error code (1)',
        '100',
        /a package could not be set up/,
        /dpkg --configure -a/,
      ],
      [
        'the network is down',
        'E: Failed to fetch https://ports.invalid/x.deb  Could not resolve',
        '100',
        /could not be downloaded/,
        /network/,
      ],
      [
        'the lock is never given back',
        'E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 812',
        '100',
        /package lock/,
        /ps aux/,
      ],
      [
        'an earlier run was broken off',
        "E: dpkg was interrupted, you must manually run 'dpkg --configure -a'",
        '100',
        /broken off/,
        /configure -a/,
      ],
      ['nobody knows why', 'hm', '7', /dist-upgrade ended with exit code 7\./, /apt-get dist-upgrade/],
    ];
    for (const [why, says, code, message, hint] of failures) {
      it(`says in words why it failed when ${why}`, async () => {
        host.write('apt-says', `${says}\n`);
        host.write('apt-code', code);
        const error = await rejection(update({ steps: ['packages', 'firmware'] }));
        expect(error).to.include({ code: 'RUNTIME_REJECTED' });
        expect(error).to.have.property('message').that.matches(message);
        expect(error).to.have.nested.property('details.hint').that.matches(hint);
        expect(host.read('calls')).to.not.match(/fwupdmgr/);
      });
    }

    for (const code of ['0', '2', '3']) {
      it(`takes exit code ${code} of fwupdmgr for no failure`, async () => {
        host.write('fwupd-code', code);
        await update({ steps: ['firmware'] });
      });
    }

    it('fails with the exit code of fwupdmgr when that failed', async () => {
      host.write('fwupd-code', '1');
      expect(await rejection(update({ steps: ['firmware'] })))
        .to.have.property('message')
        .that.matches(/fwupdmgr ended with exit code 1\./);
    });

    it('says when the host went down in the middle of it', async () => {
      host.write('gate', '');
      const following = rejection(update());
      await eventually(() => host.read('calls') !== '');
      const [pid = ''] = host.read('home/.spark-control/jobs/op_1-spark1/pid').split('\n');
      execFileSync('kill', ['-KILL', '--', `-${pid}`]);
      expect(await following)
        .to.have.property('message')
        .that.matches(/was broken off/);
    });

    it('refuses a job name that would leave its folder', async () => {
      expect(await rejection(update({ job: '../../x; touch /tmp/x' }))).to.include({ code: 'UNSAFE_ARGUMENT' });
    });
  });

  describe('a reboot', () => {
    const reboot = (bootId = 'boot-1', claim = CLAIM): Promise<void> => maintenance.reboot(SPARK, bootId, claim, NEVER);

    it('is ordered when the host still runs since then', async () => {
      await reboot();
      expect(host.read('calls')).to.equal('systemctl reboot\n');
    });

    it('is not ordered again once the host is another boot old', async () => {
      host.file('proc/sys/kernel/random/boot_id', 'boot-2\n');
      await reboot();
      expect(host.read('calls')).to.equal('');
    });

    it('is refused to a control plane that was taken over', async () => {
      claimed({ ...CLAIM, fence: 8 });
      expect(await rejection(reboot())).to.include({ code: 'FENCED_OFF' });
      expect(host.read('calls')).to.equal('');
    });

    it('says which line of sudoers is missing', async () => {
      host.write('no-root', '');
      expect(await rejection(reboot()))
        .to.have.property('message')
        .that.matches(/spark ALL=\(root\) NOPASSWD/);
      expect(existsSync(join(host.folder, 'calls'))).to.equal(false);
    });
  });

  describe('the condition of a host', () => {
    it('is told', async () => {
      expect(await maintenance.condition(SPARK, NEVER)).to.deep.equal({
        ...{ bootId: 'boot-1', kernel: '6.17.0-1021-nvidia', driver: '580.142', gpuAnswers: true, dockerAnswers: true },
        ...{ rebootRequiredBy: [], mayBecomeRoot: true },
      });
    });

    it('says what does not answer', async () => {
      host.program('nvidia-smi', 'printf "NVIDIA-SMI has failed because it could not communicate with the driver.\\n"; exit 9');
      host.program('docker', 'exit 1');
      host.file('proc/driver/nvidia/version', '');
      expect(await maintenance.condition(SPARK, NEVER)).to.include({ gpuAnswers: false, dockerAnswers: false, driver: null });
    });

    it('lets a login that was refused be tried again, for a host that boots refuses everybody', async () => {
      host.run = async () => {
        throw Object.assign((await rejection(maintenance.survey(hostKey('x'), NEVER))) as Error, { code: 'HOST_AUTH_FAILED' });
      };
      await rejection(maintenance.condition(SPARK, NEVER));
      expect(refusals).to.equal(1);
    });
  });
});

hostMaintenanceContract('SSH', async () => {
  const host = sparkLike(new LocalHost());
  let boots = 1;
  host.program('systemctl', '[ "$1" != reboot ] || : >"$SPARK_FOLDER/rebooting"');
  const run = host.run.bind(host);
  host.run = async (script, options) => {
    const result = await run(script, options);
    if (!existsSync(join(host.folder, 'rebooting'))) return result;
    rmSync(join(host.folder, 'rebooting'));
    boots += 1;
    host.file('proc/sys/kernel/random/boot_id', `boot-${boots}\n`);
    return result;
  };
  mkdirSync(join(host.home, '.spark-control', 'pair'), { recursive: true });
  writeFileSync(join(host.home, '.spark-control', 'pair', 'fence'), `${CLAIM.fence} ${CLAIM.controller} ${CLAIM.swap}\n`);
  const options = { clusters: [CLUSTER], pool: { shell: () => host }, clock: systemClock, systemRoot: host.root };
  return {
    maintenance: new SshHostMaintenance(options),
    host: SPARK,
    claim: CLAIM,
    cutOff: async () => {
      host.isCut = true;
      return async () => {
        host.isCut = false;
      };
    },
    dispose: () => host.close(),
  };
});

describe('a survey of the machine that runs the tests', function () {
  this.timeout(60_000);

  it('reads what its real apt-get says, and leaves it as it was', async function () {
    // The recorded answers above are the test of the words; this one is of what a real host is left with.
    if (!existsSync('/usr/bin/apt-get')) this.skip();
    const host = new LocalHost();
    const status = (): string => execFileSync('md5sum', ['/var/lib/dpkg/status'], { encoding: 'utf8' });
    const before = status();
    const maintenance = new SshHostMaintenance({ clusters: [CLUSTER], pool: { shell: () => host }, clock: systemClock });
    const survey = await maintenance.survey(SPARK, NEVER);
    await host.close();
    expect(survey.broken).to.deep.equal([]);
    expect(survey.packages.length === 0).to.equal((survey.downloadBytes ?? 0) === 0 && survey.unpackBytes === null);
    for (const { name, to, action } of survey.packages) {
      expect(name).to.match(/^[a-z0-9][a-z0-9+.:-]+$/);
      expect(to === null).to.equal(action === 'remove');
    }
    expect(survey.free.map(({ path }) => path)).to.include('/');
    expect(status()).to.equal(before);
  });
});
