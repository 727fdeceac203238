import type { ClusterKey } from '../ids.ts';

/** Who did something, and by which request. `control plane`: it did so by itself, for example when a lock expired. */
export type Actor = Readonly<{ name: string; address: string | null; requestId: string | null }>;

export const CONTROL_PLANE: Actor = { name: 'control plane', address: null, requestId: null };

export const AUDIT_ACTIONS = [
  'lock_acquired',
  'lock_renewed',
  'lock_released',
  'lock_expired',
  'lock_broken',
  'webhook_created',
  'webhook_changed',
  'webhook_removed',
  'webhook_secret_rotated',
  'webhook_disabled',
  'delivery_requeued',
  'schedule_registered',
  'schedule_removed',
  'automation_created',
  'automation_changed',
  'automation_removed',
  'automation_run',
  'model_created',
  'model_changed',
  'model_removed',
  'model_reverted',
  'weights_downloaded',
  'weights_removed',
  'image_pulled',
  'host_trusted',
  'host_updated',
  'host_rebooted',
  'service_restarted',
  'service_limited',
  'service_added',
  'patches_applied',
  'patches_undone',
  'nim_installed',
  'vector_snapshot',
  'vector_snapshot_removed',
  'vector_restored',
  'settings_changed',
  'operation_cancelled',
] as const;

export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** One line of the audit trail. It holds no secret. */
export type AuditEntry = Readonly<{
  at: number;
  actor: Actor;
  action: AuditAction;
  cluster: ClusterKey | null;
  /** What it was done to: a holder, an id, a key. */
  target: string;
  /** Fence of the lock, where there is one. */
  fence: number | null;
  /** For people: a reason that was given, what changed. */
  note: string | null;
}>;

/** `hash` covers the entry and the hash before it, so that a line that was changed or taken out shows. */
export type NumberedAuditEntry = AuditEntry & Readonly<{ id: number; hash: string }>;

export type AuditQuery = Readonly<{
  cluster?: ClusterKey;
  action?: AuditAction;
  /** Only entries older than this one. */
  before?: number;
  /** At most this many, newest first. */
  limit: number;
}>;
