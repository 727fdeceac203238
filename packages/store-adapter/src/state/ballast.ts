import { randomFillSync } from 'node:crypto';
import { closeSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const BALLAST_FILE = 'spark-control.ballast';
const CHUNK_BYTES = 256 * 1024;

/**
 * A file whose only use is to be deleted. On a full disk SQLite can neither delete rows nor checkpoint, so the room to
 * recover has to be set aside beforehand.
 */
export class Ballast {
  readonly bytes: number;
  readonly #folder: string;
  readonly #path: string;

  constructor(folder: string, bytes: number) {
    this.bytes = bytes;
    this.#folder = folder;
    this.#path = join(folder, BALLAST_FILE);
  }

  /** Free bytes of the file system for this user. */
  freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.#folder);
    return bavail * bsize;
  }

  get isInPlace(): boolean {
    return (statSync(this.#path, { throwIfNoEntry: false })?.size ?? -1) >= this.bytes;
  }

  /** Makes the file when there is twice its size free (less would only swing between full and not). True when it is in place. */
  restore(): boolean {
    if (this.isInPlace) return true;
    if (this.freeBytes() < 2 * this.bytes) return false;
    try {
      this.#write();
      return true;
    } catch {
      this.release();
      return false;
    }
  }

  release(): void {
    rmSync(this.#path, { force: true });
  }

  /** Random content: a file system that compresses would otherwise reserve nothing. */
  #write(): void {
    const chunk = randomFillSync(Buffer.allocUnsafe(Math.min(CHUNK_BYTES, this.bytes)));
    const file = openSync(this.#path, 'w', 0o600);
    try {
      for (let left = this.bytes; left > 0; ) left -= writeSync(file, chunk, 0, Math.min(chunk.length, left));
    } finally {
      closeSync(file);
    }
  }
}
