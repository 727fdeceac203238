import {
  type AuditEntry,
  clusterKey,
  hostKey,
  type NewOperation,
  type Operation,
  type OperationPart,
  operationId,
  type StoredOperation,
} from '../../src/index.ts';
import { EMPTY_METER } from '../../src/operation/byte-rate.ts';
import { overallProgress } from '../../src/operation/overall-progress.ts';

export const aPart = (key: string, over: Partial<OperationPart> = {}): OperationPart => ({
  key,
  host: hostKey(key),
  label: `on ${key}`,
  status: 'pending',
  doneBytes: null,
  totalBytes: null,
  fraction: null,
  note: null,
  ...over,
});

export const anOperation = (id: string, over: Partial<Operation> = {}): Operation => ({
  id: operationId(id),
  kind: 'model_download',
  subject: 'qwen',
  cluster: clusterKey('default'),
  requestedBy: 'anna',
  reason: null,
  state: 'running',
  progress: overallProgress([], '', EMPTY_METER),
  parts: [],
  cancellable: true,
  cancelRequestedAt: null,
  cause: null,
  result: null,
  simulated: false,
  createdAt: 1_000,
  settledAt: null,
  revision: 1,
  ...over,
});

export const stored = (operation: Operation, over: Partial<StoredOperation> = {}): StoredOperation => ({
  operation,
  input: {},
  exclusive: null,
  ...over,
});

export const operationAudit = (target: string, over: Partial<AuditEntry> = {}): AuditEntry => ({
  at: 1_000,
  actor: { name: 'anna', address: null, requestId: null },
  action: 'weights_downloaded',
  cluster: null,
  target,
  fence: null,
  note: null,
  ...over,
});

export const aDownload = (over: Partial<NewOperation> = {}): NewOperation => ({
  kind: 'model_download',
  subject: 'qwen',
  cluster: clusterKey('default'),
  exclusive: null,
  requestedBy: 'anna',
  reason: null,
  input: { repo: 'acme/qwen' },
  parts: [aPart('spark1'), aPart('spark2')],
  actor: { name: 'anna', address: '127.0.0.1', requestId: 'req_1' },
  audit: { action: 'weights_downloaded', note: 'acme/qwen' },
  ...over,
});
