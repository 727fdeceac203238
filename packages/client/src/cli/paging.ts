import { UsageError } from './failure.ts';

const DEFAULT_LIMIT = 20;
const LARGEST_LIMIT = 200;

/** `--limit`. @throws {UsageError} */
export function limitOf(text: string | undefined): number {
  const limit = text === undefined ? DEFAULT_LIMIT : Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > LARGEST_LIMIT)
    throw new UsageError(`--limit is a number from 1 to ${LARGEST_LIMIT}`);
  return limit;
}

export const moreLine = (cursor: string | null): readonly string[] => (cursor === null ? [] : [`more: --cursor ${cursor}`]);
