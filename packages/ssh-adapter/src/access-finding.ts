import { type AccessStep, isSparkError } from '@spark-control/core';

/** What one step of a connectivity test found. */
export type Finding = Omit<AccessStep, 'name' | 'durationMs'>;

export const pass = (detail: string, measured: string | null = null): Finding => ({ status: 'pass', detail, hint: null, measured });
export const skip = (detail: string): Finding => ({ status: 'skip', detail, hint: null, measured: null });
export const warn = (detail: string, hint: string | null, measured: string | null = null): Finding => ({
  status: 'warn',
  detail,
  hint,
  measured,
});
export const fail = (detail: string, hint: string | null, measured: string | null = null): Finding => ({
  status: 'fail',
  detail,
  hint,
  measured,
});

/** Only texts of ours are shown. */
export const textOf = (error: unknown, otherwise: string): string => (isSparkError(error) ? error.message : otherwise);
