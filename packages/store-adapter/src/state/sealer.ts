import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { chmodSync, closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { SparkError } from '@spark-control/core';

export const KEY_FILE = 'secret.key';

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** So that a later format can be told from this one. */
const MARK = 's1.';

/**
 * Encrypts what must not stand in the database in the clear, since copies of a database get around: AES-256-GCM under the
 * key file of the data folder. `context` says what the text is and whose (for example `answer <key>`); it is not stored,
 * and what was sealed for one context opens for no other, so that rows cannot be swapped.
 */
export class Sealer {
  readonly #key: Buffer;

  constructor(key: Buffer) {
    if (key.length !== KEY_BYTES) throw new RangeError(`a sealing key has ${KEY_BYTES} bytes`);
    this.#key = key;
  }

  seal(text: string, context: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#key, nonce).setAAD(Buffer.from(context));
    const hidden = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return MARK + Buffer.concat([nonce, cipher.getAuthTag(), hidden]).toString('base64url');
  }

  /** `null` when it was sealed with another key or for another context, or was changed since. */
  open(sealed: string, context: string): string | null {
    if (!sealed.startsWith(MARK)) return null;
    const bytes = Buffer.from(sealed.slice(MARK.length), 'base64url');
    if (bytes.length < NONCE_BYTES + TAG_BYTES) return null;
    const nonce = bytes.subarray(0, NONCE_BYTES);
    const tag = bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES);
    const decipher = createDecipheriv(CIPHER, this.#key, nonce, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(context)).setAuthTag(tag);
    try {
      return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]).toString('utf8');
    } catch {
      return null;
    }
  }
}

/**
 * The sealer of a data folder; the first call makes its key. Call with the lock of the database in hand, so that there is
 * one maker only. Throws STORE_UNAVAILABLE when the key cannot be read or made.
 */
export function sealerOf(folder: string): Sealer {
  const path = join(folder, KEY_FILE);
  try {
    return new Sealer(readKey(path) ?? makeKey(folder, path));
  } catch (error) {
    throw unusable(folder, error);
  }
}

/** `null` when there is none yet. Any other trouble throws: a new key in its place would make all that was sealed unreadable. */
function readKey(path: string): Buffer | null {
  let key: Buffer;
  try {
    key = readFileSync(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
  if (key.length !== KEY_BYTES) throw Object.assign(new Error('wrong length'), { code: 'LENGTH' });
  tighten(path);
  return key;
}

/** Written beside its place, synced, then renamed: after a crash there is the whole key or none. */
function makeKey(folder: string, path: string): Buffer {
  const key = randomBytes(KEY_BYTES);
  const draft = `${path}.new`;
  try {
    rmSync(draft, { force: true }); // of a start that was cut off
    withFile(draft, 'wx', (file) => {
      writeSync(file, key);
      fsyncSync(file);
    });
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
  // What is sealed next may be synced before the new name is.
  withFile(folder, 'r', fsyncSync);
  return key;
}

function withFile(path: string, flags: string, use: (file: number) => void): void {
  const file = openSync(path, flags, 0o600);
  try {
    use(file);
  } finally {
    closeSync(file);
  }
}

/** A restored copy often comes back readable for all. Not ours to change on every file system: then it stays as it is. */
function tighten(path: string): void {
  try {
    chmodSync(path, 0o600);
  } catch {
    // The folder is closed to others all the same.
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not read or make it. Change its owner to the user the server runs as',
  EPERM: 'this user may not read or make it. Change its owner to the user the server runs as',
  EISDIR: 'it is a folder. Move that folder away',
  EROFS: 'its file system is read-only. Mount it writable',
  ENOSPC: 'its disk is full. Free some space there',
  EDQUOT: 'its disk is full. Free some space there',
  LENGTH: `it does not have ${KEY_BYTES} bytes. Put its copy back, or remove it: webhook secrets have to be rotated then`,
};

function unusable(folder: string, error: unknown): SparkError {
  const why = REASONS[codeOf(error) ?? ''] ?? 'it cannot be read or made. Check the disk and the rights of the folder';
  return new SparkError('STORE_UNAVAILABLE', `The key ${join(folder, KEY_FILE)} cannot be used: ${why}.`, { cause: error });
}

/** Whether {@link sealerOf} failed for want of a few bytes. */
export function isOutOfRoom(error: unknown): boolean {
  const code = error instanceof Error ? codeOf(error.cause) : undefined;
  return code === 'ENOSPC' || code === 'EDQUOT';
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}
