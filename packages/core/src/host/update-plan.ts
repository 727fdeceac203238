import type { HostKey } from '../ids.ts';
import { digestOf } from '../launch/digest.ts';
import { shellJoin } from '../launch/quoting.ts';
import type { FirmwareChange, PackageChange, UpdateStep, UpdateSurvey } from '../ports/host-maintenance.ts';
import { driverMismatches } from './driver-match.ts';
import { FIRMWARE_RISK, judge, type Risk, worst } from './known-risks.ts';
import { type PackageSection, sectionOf } from './package-section.ts';
import { driverVersion, kernelRelease } from './package-versions.ts';
import { spaceBlockers } from './space-need.ts';
import { asRoot, sudoersLine, updateCommands } from './update-commands.ts';

export type PlannedPackage = PackageChange & Readonly<{ section: PackageSection; risk: Risk; note: string | null }>;
export type PlannedFirmware = FirmwareChange & Readonly<{ risk: Risk; note: string | null }>;

/** What an update of one host would do, and what stands against it. */
export type UpdatePlan = Readonly<
  Pick<UpdateSurvey, 'host' | 'at' | 'os' | 'kernel' | 'driver' | 'dockerVersion' | 'listsAt' | 'held' | 'downloadBytes' | 'free'> & {
    /** Digest of what would be done: another plan has another id, the same one later keeps it. */
    id: string;
    /** Sections that matter first, then by name. */
    packages: readonly PlannedPackage[];
    /** `null`: could not be asked. */
    firmware: readonly PlannedFirmware[] | null;
    reboot: Readonly<{ requiredNow: boolean; expected: boolean; causes: readonly string[] }>;
    risk: Risk;
    /** Why it cannot be carried out, one sentence each. */
    blockers: readonly string[];
    warnings: readonly string[];
    commands: readonly string[];
  }
>;

const DAY_MS = 24 * 3_600_000;
/** Older lists do not know of fixes that matter; DGX OS fetches them daily. */
const OLD_LISTS_MS = 7 * DAY_MS;
/** An update fetches lists that are older than this before it begins. */
export const STALE_LISTS_MS = DAY_MS;

const LOST_BY_REBOOT =
  'What was set by hand does not survive a reboot: GPU clocks (nvidia-smi -lgc), addresses on the fast link, swap that was switched off.';

const ORDER: Readonly<Record<PackageSection, number>> = { kernel: 0, nvidia: 1, docker: 2, firmware: 3, other: 4 };

/** Pure. `user` is the login user on the host, whom the commands need root rights for. */
export function planUpdate(survey: UpdateSurvey, user: string): UpdatePlan {
  const packages = survey.packages.map((change) => planned(change, survey)).sort(bySection);
  const firmware = survey.firmware?.map((change) => ({ ...change, ...FIRMWARE_RISK })) ?? null;
  const mismatches = driverMismatches(packages);
  const { host, at, os, kernel, driver, dockerVersion, listsAt, held, downloadBytes, free } = survey;
  const reboot = rebootOf(survey, packages, firmware ?? []);
  const risks: readonly Risk[] = [...packages, ...(firmware ?? [])].map(({ risk }) => risk);
  return {
    ...{ host, at, os, kernel, driver, dockerVersion, listsAt, held, downloadBytes, free },
    id: planId(host, packages, firmware ?? []),
    packages,
    firmware,
    reboot,
    risk: worst([...risks, mismatches.length > 0 ? 'caution' : 'none']),
    blockers: blockersOf(survey, packages, user),
    warnings: [...mismatches, ...warningsOf(survey), ...(reboot.expected ? [LOST_BY_REBOOT] : [])],
    commands: commandsOf(packages, firmware ?? [], reboot.expected, user),
  };
}

/** What is to be done of a plan. Empty: nothing. */
export function stepsOf(plan: UpdatePlan, withFirmware: boolean): readonly UpdateStep[] {
  const packages: readonly UpdateStep[] = plan.packages.length > 0 ? ['packages'] : [];
  return withFirmware && (plan.firmware ?? []).length > 0 ? [...packages, 'firmware'] : packages;
}

