import type { ClusterKey, HostKey, ModelKey } from '../ids.ts';
import type { Plain } from '../operation/operation.ts';
import type { UpdateStep } from '../ports/host-maintenance.ts';
import type { RebootPolicy } from './maintenance-api.ts';

/** One host that something is to be done on, and how it was before. */
export type HostTask = Readonly<{
  host: HostKey;
  name: string;
  user: string;
  /** Id of the plan that was agreed to; `null`: only a reboot. */
  plan: string | null;
  steps: readonly UpdateStep[];
  /** Packages that change, for the progress. */
  packages: number;
  refresh: boolean;
  bootId: string;
  kernel: string;
  driver: string | null;
  gpuAnswered: boolean;
  /** Services that answered. */
  services: readonly string[];
}>;

/** What a maintenance operation is begun with. It is stored: all that the next process needs is in here or on the hosts. */
export type MaintenanceInput = Readonly<{
  cluster: ClusterKey;
  /** In the order in which they are done; the head last. Hosts with nothing to do are left out. */
  tasks: readonly HostTask[];
  reboot: RebootPolicy;
  firmware: boolean;
  drainSeconds: number;
  /** What is to be loaded again at the end. */
  previous: ModelKey | null;
  requestedBy: string;
  /** Fence of the lock that it was begun under, and whether that was taken for it. */
  lease: number;
  isOwnLock: boolean;
}>;

/** Nothing but plain values are in it, so that it can be stored as it is. */
export const storedInput = (input: MaintenanceInput): Readonly<Record<string, Plain>> =>
  input as unknown as Readonly<Record<string, Plain>>;

/** Only {@link storedInput} writes it. */
export const readInput = (input: Readonly<Record<string, Plain>>): MaintenanceInput => input as unknown as MaintenanceInput;
