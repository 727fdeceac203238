import type { Clock } from '@spark-control/core';

const GIB = 1024 ** 3;

/** MemTotal of a DGX Spark: 127,600,748 kB. */
export const SPARK_MEMORY_BYTES = 127_600_748 * 1024;

/** What an idle Spark uses, and what sits in its page cache. Chosen so that utilization 0.92 starts and 0.95 does not, as seen on real ones. */
export const IDLE_USED_BYTES = 4.2 * GIB;
export const IDLE_CACHED_BYTES = 2.5 * GIB;

/** Bytes. `free` excludes the page cache, as CUDA sees it on a Spark; `available` includes it, as the kernel sees it. */
export type MemorySnapshot = Readonly<{ total: number; free: number; available: number; cached: number }>;

/** The part of a host's memory that one process holds. */
export interface MemoryClaim {
  set(bytes: number): Promise<void>;
  /** Gives everything back; it comes back evenly over `settleMs`. */
  release(settleMs: number): Promise<void>;
}

/** The unified memory of one host, shared by all model servers on it. */
export interface HostMemory {
  snapshot(): Promise<MemorySnapshot>;
  claim(): Promise<MemoryClaim>;
}

/** One holder as recorded: while `releasedAt` is set, what is left of `bytes` shrinks to nothing over `settleMs`. */
export type HeldMemory = Readonly<{ bytes: number; releasedAt: number | null; settleMs: number }>;

export function heldAt(held: HeldMemory, now: number): number {
  if (held.releasedAt === null) return held.bytes;
  if (held.settleMs <= 0) return 0;
  return held.bytes * Math.max(0, 1 - Math.max(0, now - held.releasedAt) / held.settleMs);
}

export function snapshotOf(total: number, heldBytes: number): MemorySnapshot {
  const unused = Math.max(0, total - IDLE_USED_BYTES - heldBytes);
  const cached = Math.min(IDLE_CACHED_BYTES, unused);
  const free = unused - cached;
  return { total, free, available: free + cached, cached };
}

/** Memory of a simulated host inside this process. */
export class InProcessMemory implements HostMemory {
  readonly #total: number;
  readonly #clock: Clock;
  readonly #held = new Set<{ current: HeldMemory }>();

  constructor(clock: Clock, total: number = SPARK_MEMORY_BYTES) {
    this.#clock = clock;
    this.#total = total;
  }

  /** As {@link snapshot}, for callers that cannot wait. */
  read(): MemorySnapshot {
    const now = this.#clock.monotonic();
    let sum = 0;
    for (const entry of this.#held) {
      const bytes = heldAt(entry.current, now);
      if (bytes === 0 && entry.current.releasedAt !== null) this.#held.delete(entry);
      sum += bytes;
    }
    return snapshotOf(this.#total, sum);
  }

  async snapshot(): Promise<MemorySnapshot> {
    return this.read();
  }

  async claim(): Promise<MemoryClaim> {
    const entry = { current: { bytes: 0, releasedAt: null, settleMs: 0 } as HeldMemory };
    this.#held.add(entry);
    return {
      set: async (bytes) => {
        entry.current = { ...entry.current, bytes };
      },
      release: async (settleMs) => {
        if (entry.current.releasedAt !== null) return;
        entry.current = { ...entry.current, releasedAt: this.#clock.monotonic(), settleMs };
      },
    };
  }
}
