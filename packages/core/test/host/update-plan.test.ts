import { expect } from 'chai';
import fc from 'fast-check';
import { AptProgress } from '../../src/host/apt-progress.ts';
import { hostKey, type PackageChange, planUpdate, type UpdateSurvey } from '../../src/index.ts';
import { aSurvey, install, removal, SURVEYED_AT, upgrade } from '../support/update-samples.ts';

const GIB = 2 ** 30;
const plan = (over: Partial<UpdateSurvey> = {}, user = 'spark') => planUpdate(aSurvey(over), user);
const freeOnly = (path: string, bytes: number): Partial<UpdateSurvey> => ({ free: [{ path, bytes }] });
const KERNEL = install('linux-image-6.17.0-1032-nvidia', '6.17.0-1032.32');
const MODULE = install('linux-modules-nvidia-580-open-6.17.0-1032-nvidia', '6.17.0-1032.32+1');

describe('the plan of an update', () => {
  it('of a host with nothing to do is empty and without risk', () => {
    const { packages, risk, reboot, blockers, warnings, commands } = plan();
    expect({ packages, risk, reboot, blockers, warnings, commands }).to.deep.equal({
      ...{ packages: [], risk: 'none', blockers: [], warnings: [], commands: [] },
      reboot: { requiredNow: false, expected: false, causes: [] },
    });
  });

  it('puts first what matters, and bears the worst risk of its lines', () => {
    const packages = [
      upgrade('zlib1g', '1:1.3', '1:1.3.1'),
      upgrade('docker-ce', '5:28.5.1-1', '5:29.0.1-1'),
      upgrade('nvidia-driver-590-open', '580.142-0', '590.48.01-0'),
      KERNEL,
      upgrade('apt', '2.7.14', '2.8.3'),
    ];
    const made = plan({ packages });
    const names = ['linux-image-6.17.0-1032-nvidia', 'nvidia-driver-590-open', 'docker-ce', 'apt', 'zlib1g'];
    expect(made.packages.map(({ name }) => name)).to.deep.equal(names);
    expect(made.risk).to.equal('danger');
  });

  it('names the commands that it runs, through sudo for a user who is not root', () => {
    const packages = [upgrade('apt', '2.7.14', '2.8.3'), KERNEL, MODULE];
    const firmware = [{ device: 'UEFI Device Firmware', name: 'system', from: '0x1', to: '0x2' }];
    expect(plan({ packages, firmware }).commands).to.deep.equal(
      [
        'sudo -n DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l apt-get -o DPkg::Lock::Timeout=600 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold -o Dpkg::Use-Pty=0 -q -y dist-upgrade',
        'sudo -n DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l fwupdmgr refresh --force',
        'sudo -n DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l fwupdmgr upgrade -y --no-reboot-check',
        'sudo -n systemctl reboot',
      ].map(quotedAsShown),
    );
    expect(plan({ packages: [upgrade('apt', '1', '2')] }, 'root').commands[0]).to.match(/^env .*apt-get .* dist-upgrade$/);
  });

  it('expects a reboot for a new kernel, for a new driver, and where one is due already', () => {
    expect(plan({ packages: [KERNEL, MODULE] }).reboot.causes).to.deep.equal(['Kernel 6.17.0-1032 runs after a reboot only.']);
    const driver = upgrade('libnvidia-compute-580', '580.142-0ubuntu1', '580.178.04-0ubuntu1');
    expect(plan({ packages: [driver] }).reboot).to.deep.include({ requiredNow: false, expected: true });
    const due = plan({ rebootRequiredBy: ['libc6 asks for it.'] });
    expect(due.reboot).to.deep.equal({ requiredNow: true, expected: true, causes: ['libc6 asks for it.'] });
    expect(plan({ packages: [removal('linux-image-6.11.0-1016-nvidia', '1')] }).reboot.expected).to.equal(false);
    expect(plan({ packages: [upgrade('nvidia-container-toolkit', '1.17.8-1', '1.18.0-1')] }).reboot.expected).to.equal(false);
  });

  const blocked: readonly (readonly [string, Partial<UpdateSurvey>, RegExp])[] = [
    ['root rights are missing', { mayBecomeRoot: false }, /visudo.*spark ALL=\(root\) NOPASSWD:SETENV: \/usr\/bin\/apt-get/],
    ['somebody holds the package lock', { busyWith: 'unattended-upgr (pid 812)' }, /^unattended-upgr \(pid 812\) holds the package lock/],
    ['dpkg is not in order', { broken: ['libc6 is only half configured.'] }, /^libc6 is only half configured\. .*dpkg --configure -a/],
    [
      '/ is full',
      { packages: [KERNEL, MODULE], downloadBytes: GIB, unpackBytes: 2 * GIB, ...freeOnly('/', 3 * GIB) },
      /^\/ has 3 072 MiB free and 3 584 MiB/,
    ],
    [
      '/var is full',
      { packages: [KERNEL, MODULE], downloadBytes: GIB, ...freeOnly('/var', GIB) },
      /^\/var has 1 024 MiB free and 1 536 MiB are wanted to download/,
    ],
    [
      '/boot is full',
      { packages: [KERNEL, MODULE], ...freeOnly('/boot', 100 * 2 ** 20) },
      /^\/boot has 100 MiB free and 200 MiB are wanted for the new kernel\./,
    ],
  ];
  for (const [why, over, words] of blocked) {
    it(`cannot be carried out when ${why}`, () => {
      const { blockers } = plan(over);
      expect(blockers).to.have.length(1);
      expect(blockers[0]).to.match(words);
    });
  }

  it('wants no room where there is nothing to unpack, or where the room is not known', () => {
    expect(plan({ free: [{ path: '/', bytes: 0 }] }).blockers).to.deep.equal([]);
    expect(plan({ packages: [KERNEL, MODULE], downloadBytes: GIB, free: [] }).blockers).to.deep.equal([]);
  });

  it('counts three times the download where the unpacked size is not known', () => {
    const over = { packages: [KERNEL, MODULE], downloadBytes: GIB, unpackBytes: null };
    expect(plan({ ...over, ...freeOnly('/', 4.4 * GIB) }).blockers).to.have.length(1);
    expect(plan({ ...over, ...freeOnly('/', 4.6 * GIB) }).blockers).to.deep.equal([]);
  });

  const warned: readonly (readonly [string, Partial<UpdateSurvey>, RegExp])[] = [
    ['packages that are held', { held: ['linux-nvidia-hwe-24.04', 'docker-ce'] }, /left as they are: linux-nvidia-hwe-24\.04, docker-ce/],
    ['old package lists', { listsAt: SURVEYED_AT - 20 * 24 * 3_600_000 }, /are 20 days old/],
    ['package lists of an unknown age', { listsAt: null }, /unknown age/],
    ['firmware that nobody could ask for', { firmware: null }, /fwupdmgr is missing/],
    ['a kernel without a module of the driver', { packages: [KERNEL] }, /Kernel 6\.17\.0-1032 comes without a driver module/],
    [
      'a driver in two versions',
      {
        packages: [
          upgrade('libnvidia-compute-580', '580.126.09-0', '580.142-0'),
          upgrade('nvidia-utils-580', '580.126.09-0', '580.178.04-0'),
        ],
      },
      /different versions: 580\.142, 580\.178\.04/,
    ],
  ];
  for (const [what, over, words] of warned) {
    it(`warns of ${what}`, () => {
      const warnings = plan(over).warnings.filter((warning) => !/survive a reboot/.test(warning));
      expect(warnings).to.have.length(1);
      expect(warnings[0]).to.match(words);
    });
  }

  it('is quiet about a kernel whose module comes along or is built on the host', () => {
    for (const module of [MODULE, upgrade('nvidia-dkms-580-open', '580.142-0', '580.178.04-0')]) {
      const { warnings } = plan({ packages: [KERNEL, module] });
      expect(warnings.filter((warning) => /module/.test(warning))).to.deep.equal([]);
    }
  });

  it('says before a reboot what that one loses', () => {
    expect(plan({ packages: [KERNEL, MODULE] }).warnings).to.have.length(1);
    expect(plan({ packages: [KERNEL, MODULE] }).warnings[0]).to.match(/nvidia-smi -lgc/);
    expect(plan().warnings).to.deep.equal([]);
  });

  it('treats firmware as something that cannot be taken back', () => {
    const made = plan({ firmware: [{ device: 'GPU', name: 'vbios', from: '1', to: '2' }] });
    expect(made.firmware?.[0]).to.include({ risk: 'caution' });
    expect(made.reboot.causes).to.deep.equal(['Firmware of GPU, if it is asked for, is written by a reboot only.']);
    expect(made.risk).to.equal('caution');
  });
});

