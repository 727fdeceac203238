import { closeSync, fstatSync, openSync, readFileSync, readSync, realpathSync, rmSync } from 'node:fs';
import { isSparkError, SparkError } from '@spark-control/core';
import { writeAtomically } from './atomic-write.ts';

/**
 * Replaces the overrides file when it still says what was read from it (`before`; `null`: there was none). False: somebody else
 * changed it, and their change is what the file holds.
 * @throws {SparkError} READ_ONLY with the path and the ways out, STORE_UNAVAILABLE on a full disk.
 */
export function replaceOverrides(path: string, before: Buffer | null, after: Uint8Array): boolean {
  if (path === '') throw new SparkError('READ_ONLY', 'There is no overrides file to write to. Set MODELS_OVERRIDES to a path.');
  let old: number | null = null;
  try {
    const isWritten = writeAtomically(path, after, (target) => {
      old = openIfThere(target);
      return isStill(old, before);
    });
    // A program that had opened the old file may have written into it while it was being replaced.
    if (!isWritten || old === null || isStill(old, before)) return isWritten;
    writeAtomically(path, contentOf(old), (target) => readFileSync(target).equals(after));
    return false;
  } catch (error) {
    throw withAdvice(error);
  } finally {
    if (old !== null) closeSync(old);
  }
}

/** Puts back what was there before a write that could not be recorded. Does nothing when the file was changed since. Never throws. */
export function restoreOverrides(path: string, before: Buffer | null, after: Uint8Array): void {
  try {
    if (before !== null) replaceOverrides(path, Buffer.from(after), before);
    else if (readFileSync(path).equals(after)) rmSync(realpathSync(path));
  } catch {
    // Then the edit stays in the file, and is found there like one made by hand.
  }
}

function openIfThere(path: string): number | null {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

const isStill = (file: number | null, before: Buffer | null): boolean =>
  file === null || before === null ? file === before : contentOf(file).equals(before);

function contentOf(file: number): Buffer {
  const bytes = Buffer.alloc(fstatSync(file).size);
  let length = 0;
  while (length < bytes.length) {
    const read = readSync(file, bytes, length, bytes.length - length, length);
    if (read === 0) break;
    length += read;
  }
  return bytes.subarray(0, length);
}

function withAdvice(error: unknown): unknown {
  if (!isSparkError(error) || error.code !== 'READ_ONLY') return error;
  const message = `${error.message} Or set MODELS_OVERRIDES to a path that can be written.`;
  return new SparkError('READ_ONLY', message, { cause: error, details: error.details });
}
