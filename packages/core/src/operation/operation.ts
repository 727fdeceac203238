import type { ClusterKey, HostKey, OperationId } from '../ids.ts';

/** Long work other than swaps. */
export const OPERATION_KINDS = [
  'model_download',
  'image_pull',
  'host_update',
  'host_reboot',
  'service_restart',
  'patches_apply',
  'patches_undo',
  'nim_install',
  'vector_snapshot',
  'vector_restore',
] as const;

export type OperationKind = (typeof OPERATION_KINDS)[number];

/** `failed` also after a restart of the control plane when the kind of work cannot be taken up again. */
export type OperationState = 'running' | 'succeeded' | 'failed' | 'cancelled';

/** One part of the work, usually one host's. Bytes and `fraction` (0..1) are `null` where nobody can tell. */
export type OperationPart = Readonly<{
  /** Host key, layer, package or file: unique within the operation. */
  key: string;
  host: HostKey | null;
  label: string;
  status: 'pending' | 'running' | 'done' | 'failed' | 'skipped';
  doneBytes: number | null;
  totalBytes: number | null;
  fraction: number | null;
  note: string | null;
}>;

/** How far all of it is. `etaSeconds` and the rate follow from the bytes of the last half minute. */
export type OperationProgress = Readonly<{
  fraction: number | null;
  label: string;
  doneBytes: number | null;
  totalBytes: number | null;
  bytesPerSecond: number | null;
  etaSeconds: number | null;
}>;

export type OperationCause = Readonly<{ code: string; message: string; hint: string | null }>;

/** What may be stored and shown; it holds no secret. */
export type Plain = string | number | boolean | null | readonly Plain[] | Readonly<{ [name: string]: Plain }>;

/** One piece of long work. `revision` rises with every change and is the id of its stream's events. Times in ms since the epoch. */
export type Operation = Readonly<{
  id: OperationId;
  kind: OperationKind;
  /** What it is about: a model key, host key or service key. */
  subject: string;
  cluster: ClusterKey | null;
  requestedBy: string;
  reason: string | null;
  state: OperationState;
  progress: OperationProgress;
  parts: readonly OperationPart[];
  cancellable: boolean;
  cancelRequestedAt: number | null;
  cause: OperationCause | null;
  result: Readonly<Record<string, Plain>> | null;
  simulated: boolean;
  createdAt: number;
  settledAt: number | null;
  revision: number;
}>;

export const isOver = (operation: Operation): boolean => operation.state !== 'running';
