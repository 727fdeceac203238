import type { UpdateSurvey } from '../ports/host-maintenance.ts';
import type { PlannedPackage } from './update-plan.ts';

const MIB = 2 ** 20;
/** A system disk that is full to the last byte takes more with it than the update. */
const SPARE_BYTES = 512 * MIB;
/** Image, map and initial ramdisk with the driver's modules in it. */
const KERNEL_IN_BOOT_BYTES = 200 * MIB;

const mib = (bytes: number): string =>
  `${Math.ceil(bytes / MIB)
    .toLocaleString('en-US')
    .replaceAll(',', ' ')} MiB`;

type Need = Readonly<{ path: string; bytes: number; what: string }>;

/** One sentence for each place that has too little room. A place whose room is not known says nothing. */
export function spaceBlockers(survey: UpdateSurvey, packages: readonly PlannedPackage[]): readonly string[] {
  if (packages.length === 0) return [];
  const { downloadBytes, unpackBytes, free } = survey;
  const download = downloadBytes ?? 0;
  const unpacked = Math.max(0, unpackBytes ?? download * 3);
  const kernels = packages.filter(({ name, action }) => action !== 'remove' && /^linux-image-(?:unsigned-)?\d/.test(name)).length;
  const needs: readonly Need[] = [
    { path: '/var', bytes: download + SPARE_BYTES, what: 'to download the packages' },
    { path: '/', bytes: download + unpacked + SPARE_BYTES, what: 'to download and unpack the packages' },
    { path: '/boot', bytes: kernels * KERNEL_IN_BOOT_BYTES, what: kernels === 1 ? 'for the new kernel' : 'for the new kernels' },
  ];
  return needs.flatMap(({ path, bytes, what }) => {
    const room = free.find((place) => place.path === path)?.bytes;
    if (room === undefined || room >= bytes) return [];
    return [`${path} has ${mib(room)} free and ${mib(bytes)} are wanted ${what}. Free some: sudo apt-get clean, sudo apt-get autoremove.`];
  });
}
