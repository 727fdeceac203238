import type { ClusterView } from '../application/cluster-view.ts';
import type { AutomationId, ClusterKey } from '../ids.ts';
import type { LockFacts } from '../lock/lease.ts';
import type { AutomationRun } from '../schedule/automation.ts';
import type { Swap } from '../swap/swap.ts';

/** What webhooks may be asked to tell. `swap_failed` also covers rolled back and cancelled swaps. */
export const NOTICE_TYPES = [
  'swap_started',
  'swap_complete',
  'swap_failed',
  'lock_acquired',
  'lock_released',
  'lock_expired',
  'lock_broken',
  'model_changed',
  'model_unhealthy',
  'automation_failed',
] as const;

export type NoticeType = (typeof NOTICE_TYPES)[number];

/** How swaps and locks ended: the last that an outbox drops when it is too full. */
export const ENDING_NOTICES: readonly NoticeType[] = ['swap_complete', 'swap_failed', 'lock_released', 'lock_expired', 'lock_broken'];

/** Where the model that a cluster serves is to be had: enough for a consumer to update its provider configuration. */
export type ServedEndpoint = Readonly<{
  /** With `/v1`. */
  baseUrl: string;
  modelId: string;
  /** Tokens; `null` when the server did not say. */
  maxModelLen: number | null;
}>;

/** Something worth telling others. It is journalled with the change that it tells of, in one transaction. */
export type Notice = Readonly<
  { at: number } & (
    | { type: 'swap_started' | 'swap_complete' | 'swap_failed'; cluster: ClusterKey; swap: Swap; endpoint: ServedEndpoint | null }
    | {
        type: 'lock_acquired' | 'lock_released' | 'lock_expired' | 'lock_broken';
        cluster: ClusterKey;
        lock: LockFacts;
        /** Who ended it by force, and the reason given. */
        by: string | null;
        note: string | null;
      }
    | { type: 'model_changed' | 'model_unhealthy'; cluster: ClusterKey; view: ClusterView; endpoint: ServedEndpoint | null }
    | {
        type: 'automation_failed';
        cluster: ClusterKey | null;
        automation: Readonly<{ id: AutomationId; name: string }>;
        run: AutomationRun;
      }
    /** Sent by hand to one endpoint, to see whether it arrives. */
    | { type: 'test'; cluster: null; by: string }
  )
>;

/** `sequence` rises with every notice of this control plane, without reuse: receivers order by it. */
export type NumberedNotice = Notice & Readonly<{ sequence: number }>;
