import type { ErrorCode } from '../errors.ts';

/** What the words in brackets of a pattern matched, from 1; `''` where a bracket took no part. */
export type Figures = readonly string[];

/**
 * Recognises one failure by a line of the log. The sentences may quote figures, option names and addresses that the pattern
 * picked out, never the line itself: they are shown to anyone.
 */
export type FailureSignature = Readonly<{
  /** Names the row, for tests and documentation. */
  name: string;
  /** Begins with fixed words, and its quantifiers are bounded: it is run on whatever a process prints. */
  pattern: RegExp;
  /** Absent: what was known before reading the log stays true. */
  code?: ErrorCode;
  message: (figures: Figures) => string;
  hint: (figures: Figures) => string;
}>;

export const says = (text: string) => (): string => text;

/** `7,228,559` and `0.92` as numbers. */
export const numberOf = (text: string | undefined): number => Number((text ?? '').replaceAll(',', ''));

/** A share of memory as vLLM takes it, rounded down to two digits. */
export const utilisation = (free: number, total: number): string => (Math.floor((free / total) * 100) / 100).toFixed(2);
