import type { PackageChange } from '../ports/host-maintenance.ts';

/** Of `1:580.142-0ubuntu1` the `580.142-0ubuntu1`. */
const withoutEpoch = (version: string): string => version.replace(/^\d+:/, '');

/**
 * Release of the kernel that a package brings, such as `6.17.0-1021`: from its name (`linux-image-6.17.0-1021-nvidia`), or, of a metapackage, from
 * its version (`6.17.0-1021.21` or `6.17.0.1021.21`).
 */
export function kernelRelease({ name, to }: Pick<PackageChange, 'name' | 'to'>): string | null {
  const named = /^linux-[a-z-]*?(\d+\.\d+\.\d+-\d+)(?:-|$)/.exec(name)?.[1];
  return named ?? releaseOfVersion(to);
}

export function releaseOfVersion(version: string | null): string | null {
  const [, base, build] = /^(\d+\.\d+\.\d+)[.-](\d+)/.exec(withoutEpoch(version ?? '')) ?? [];
  return base === undefined || build === undefined ? null : `${base}-${build}`;
}

/** `null` for a package of the vendor that is not versioned like its driver, such as the container toolkit. */
export const driverVersion = (version: string | null): string | null =>
  /^(\d{3}\.\d+(?:\.\d+)?)(?:-|$)/.exec(withoutEpoch(version ?? ''))?.[1] ?? null;

export const majorOf = (version: string | null): number | null => {
  const major = Number.parseInt(version ?? '', 10);
  return Number.isNaN(major) ? null : major;
};

/** Below, at or above 0 as `left` is older than, the same as or newer than `right`, by their numbers alone. */
export function compareNumbers(left: string, right: string): number {
  const numbers = (text: string): readonly number[] => (text.match(/\d+/g) ?? []).map(Number);
  const [a, b] = [numbers(left), numbers(right)];
  for (let at = 0; at < Math.max(a.length, b.length); at += 1) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
