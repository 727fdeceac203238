import { createHash, randomBytes } from 'node:crypto';
import type { ContainerFacts, PatchBackup, Service } from '@spark-control/core';

const GIB = 2 ** 30;
const MIB = 2 ** 20;

type Saved = Readonly<{ name: string; target: string; content: Buffer | null }>;
export type BoxBackup = Readonly<{ id: string; container: string; files: readonly Saved[]; isUndone: boolean }>;

export const sha256 = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');

/** The simulated container of one service. Its files are those that were put there. */
export class ServiceBox {
  readonly name: string;
  id = '';
  readonly files = new Map<string, Buffer>();
  /** Stay with the host when the container is made anew, as they do on a real one. */
  backups: readonly BoxBackup[] = [];
  readonly log: string[] = [];
  startedAt = 0;
  isRunning = true;
  memoryLimitBytes: number | null = null;
  readonly #usedBytes: number;

  constructor(service: Service, now: number) {
    this.name = service.container ?? service.key;
    this.#usedBytes = 300 * MIB + (Number.parseInt(sha256(Buffer.from(service.key)).slice(0, 6), 16) % (2 * GIB));
    this.make(now);
  }

  /** Makes the container anew: another id, and none of the files that were written into the old one. */
  make(now: number): void {
    this.id = randomBytes(32).toString('hex');
    this.files.clear();
    this.memoryLimitBytes = null;
    this.begin(now);
  }

  begin(now: number): void {
    this.startedAt = now;
    this.isRunning = true;
    this.log.push(`${this.name} starts (simulated)`, 'ready');
  }

  facts(): ContainerFacts {
    const cap = this.memoryLimitBytes;
    return {
      ...{ id: this.id, name: this.name, image: `simulated/${this.name}:1`, imageId: `sha256:${sha256(Buffer.from(this.name))}` },
      ...{ status: this.isRunning ? 'running' : 'restarting', startedAt: this.startedAt, restarts: 0, health: null },
      ...{ memoryLimitBytes: cap, memoryUsedBytes: Math.min(this.#usedBytes, cap ?? this.#usedBytes), restartPolicy: 'unless-stopped' },
    };
  }

  /** A folder is there as soon as a file in it is, or a patch names one. */
  hasFolder(path: string, { patches }: Service): boolean {
    const folder = folderOf(path);
    return [...this.files.keys(), ...patches.map(({ target }) => target)].some((known) => folderOf(known) === folder);
  }

  digest(target: string): string | null {
    const content = this.files.get(target);
    return content === undefined ? null : sha256(content);
  }

  newestBackup(): BoxBackup | null {
    return this.backups.findLast(({ isUndone }) => !isUndone) ?? null;
  }

  describe({ id, container, files }: BoxBackup): PatchBackup {
    const states = files.map(({ name, target, content }) => ({
      ...{ name, target, saved: content === null ? null : sha256(content), current: this.digest(target) },
    }));
    return { id, container, isOfThisContainer: container === this.id, files: states };
  }

  takeBack(backup: BoxBackup): void {
    for (const { target, content } of backup.files) {
      if (content === null) this.files.delete(target);
      else this.files.set(target, content);
    }
    this.backups = this.backups.map((other) => (other.id === backup.id ? { ...other, isUndone: true } : other));
  }
}

const folderOf = (path: string): string => path.replace(/\/[^/]*$/, '');
