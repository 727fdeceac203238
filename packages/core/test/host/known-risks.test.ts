import { expect } from 'chai';
import { judge, worst } from '../../src/host/known-risks.ts';
import { sectionOf } from '../../src/host/package-section.ts';
import { compareNumbers, driverVersion, kernelRelease } from '../../src/host/package-versions.ts';
import type { PackageChange } from '../../src/index.ts';
import { install, removal, upgrade } from '../support/update-samples.ts';

const RUNNING = { kernel: '6.17.0-1021-nvidia' };

describe('the section of a package', () => {
  const rows: readonly (readonly [string, ReturnType<typeof sectionOf>])[] = [
    ['linux-image-6.17.0-1032-nvidia', 'kernel'],
    ['linux-image-unsigned-6.17.0-1032-nvidia', 'kernel'],
    ['linux-headers-nvidia-hwe-24.04', 'kernel'],
    ['linux-nvidia-hwe-24.04', 'kernel'],
    ['linux-modules-6.17.0-1032-nvidia', 'kernel'],
    ['linux-modules-nvidia-580-open-6.17.0-1032-nvidia', 'nvidia'],
    ['linux-libc-dev', 'other'],
    ['linux-libc-dev:arm64', 'other'],
    ['linux-base', 'other'],
    ['linux-firmware', 'firmware'],
    ['fwupd-signed', 'firmware'],
    ['nvidia-driver-580-open', 'nvidia'],
    ['nvidia-firmware-580-580.142', 'firmware'],
    ['libnvidia-compute-580', 'nvidia'],
    ['nvidia-container-toolkit', 'nvidia'],
    ['dgx-release', 'nvidia'],
    ['docker-ce', 'docker'],
    ['docker-compose-plugin', 'docker'],
    ['containerd.io', 'docker'],
    ['libdocker-perl', 'other'],
    ['openssl', 'other'],
  ];
  for (const [name, section] of rows) it(`of ${name} is ${section}`, () => expect(sectionOf(name)).to.equal(section));
});

describe('the risk of a line of an update', () => {
  const of = (change: PackageChange) => judge(change, sectionOf(change.name), RUNNING);
  const rows: readonly (readonly [string, PackageChange, string, RegExp | null])[] = [
    ['a kernel that breaks NCCL', install('linux-image-7.0.0-1019-nvidia', '7.0.0-1019.19'), 'danger', /NCCL over RoCE.*NV_ERR_NO_MEMORY/],
    ['the 64k flavour of that kernel', install('linux-image-unsigned-7.0.0-1019-nvidia-64k', '7.0.0-1019.19+1'), 'danger', /7\.0\.0-1019/],
    ['its modules', install('linux-modules-7.0.0-1019-nvidia', '7.0.0-1019.19'), 'danger', /7\.0\.0-1019/],
    [
      'the metapackage that brings that kernel',
      upgrade('linux-nvidia-hwe-24.04', '6.17.0-1021.21', '7.0.0-1019.19'),
      'danger',
      /7\.0\.0-1019/,
    ],
    [
      'the metapackage with dots in its version',
      upgrade('linux-image-nvidia-hwe-24.04', '6.17.0.1021.21', '7.0.0.1019.19'),
      'danger',
      /7\.0\.0-1019/,
    ],
    [
      'the metapackage that goes to another 7.x',
      upgrade('linux-nvidia-hwe-24.04', '6.17.0-1021.21', '7.1.0-1004.4'),
      'caution',
      /from kernel 6\.x to 7\.1\.0-1004.*apt-mark hold/,
    ],
    ['a new kernel of another 7.x', install('linux-image-7.1.0-1004-nvidia', '7.1.0-1004.4'), 'caution', /from kernel 6\.x/],
    ['a kernel that is known to work', install('linux-image-6.17.0-1032-nvidia', '6.17.0-1032.32'), 'none', /known to work/],
    ['a kernel nobody has reported on', install('linux-image-6.17.0-1040-nvidia', '6.17.0-1040.40'), 'caution', /not been reported on/],
    [
      'driver 590',
      upgrade('nvidia-driver-590-open', '580.142-0ubuntu1', '590.48.01-0ubuntu1'),
      'danger',
      /deadlocks on GB10 while vLLM captures CUDA graphs/,
    ],
    ['a library of driver 590', install('libnvidia-compute-590', '1:590.44.01-1'), 'danger', /590/],
    ['driver 610.43', upgrade('nvidia-driver-610-open', '580.142-0ubuntu1', '610.43-0ubuntu1'), 'caution', /610\.43.*another branch/],
    ['a driver of the branch that works', upgrade('nvidia-driver-580-open', '580.142-0ubuntu1', '580.178.04-0ubuntu1'), 'none', null],
    ['the container toolkit', upgrade('nvidia-container-toolkit', '1.17.8-1', '1.18.0-1'), 'none', null],
    [
      'docker',
      upgrade('docker-ce', '5:28.5.1-1~ubuntu.24.04~noble', '5:29.0.1-1~ubuntu.24.04~noble'),
      'caution',
      /stops every container.*side services/,
    ],
    ['containerd', upgrade('containerd.io', '1.7.28-0', '2.1.5-1'), 'caution', /stops every container/],
    ['the client of docker', upgrade('docker-ce-cli', '5:28.5.1-1', '5:29.0.1-1'), 'none', null],
    ['a driver that goes', removal('libnvidia-compute-580', '580.142-0ubuntu1'), 'danger', /the GPU does not work/],
    ['docker that goes', removal('docker-ce', '5:28.5.1-1'), 'danger', /nothing is served/],
    ['the running kernel that goes', removal('linux-image-6.17.0-1021-nvidia', '6.17.0-1021.21'), 'danger', /runs now/],
    ['an old kernel that goes', removal('linux-image-6.11.0-1016-nvidia', '6.11.0-1016.16'), 'caution', /would be removed/],
    ['anything else that goes', removal('postfix', '3.8.6'), 'caution', /postfix would be removed/],
    ['anything else', upgrade('openssl', '3.0.13-0ubuntu3.5', '3.0.13-0ubuntu3.6'), 'none', null],
  ];
  for (const [what, change, risk, note] of rows) {
    it(`of ${what} is ${risk}`, () => {
      const judgement = of(change);
      expect(judgement.risk).to.equal(risk);
      if (note === null) expect(judgement.note).to.equal(null);
      else expect(judgement.note).to.match(note);
    });
  }

  it('of several is the worst of them', () => {
    expect(worst([])).to.equal('none');
    expect(worst(['none', 'danger', 'caution'])).to.equal('danger');
    expect(worst(['caution', 'none'])).to.equal('caution');
  });
});

describe('versions of packages', () => {
  it('are compared by their numbers', () => {
    const sorted = ['6.17.0-1032', '6.9.0-1100', '6.17.0-1021', '7.0.0-1'].sort(compareNumbers);
    expect(sorted).to.deep.equal(['6.9.0-1100', '6.17.0-1021', '6.17.0-1032', '7.0.0-1']);
  });

  it('tell a kernel and a driver, or nothing', () => {
    expect(kernelRelease({ name: 'linux-headers-6.17.0-1021-nvidia-64k', to: '6.17.0-1021.21' })).to.equal('6.17.0-1021');
    expect(kernelRelease({ name: 'linux-nvidia-hwe-24.04', to: null })).to.equal(null);
    expect(driverVersion('1:580.126.09-0ubuntu1')).to.equal('580.126.09');
    expect(driverVersion('1.17.8-1')).to.equal(null);
    expect(driverVersion(null)).to.equal(null);
  });
});
