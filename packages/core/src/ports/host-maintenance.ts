import type { HostKey } from '../ids.ts';

export const PACKAGE_SECTIONS = ['kernel', 'nvidia', 'docker', 'firmware', 'other'] as const;

export type PackageChange = Readonly<{
  name: string;
  action: 'install' | 'upgrade' | 'remove';
  from: string | null;
  to: string | null;
}>;

export type FirmwareChange = Readonly<{ device: string; name: string; from: string | null; to: string }>;

/** What an update of one host would do, as its package tools say in a simulation; nothing was changed. `null` is "could not tell". */
export type UpdateSurvey = Readonly<{
  host: HostKey;
  at: number;
  os: string | null;
  kernel: string | null;
  driver: string | null;
  dockerVersion: string | null;
  /** ms since the epoch of the last refresh of the package lists. */
  listsAt: number | null;
  packages: readonly PackageChange[];
  held: readonly string[];
  /** What `dpkg --audit` complains of, one sentence each. */
  broken: readonly string[];
  downloadBytes: number | null;
  firmware: readonly FirmwareChange[] | null;
  rebootRequiredBy: readonly string[];
  free: readonly Readonly<{ path: string; bytes: number }>[];
  /** Another process that holds the package lock. */
  busyWith: string | null;
  /** Whether root rights are to be had without a password. */
  mayBecomeRoot: boolean;
}>;

/** A named job on the host that a lost link does not end. */
export type UpdateOrder = Readonly<{ job: string; refresh: boolean; firmware: boolean }>;

/** `bootId` differs after a reboot. `driver`: of the loaded module. */
export type HostCondition = Readonly<{
  bootId: string;
  kernel: string;
  driver: string | null;
  gpuAnswers: boolean | null;
  dockerAnswers: boolean;
  rebootRequiredBy: readonly string[];
}>;

/** Updates one host. All reject HOST_NOT_FOUND, HOST_UNREACHABLE, RUNTIME_REJECTED. */
export interface HostMaintenance {
  survey(host: HostKey, signal: AbortSignal): Promise<UpdateSurvey>;
  /** Begun at most once per `job`; follows it to its end, also after a lost link. Rejects RUNTIME_REJECTED with the tool's exit code in words. */
  update(host: HostKey, order: UpdateOrder, onLine: (line: string) => void, signal: AbortSignal): Promise<void>;
  /** Resolves as soon as the host has taken the order. Asked again with the boot id of before, it reboots once. */
  reboot(host: HostKey, bootId: string, signal: AbortSignal): Promise<void>;
  condition(host: HostKey, signal: AbortSignal): Promise<HostCondition>;
}
