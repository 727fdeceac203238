import type { PACKAGE_SECTIONS } from '../ports/host-maintenance.ts';

export type PackageSection = (typeof PACKAGE_SECTIONS)[number];

/** First match counts: prebuilt driver modules bear the kernel's prefix, and the firmware of Linux too. */
const SECTIONS: readonly (readonly [PackageSection, RegExp])[] = [
  ['nvidia', /^linux-(?:modules|objects|signatures)-nvidia-/],
  ['firmware', /firmware|^fwupd|microcode$/],
  ['kernel', /^linux-(?!libc-dev$|base$|doc|source|perf$)/],
  ['nvidia', /^(?:lib)?nvidia|^libcuda|^libcud|^cuda-|^libnccl|^xserver-xorg-video-nvidia|^datacenter-gpu|^dgx-|^mlnx-|^doca-/],
  ['docker', /^docker|^containerd|^runc$|^moby-/],
];

/** What part of the system a package is of, by its name. An architecture (`libc6:i386`) does not matter. */
export const sectionOf = (name: string): PackageSection =>
  SECTIONS.find(([, names]) => names.test(name.replace(/:[a-z0-9]+$/, '')))?.[0] ?? 'other';
