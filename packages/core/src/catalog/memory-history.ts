import type { MemoryRecord } from '../ports/memory-records.ts';
import type { MemoryFlags } from './memory-flags.ts';

/** What is asked for now, to be compared with what was. */
export type MemoryAsk = Readonly<{
  digest: string;
  source: string;
  nodes: number;
  flags: MemoryFlags;
  imageId: string | null;
  totalBytes: number;
}>;

/**
 * What past loads teach. `same`: the latest of this very plan, on this image and as much memory. `teacher`: the latest of the same
 * weights on as many hosts whose figures are known, whatever its other flags were.
 */
export type MemoryHistory = Readonly<{ same: MemoryRecord | null; teacher: MemoryRecord | null }>;

/** Two boxes of one make differ by less. */
const SAME_TOTAL = 0.01;

/** @param records newest first. */
export function memoryHistory(records: readonly MemoryRecord[], ask: MemoryAsk): MemoryHistory {
  const comparable = records.filter(
    (record) => record.nodes === ask.nodes && record.source === ask.source && isSameImage(record.imageId, ask.imageId),
  );
  const isSamePlan = (record: MemoryRecord): boolean =>
    record.digest === ask.digest && Math.abs(record.totalBytes - ask.totalBytes) <= SAME_TOTAL * ask.totalBytes;
  const teaches = (record: MemoryRecord): boolean =>
    record.measures.weightsBytes !== null && record.flags.quantization === ask.flags.quantization;
  return {
    same: comparable.find(isSamePlan) ?? null,
    teacher: comparable.find((record) => isSamePlan(record) && teaches(record)) ?? comparable.find(teaches) ?? null,
  };
}

/** An id that is not known stands in nobody's way. */
const isSameImage = (before: string | null, now: string | null): boolean => before === null || now === null || before === now;
