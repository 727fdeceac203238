import { type ByteMeter, measured } from './byte-rate.ts';
import type { Operation, OperationPart } from './operation.ts';
import { overallProgress } from './overall-progress.ts';

/** A report of every package or layer still fits in an event; what a host prints must not make it grow without end. */
const MOST_PARTS = 1_000;
const LONGEST_TEXT = 500;

export type Report = Readonly<{ parts: readonly OperationPart[]; label?: string | undefined; at: number }>;
export type Reported = Readonly<{ operation: Operation; meter: ByteMeter }>;

/**
 * Replaces parts by key, or adds them at the end, and counts anew how far all of it is. Pure. `at` counts ms that never go back.
 * The revision stays: it rises when the change is told.
 */
export function applyReport(operation: Operation, meter: ByteMeter, { parts, label, at }: Report): Reported {
  const byKey = new Map(operation.parts.map((part) => [part.key, part]));
  for (const part of parts) if (byKey.has(part.key) || byKey.size < MOST_PARTS) byKey.set(part.key, cleanPart(part));
  const merged = [...byKey.values()];
  const counted = measured(meter, merged, at);
  const progress = overallProgress(merged, label === undefined ? operation.progress.label : cut(label), counted);
  return { operation: { ...operation, parts: merged, progress }, meter: counted };
}

/** What comes from the output of a tool may be anything; what is shown keeps to the contract. */
export function cleanPart(part: OperationPart): OperationPart {
  const { fraction, note } = part;
  return {
    ...part,
    label: cut(part.label),
    note: note === null ? null : cut(note),
    doneBytes: wholeBytes(part.doneBytes),
    totalBytes: wholeBytes(part.totalBytes),
    fraction: fraction === null || Number.isNaN(fraction) ? null : Math.min(1, Math.max(0, fraction)),
  };
}

const wholeBytes = (bytes: number | null): number | null =>
  bytes === null || !Number.isFinite(bytes) ? null : Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, Math.round(bytes)));

const cut = (text: string): string => (text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT - 1)}…` : text);
