import type { HostKey } from '../ids.ts';
import type { Claim } from '../launch/launch-plan.ts';

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
  /** Further space that the unpacked packages take; negative when they free some. */
  unpackBytes: number | null;
  firmware: readonly FirmwareChange[] | null;
  rebootRequiredBy: readonly string[];
  free: readonly Readonly<{ path: string; bytes: number }>[];
  /** Another process that holds the package lock. */
  busyWith: string | null;
  /** Whether root rights are to be had without a password. */
  mayBecomeRoot: boolean;
}>;

/** `refresh` fetches the package lists and disturbs nothing; the others change the system. */
export type UpdateStep = 'refresh' | 'packages' | 'firmware';

/**
 * A named job on the host that a lost link does not end. With a `claim` it begins only while the host's fence file holds just that,
 * and keeps every other claim out until it is over.
 */
export type UpdateOrder = Readonly<{ job: string; claim: Claim | null; steps: readonly UpdateStep[] }>;

/** `bootId` differs after a reboot. `driver`: of the loaded module. */
export type HostCondition = Readonly<{
  bootId: string;
  kernel: string;
  driver: string | null;
  gpuAnswers: boolean | null;
  dockerAnswers: boolean;
  rebootRequiredBy: readonly string[];
  mayBecomeRoot: boolean;
}>;

/** Updates one host. All reject HOST_NOT_FOUND, HOST_UNREACHABLE, HOST_AUTH_FAILED, HOST_KEY_UNKNOWN, HOST_KEY_MISMATCH, RUNTIME_REJECTED. */
export interface HostMaintenance {
  /** Changes nothing on the host. */
  survey(host: HostKey, signal: AbortSignal): Promise<UpdateSurvey>;
  /** Whether that job was begun, by whichever process. */
  hasBegun(host: HostKey, job: string, signal: AbortSignal): Promise<boolean>;
  /**
   * Begun at most once per `job`; follows it to its end, and tells all its lines from the first on. HOST_UNREACHABLE: the link was lost, the job goes on,
   * and asking again follows it further. Rejects RUNTIME_REJECTED with the tool's exit code in words, FENCED_OFF without the claim.
   */
  update(host: HostKey, order: UpdateOrder, onLine: (line: string) => void, signal: AbortSignal): Promise<void>;
  /**
   * Resolves as soon as the host has taken the order. A host whose boot id is another one has been rebooted and is left alone, so that asking again after a
   * lost link reboots once. Rejects FENCED_OFF unless the host's fence file holds `claim`.
   */
  reboot(host: HostKey, bootId: string, claim: Claim, signal: AbortSignal): Promise<void>;
  condition(host: HostKey, signal: AbortSignal): Promise<HostCondition>;
}
