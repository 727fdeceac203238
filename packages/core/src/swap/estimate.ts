import type { LoadEstimate } from './preflight-report.ts';

/**
 * Median and 90th percentile of past loads, in seconds. Quantiles are interpolated between the two nearest ranks (type 7 of
 * Hyndman and Fan, as spreadsheets do), so that one sample is its own median. Samples that are no duration are left out.
 */
export function estimateLoad(samplesSeconds: readonly number[]): LoadEstimate {
  const sorted = samplesSeconds.filter((seconds) => Number.isFinite(seconds) && seconds >= 0).sort((a, b) => a - b);
  return { p50Seconds: quantile(sorted, 0.5), p90Seconds: quantile(sorted, 0.9), samples: sorted.length };
}

function quantile(sorted: readonly number[], q: number): number | null {
  const at = (sorted.length - 1) * q;
  const low = sorted[Math.floor(at)];
  const high = sorted[Math.ceil(at)];
  return low === undefined || high === undefined ? null : low + (high - low) * (at - Math.floor(at));
}

/** `elapsedSeconds` since the launch, `fraction` 0..1 of the load, `estimate` of this model on this cluster. */
export type EtaInput = Readonly<{ elapsedSeconds: number; fraction: number; estimate: LoadEstimate }>;

/** Before that much of the bar, its speed says nothing about the rest: the first percents are containers and imports. */
const TRUSTED_FROM = 0.2;
const TRUSTED_AFTER_SECONDS = 5;
/** Where the bar alone decides when there is a history too. */
const TRUSTED_WHOLLY_AT = 0.9;

/**
 * Seconds left until the load is done, rounded up; `null` rather than a guess. The model's own past loads speak first; the
 * further the load has come, the more its own speed counts. Without history that speed speaks alone, once it means something.
 * A load slower than nine in ten of its past ones is no longer judged by them.
 */
export function etaSeconds({ elapsedSeconds, fraction, estimate }: EtaInput): number | null {
  if (!Number.isFinite(elapsedSeconds) || !Number.isFinite(fraction) || elapsedSeconds < 0) return null;
  if (fraction >= 1) return 0;
  const remembered = fromHistory(elapsedSeconds, estimate);
  const measured =
    fraction >= TRUSTED_FROM && elapsedSeconds >= TRUSTED_AFTER_SECONDS ? (elapsedSeconds * (1 - fraction)) / fraction : null;
  if (remembered === null || measured === null) return rounded(remembered ?? measured);
  const trust = Math.min(1, (fraction - TRUSTED_FROM) / (TRUSTED_WHOLLY_AT - TRUSTED_FROM));
  return rounded(remembered * (1 - trust) + measured * trust);
}

function fromHistory(elapsedSeconds: number, { p50Seconds, p90Seconds }: LoadEstimate): number | null {
  const expected = [p50Seconds, p90Seconds].find((seconds) => seconds !== null && seconds > elapsedSeconds);
  return expected === undefined || expected === null ? null : expected - elapsedSeconds;
}

const rounded = (seconds: number | null): number | null => (seconds === null ? null : Math.ceil(seconds));
