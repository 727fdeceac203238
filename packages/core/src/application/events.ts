import type { ClusterKey, SwapId } from '../ids.ts';
import type { LockView } from '../lock/lease.ts';
import type { HostReport } from '../ports/host-probe.ts';
import type { LogLine } from '../ports/model-runtime.ts';
import type { Swap } from '../swap/swap.ts';
import type { ClusterView } from './cluster-view.ts';

/** Events that are journalled and numbered, so that a stream can resume. `swap` comes with every transition, `progress` at most twice a second. */
export type JournalEvent = Readonly<
  | { kind: 'swap'; cluster: ClusterKey; swapId: SwapId; at: number; swap: Swap }
  | { kind: 'progress'; cluster: ClusterKey; swapId: SwapId; at: number; swap: Swap }
  | { kind: 'model'; cluster: ClusterKey; swapId: null; at: number; view: ClusterView }
  | { kind: 'lock'; cluster: ClusterKey; swapId: null; at: number; lock: LockView }
>;

/** An event with its journal number: rising, without reuse, over restarts. */
export type NumberedEvent = JournalEvent & Readonly<{ id: number }>;

/**
 * What goes by unnumbered: latest values and log lines. `seq` counts the lines of one swap from 1. `observedAt` is the time of the
 * cluster's last look: `model` events come with changes only, so that without it an unchanged view would seem to grow old.
 */
export type LiveEvent = Readonly<
  | { kind: 'log'; cluster: ClusterKey; swapId: SwapId; seq: number; line: LogLine }
  | { kind: 'host'; cluster: ClusterKey; at: number; observedAt: number | null; reports: readonly HostReport[] }
>;

export type CoreEvent = NumberedEvent | (LiveEvent & Readonly<{ id?: undefined }>);
