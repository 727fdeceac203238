import type { WireOperation } from '@spark-control/schema';
import { AT } from './wire.ts';

export const anOperation = (more: Partial<WireOperation> = {}): WireOperation => ({
  id: 'op_1',
  kind: 'model_download',
  subject: 'qwen3-8b',
  cluster: 'default',
  requested_by: 'tester',
  reason: null,
  state: 'running',
  settled: false,
  progress: {
    fraction: 0.5,
    label: 'spark1 8 of 16 GiB',
    done_bytes: 2 ** 33,
    total_bytes: 2 ** 34,
    bytes_per_second: 2 ** 27,
    elapsed_seconds: 60,
    eta_seconds: 60,
  },
  parts: [
    {
      key: 'spark1',
      host: 'spark1',
      label: 'spark1',
      status: 'running',
      done_bytes: 2 ** 33,
      total_bytes: 2 ** 34,
      fraction: 0.5,
      note: null,
    },
  ],
  cancellable: true,
  cancel_requested_at: null,
  cause: null,
  result: null,
  simulated: false,
  created_at: AT,
  settled_at: null,
  ...more,
});

export const settledOperation = (state: Exclude<WireOperation['state'], 'running'>, more: Partial<WireOperation> = {}): WireOperation =>
  anOperation({ state, settled: true, settled_at: '2026-11-21T06:02:00.000Z', ...more });