function planned(change: PackageChange, survey: UpdateSurvey): PlannedPackage {
  const section = sectionOf(change.name);
  return { ...change, section, ...judge(change, section, survey) };
}

const bySection = (a: PlannedPackage, b: PlannedPackage): number =>
  ORDER[a.section] - ORDER[b.section] || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

function planId(host: HostKey, packages: readonly PlannedPackage[], firmware: readonly PlannedFirmware[]): string {
  const lines = packages.map(({ name, action, to }) => [name, action, to]);
  const devices = firmware.map(({ device, to }) => [device, to].join(' ')).sort();
  return `upd_${digestOf({ host, lines, devices })}`;
}

function rebootOf(
  { rebootRequiredBy }: UpdateSurvey,
  packages: readonly PlannedPackage[],
  firmware: readonly PlannedFirmware[],
): UpdatePlan['reboot'] {
  const coming = packages.filter(({ action }) => action !== 'remove');
  const kernels = coming.flatMap((line) => (/^linux-image-/.test(line.name) ? [kernelRelease(line)] : []));
  const drivers = coming.flatMap(({ section, to }) => (section === 'nvidia' ? [driverVersion(to)] : []));
  const distinct = (values: readonly (string | null)[]): readonly string[] => [...new Set(values.filter((value) => value !== null))].sort();
  const causes = [
    ...rebootRequiredBy,
    ...distinct(kernels).map((release) => `Kernel ${release} runs after a reboot only.`),
    ...distinct(drivers).map((version) => `Driver ${version} is loaded by a reboot only.`),
    ...firmware.map(({ device }) => `Firmware of ${device}, if it is asked for, is written by a reboot only.`),
  ];
  return { requiredNow: rebootRequiredBy.length > 0, expected: causes.length > 0, causes };
}

function blockersOf(survey: UpdateSurvey, packages: readonly PlannedPackage[], user: string): readonly string[] {
  const { busyWith, broken, mayBecomeRoot } = survey;
  return [
    ...(mayBecomeRoot ? [] : [noRootRights(user)]),
    ...(busyWith === null ? [] : [`${busyWith} holds the package lock. Ask again when it is done.`]),
    ...broken.map((sentence) => `${sentence} Repair it on the host: sudo dpkg --configure -a, then sudo apt-get --fix-broken install.`),
    ...spaceBlockers(survey, packages),
  ];
}

export const noRootRights = (user: string): string =>
  `${user} cannot act as root there without a password. Add this line with "sudo visudo -f /etc/sudoers.d/spark-control": ${sudoersLine(user)}`;

function warningsOf({ held, listsAt, at, firmware }: UpdateSurvey): readonly string[] {
  const days = listsAt === null ? null : Math.floor((at - listsAt) / DAY_MS);
  const isOld = listsAt === null || at - listsAt > OLD_LISTS_MS;
  return [
    ...(held.length === 0 ? [] : [`Held back, and so left as they are: ${held.join(', ')}.`]),
    ...(isOld
      ? [`The package lists ${days === null ? 'are of an unknown age' : `are ${days} days old`}; an update fetches them first.`]
      : []),
    ...(firmware === null ? ['fwupdmgr is missing or gave no answer: firmware was not looked at.'] : []),
  ];
}

function commandsOf(
  packages: readonly PlannedPackage[],
  firmware: readonly PlannedFirmware[],
  reboots: boolean,
  user: string,
): readonly string[] {
  const steps: readonly UpdateStep[] = [
    ...(packages.length > 0 ? ['packages' as const] : []),
    ...(firmware.length > 0 ? ['firmware' as const] : []),
  ];
  const argvs = updateCommands(steps).map(({ argv }) => asRoot(argv, user));
  return [...argvs, ...(reboots ? [rebootCommand(user)] : [])].map((argv) => shellJoin(argv));
}

const rebootCommand = (user: string): readonly string[] => [...(user === 'root' ? [] : ['sudo', '-n']), 'systemctl', 'reboot'];
