import type { WireGrant, WireSwap } from '@spark-control/schema';

export const AT = '2026-11-21T06:00:00.000Z';

export const aSwap = (more: Partial<WireSwap> = {}): WireSwap => ({
  id: 'swp_1',
  cluster: 'default',
  model: 'qwen3-32b',
  previous_model: null,
  requested_by: 'tester',
  reason: null,
  phase: 'loading',
  settled: false,
  outcome: null,
  noop: false,
  simulated: false,
  serving: null,
  fence: 3,
  cancel_requested_at: null,
  cause: null,
  progress: { fraction: 0.5, label: 'weights 7/14', elapsed_seconds: 60, expected_seconds: 120, eta_seconds: 60 },
  steps: [],
  created_at: AT,
  settled_at: null,
  ...more,
});

export const settledSwap = (outcome: NonNullable<WireSwap['outcome']>, more: Partial<WireSwap> = {}): WireSwap =>
  aSwap({
    phase: outcome,
    settled: true,
    outcome,
    serving: outcome === 'ready' ? 'qwen3-32b' : null,
    settled_at: '2026-11-21T06:03:00.000Z',
    ...more,
  });

export const LOCK_ID = 'lck_5up3r53cr37';

export const aGrant = (more: Partial<WireGrant> = {}): WireGrant => ({
  lock_id: LOCK_ID,
  holder: 'tester',
  reason: null,
  cluster: 'default',
  fence: 7,
  acquired_at: AT,
  expires_at: '2026-11-21T08:00:00.000Z',
  ttl_seconds: 7_200,
  renew_after_seconds: 2_400,
  ...more,
});

/** What a renewal answers: the grant without the id. */
export function aRenewal(more: Partial<WireGrant> = {}): unknown {
  const { lock_id, ...rest } = aGrant(more);
  return rest;
}

export const HELD = {
  lock: { holder: 'cron:daily', reason: 'nightly evaluation', expires_at: '2026-11-21T08:00:00.000Z' },
  retry_after_seconds: 720,
} as const;
