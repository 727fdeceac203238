import { type ByteMeter, bytesPerSecond } from './byte-rate.ts';
import type { OperationPart, OperationProgress } from './operation.ts';

/** How far all parts together are. By bytes where every part knows its own, else every part counts the same. */
export function overallProgress(parts: readonly OperationPart[], label: string, meter: ByteMeter): OperationProgress {
  const counted = parts.filter(({ status }) => status !== 'skipped');
  const doneBytes = sum(counted.map((part) => part.doneBytes).filter(isKnown));
  const totals = counted.map((part) => part.totalBytes);
  const totalBytes = totals.every(isKnown) ? sum(totals) : null;
  const rate = bytesPerSecond(meter);
  const isByBytes = totalBytes !== null && totalBytes > 0 && doneBytes !== null;
  const fraction = isByBytes ? Math.min(1, doneBytes / totalBytes) : meanFraction(parts);
  const isLeft = isByBytes && rate !== null && rate > 0;
  const etaSeconds = isLeft ? Math.ceil(Math.max(0, totalBytes - doneBytes) / rate) : null;
  return { fraction, label, doneBytes, totalBytes, bytesPerSecond: rate, etaSeconds };
}

const isKnown = (value: number | null): value is number => value !== null;

/** `null` for none: no part at all is not a part of no bytes. */
const sum = (values: readonly number[]): number | null => (values.length === 0 ? null : values.reduce((total, value) => total + value, 0));

/** What runs and does not say how far counts as not begun, unless that is all there is to know. */
function meanFraction(parts: readonly OperationPart[]): number | null {
  const fractions = parts.map(fractionOf);
  if (!fractions.some(isKnown)) return null;
  return (sum(fractions.map((fraction) => fraction ?? 0)) ?? 0) / parts.length;
}

function fractionOf({ status, fraction, doneBytes, totalBytes }: OperationPart): number | null {
  if (status === 'done' || status === 'skipped') return 1;
  if (fraction !== null) return fraction;
  return doneBytes !== null && totalBytes !== null && totalBytes > 0 ? Math.min(1, doneBytes / totalBytes) : null;
}
