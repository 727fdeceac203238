import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { SparkError } from '@spark-control/core';

const NEW_FILE_MODE = 0o644;

/**
 * Replaces the content of a file, or makes it; after a crash at any instant either the old content is there or the new one, whole
 * and synced. A link stays a link, and mode and owner stay. Its folder has to be there. `mayReplace` is asked at the last moment, with
 * the file that is to be replaced; when it says no, nothing is written and the answer is false.
 * @throws {SparkError} READ_ONLY with the path and what to do, STORE_UNAVAILABLE on a full disk; the file is as it was then.
 */
export function writeAtomically(path: string, content: string | Uint8Array, mayReplace: (target: string) => boolean = () => true): boolean {
  const target = targetOf(path);
  // Always the same name: what a killed process left there is overwritten by the next write.
  const draft = join(dirname(target), `.${basename(target)}.new`);
  try {
    const old = statSync(target, { throwIfNoEntry: false }) ?? null;
    refuseMarked(target, old);
    rmSync(draft, { force: true });
    writeSynced(draft, content, old);
    if (!mayReplace(target)) {
      removeQuietly(draft);
      return false;
    }
    renameSync(draft, target);
  } catch (error) {
    removeQuietly(draft);
    throw writeFault(path, error);
  }
  syncFolder(dirname(target));
  return true;
}

/** Whether {@link writeAtomically} may write there, as far as that can be seen without trying. */
export function canBeWritten(path: string): boolean {
  const target = targetOf(path);
  try {
    const old = statSync(target, { throwIfNoEntry: false }) ?? null;
    refuseMarked(target, old);
    accessSync(dirname(target), constants.W_OK);
    if (old !== null) closeSync(openSync(target, 'r+'));
    return true;
  } catch {
    return false;
  }
}

/** A rename would get past the bits by which somebody keeps the file, or its folder, from being changed; and root past all of them. */
function refuseMarked(target: string, old: Stats | null): void {
  if (old !== null && !old.isFile()) throw Object.assign(new Error('not a file'), { code: old.isDirectory() ? 'EISDIR' : 'EINVAL' });
  if (old !== null) accessSync(target, constants.W_OK);
  const folder = statSync(dirname(target));
  if ((old !== null && !isWritable(old)) || !isWritable(folder)) throw Object.assign(new Error('marked read-only'), { code: 'EACCES' });
}

const isWritable = ({ mode }: Stats): boolean => (mode & 0o222) !== 0;

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
      return `this process may write neither the file nor its folder ${folder}, or only one of them. Give its user the right to write both, for example with chown and chmod u+w.`;
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

/** Where a link leads, also when there is nothing yet. */
function targetOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return linkedTo(path);
  }
}

function linkedTo(path: string): string {
  try {
    return resolve(realpathSync(dirname(path)), readlinkSync(path));
  } catch {
    return path;
  }
}

function writeSynced(path: string, content: string | Uint8Array, old: Stats | null): void {
  const file = openSync(path, 'wx', old === null ? NEW_FILE_MODE : 0o600);
  try {
    if (old !== null) takeAfter(file, old);
    const bytes = Buffer.from(content);
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** The owner first: a change of owner takes some bits of the mode away. */
function takeAfter(file: number, old: Stats): void {
  try {
    fchownSync(file, old.uid, old.gid);
  } catch {
    // Only root may give a file away; then it belongs to this process from now on.
  }
  fchmodSync(file, old.mode & 0o7777);
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