const word = fc.stringMatching(/^[a-z][a-z0-9.+-]{1,20}$/);
const change: fc.Arbitrary<PackageChange> = fc.record({
  name: fc.oneof(word, fc.constantFrom('linux-image-7.0.0-1019-nvidia', 'docker-ce', 'nvidia-driver-590', 'linux-nvidia-hwe-24.04')),
  action: fc.constantFrom('install' as const, 'upgrade' as const, 'remove' as const),
  from: fc.option(fc.stringMatching(/^[0-9][0-9A-Za-z.:~+-]{0,20}$/)),
  to: fc.option(fc.stringMatching(/^[0-9][0-9A-Za-z.:~+-]{0,20}$/)),
});
const changes = fc.uniqueArray(change, { selector: ({ name }) => name, maxLength: 12 });

describe('the id of a plan', () => {
  it('is the same whenever the same is to be done, in whatever order it is told and whatever else changed', () => {
    fc.assert(
      fc.property(changes, fc.integer({ min: 0, max: 1e12 }), fc.boolean(), (packages, at, mayBecomeRoot) => {
        const one = plan({ packages });
        const other = plan({ packages: packages.toReversed(), at, mayBecomeRoot, rebootRequiredBy: ['something'], held: ['vim'] });
        expect(other.id).to.equal(one.id);
      }),
    );
  });

  it('is another one as soon as something else would be done, or on another host', () => {
    fc.assert(
      fc.property(changes, change, (packages, extra) => {
        fc.pre(!packages.some(({ name }) => name === extra.name));
        const one = plan({ packages });
        expect(plan({ packages: [...packages, extra] }).id).to.not.equal(one.id);
        expect(plan({ packages, host: hostKey('spark2') }).id).to.not.equal(one.id);
        expect(plan({ packages, firmware: [{ device: 'GPU', name: 'vbios', from: null, to: '2' }] }).id).to.not.equal(one.id);
      }),
    );
  });

  it('is another one for another version', () => {
    const of = (to: string): string => plan({ packages: [upgrade('apt', '1', to)] }).id;
    expect(of('2')).to.not.equal(of('3'));
  });
});

describe('the progress of apt-get', () => {
  it('counts what is unpacked and set up, and never falls or goes over the end', () => {
    const progress = new AptProgress(2);
    const lines = [
      'Get:1 apt',
      'Unpacking apt (2.8.3) over (2.7.14) ...',
      'Unpacking zlib1g ...',
      'Setting up zlib1g ...',
      'Setting up apt ...',
      'Setting up x ...',
    ];
    expect(lines.map((line) => progress.take(line))).to.deep.equal([0, 0.25, 0.5, 0.75, 1, 1]);
  });
});

/** Words with a character that a shell might read stand in quotes. */
function quotedAsShown(command: string): string {
  return command
    .split(' ')
    .map((part) => (part.includes('=') ? `'${part}'` : part))
    .join(' ');
}
