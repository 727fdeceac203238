import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type HeldMemory,
  type HostMemory,
  heldAt,
  IDLE_USED_BYTES,
  type MemoryClaim,
  type MemorySnapshot,
  snapshotOf,
} from './host-memory.ts';

const LOCK_STALE_MS = 2000;
const SWEEP_MS = 200;
const KIB = 1024;

/**
 * Memory of a host shared by several processes, as files in one folder:
 * `meminfo` in the shape of /proc/meminfo, and `claims/<id>.json` with `claims/<id>.sock` for each holder.
 *
 * A holder listens on its socket for as long as it lives. Whoever looks connects to it: refused means dead, also after SIGKILL and
 * across containers, where process ids say nothing. `meminfo` is written in place and never replaced, because a bind mount of
 * the file would go on showing the old one.
 */
export class ClaimsDirectory implements HostMemory {
  readonly #directory: string;
  readonly #total: number;

  constructor(directory: string, total: number) {
    this.#directory = directory;
    this.#total = total;
    mkdirSync(path.join(directory, 'claims'), { recursive: true });
  }

  async snapshot(): Promise<MemorySnapshot> {
    return this.refresh();
  }

  /** Drops the claims of dead holders and writes `meminfo`. */
  async refresh(): Promise<MemorySnapshot> {
    return this.#locked(async () => {
      const now = Date.now();
      let sum = 0;
      for (const id of this.#ids()) sum += await this.#heldBy(id, now);
      const snapshot = snapshotOf(this.#total, sum);
      this.#writeMeminfo(snapshot);
      return snapshot;
    });
  }

  async claim(): Promise<MemoryClaim> {
    const id = `${process.pid}-${Date.now()}-${process.hrtime.bigint().toString(36)}`;
    const alive = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve, reject) => {
      alive.once('error', reject);
      alive.listen(this.#file(id, 'sock'), resolve);
    });
    alive.unref();
    const write = async (held: HeldMemory): Promise<void> => {
      writeFileSync(this.#file(id, 'json'), JSON.stringify(held));
      await this.refresh();
    };
    let bytes = 0;
    await write({ bytes, releasedAt: null, settleMs: 0 });
    return {
      set: async (next) => {
        bytes = next;
        await write({ bytes, releasedAt: null, settleMs: 0 });
      },
      release: async (settleMs) => {
        await write({ bytes, releasedAt: Date.now(), settleMs });
        await new Promise((resolve) => alive.close(resolve));
        await this.refresh();
      },
    };
  }

  /** Keeps `meminfo` true until `signal` aborts. A killed holder cannot do that for itself, so one process per host should. */
  async keep(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.refresh();
      await delay(SWEEP_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  #ids(): readonly string[] {
    const names = readdirSync(path.join(this.#directory, 'claims'));
    return names.filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -'.json'.length));
  }

  #file(id: string, extension: 'json' | 'sock'): string {
    return path.join(this.#directory, 'claims', `${id}.${extension}`);
  }

  async #heldBy(id: string, now: number): Promise<number> {
    const held = readHeld(this.#file(id, 'json'));
    const left = held === null ? 0 : heldAt(held, now);
    const isOver = held === null || (held.releasedAt !== null && left === 0);
    if (!isOver && (held.releasedAt !== null || (await accepts(this.#file(id, 'sock'))))) return left;
    for (const extension of ['json', 'sock'] as const) rmSync(this.#file(id, extension), { force: true });
    return 0;
  }

  #writeMeminfo(memory: MemorySnapshot): void {
    const row = (name: string, bytes: number): string => `${`${name}:`.padEnd(16)}${String(Math.floor(bytes / KIB)).padStart(9)} kB\n`;
    const text = [
      row('MemTotal', memory.total),
      row('MemFree', memory.free),
      row('MemAvailable', memory.available),
      row('Buffers', 0),
      row('Cached', memory.cached),
      row('SwapCached', 0),
      row('Active', IDLE_USED_BYTES),
      row('SwapTotal', 16 * KIB ** 3),
      row('SwapFree', 16 * KIB ** 3),
    ].join('');
    const file = openSync(path.join(this.#directory, 'meminfo'), 'a+');
    closeSync(file);
    const inPlace = openSync(path.join(this.#directory, 'meminfo'), 'r+');
    // Always the same length, so that one write covers the old text and a reader never meets an empty file.
    writeSync(inPlace, text, 0);
    closeSync(inPlace);
  }

  async #locked<T>(work: () => Promise<T>): Promise<T> {
    const lock = path.join(this.#directory, 'claims', 'lock');
    for (;;) {
      try {
        closeSync(openSync(lock, 'wx'));
        break;
      } catch (error) {
        if (!isCode(error, 'EEXIST')) throw error;
      }
      // A holder that was killed inside never removes it.
      if (ageOf(lock) > LOCK_STALE_MS) rmSync(lock, { force: true });
      else await delay(2);
    }
    try {
      return await work();
    } finally {
      rmSync(lock, { force: true });
    }
  }
}

function readHeld(file: string): HeldMemory | null {
  try {
    const held: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return isHeld(held) ? held : null;
  } catch {
    return null;
  }
}

function isHeld(value: unknown): value is HeldMemory {
  return (
    typeof value === 'object' &&
    value !== null &&
    'bytes' in value &&
    typeof value.bytes === 'number' &&
    'releasedAt' in value &&
    'settleMs' in value
  );
}

const isCode = (error: unknown, code: string): boolean => error instanceof Error && 'code' in error && error.code === code;

function ageOf(file: string): number {
  try {
    return Date.now() - statSync(file).mtimeMs;
  } catch {
    return 0;
  }
}

function accepts(socketFile: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketFile);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
