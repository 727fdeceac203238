import { accessSync, closeSync, constants, fsyncSync, openSync, realpathSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { SparkError } from '@spark-control/core';

const NEW_FILE_MODE = 0o644;

/**
 * Replaces the content of a file, or makes it; after a crash at any instant either the old content is there or the new one, whole
 * and synced. A link stays a link, and the mode stays. Its folder has to be there.
 * @throws {SparkError} READ_ONLY with the path and what to do, STORE_UNAVAILABLE on a full disk; the file is as it was then.
 */
export function writeAtomically(path: string, content: string): void {
  const target = targetOf(path);
  // Always the same name: what a killed process left there is overwritten by the next write.
  const draft = join(dirname(target), `.${basename(target)}.new`);
  try {
    const mode = modeOf(target);
    // A rename would get past the bit by which somebody keeps the file from being changed.
    if (mode !== null) accessSync(target, constants.W_OK);
    writeSynced(draft, content, mode ?? NEW_FILE_MODE);
    renameSync(draft, target);
  } catch (error) {
    removeQuietly(draft);
    throw writeFault(path, error);
  }
  syncFolder(dirname(target));
}

/** What keeps a file from being written, as {@link writeAtomically} reports it. `path` is named as its reader knows it. */
export function writeFault(path: string, error: unknown): SparkError {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new SparkError('STORE_UNAVAILABLE', `${path} cannot be written: the disk is full. Free space and try again.`, { cause: error });
  }
  return new SparkError('READ_ONLY', `${path} cannot be written: ${reasonOf(path, code)}`, { cause: error, details: { path } });
}

function reasonOf(path: string, code: string | undefined): string {
  const folder = dirname(path);
  switch (code) {
    case 'EROFS':
      return `its folder is mounted read-only. Mount ${folder} writable.`;
    case 'EACCES':
    case 'EPERM':
      return `this process may write neither the file nor its folder ${folder}, or only one of them. Give its user the right to write both.`;
    case 'EBUSY':
      return `the file itself is a mount point. Mount its folder ${folder} in place of the single file.`;
    case 'ENOENT':
    case 'ENOTDIR':
      return `the folder ${folder} is not there. Make it, writable for this process.`;
    case 'EISDIR':
      return 'it is a folder.';
    default:
      return `the system refuses it (${code ?? 'unknown reason'}). Make ${folder} writable.`;
  }
}

function targetOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function modeOf(path: string): number | null {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? null : stat.mode & 0o777;
}

function writeSynced(path: string, content: string, mode: number): void {
  const file = openSync(path, 'w', mode);
  try {
    const bytes = Buffer.from(content);
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Not every file system can; the content of the file is synced in any case. */
function syncFolder(path: string): void {
  try {
    const folder = openSync(path, 'r');
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  } catch {
    // Then a crash of the machine may bring the old file back, and never half of one.
  }
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // What could not be written cannot be removed either.
  }
}
