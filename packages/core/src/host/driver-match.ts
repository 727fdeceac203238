import { driverVersion, kernelRelease } from './package-versions.ts';
import type { PlannedPackage } from './update-plan.ts';

const isComing = ({ action }: PlannedPackage): boolean => action !== 'remove';

/**
 * What would be wrong between the kernel and the driver, or within the driver, after these changes: the driver's module is built for one kernel and
 * talks to one version of its libraries.
 */
export function driverMismatches(packages: readonly PlannedPackage[]): readonly string[] {
  const coming = packages.filter(isComing);
  return [...kernelsWithoutModule(coming), ...mixedVersions(coming)];
}

function kernelsWithoutModule(coming: readonly PlannedPackage[]): readonly string[] {
  // Which kernel modules are built on the host itself cannot be seen from here.
  if (coming.some(({ name }) => name.startsWith('nvidia-dkms-'))) return [];
  const hasModule = (release: string): boolean =>
    coming.some(({ name }) => name.startsWith('linux-modules-nvidia-') && name.includes(release));
  return coming.flatMap(({ name, to }) => {
    const release = /^linux-image-(?:unsigned-)?\d/.test(name) ? kernelRelease({ name, to }) : null;
    if (release === null || hasModule(release)) return [];
    return [
      `Kernel ${release} comes without a driver module of its own (linux-modules-nvidia-*-${release}*): the GPU works with it only if DKMS builds one.`,
    ];
  });
}

function mixedVersions(coming: readonly PlannedPackage[]): readonly string[] {
  const parts = coming.filter(({ name, section }) => section === 'nvidia' && /^(?:lib)?nvidia|^xserver-xorg-video-nvidia/.test(name));
  const versions = [...new Set(parts.flatMap(({ to }) => driverVersion(to) ?? []))].sort();
  return versions.length < 2 ? [] : [`Parts of the driver would be of different versions: ${versions.join(', ')}.`];
}
