import { setTimeout } from 'node:timers/promises';
import {
  type Clock,
  createOperationDesk,
  createVectorDesk,
  type Operation,
  type Service,
  SparkError,
  silentLogger,
  type VectorDesk,
} from '@spark-control/core';
import { MemoryAudit } from '../../../core/test/support/memory-audit.ts';
import { MemoryOperations } from '../../../core/test/support/memory-operations.ts';
import { type FakeQdrant, type FakeQdrantOptions, startFakeQdrant } from '../../../simulator/src/index.ts';
import { HttpVectorAdmin, type VectorDeadlines } from '../../src/index.ts';

export const KEY = 'a-key-of-qdrant-that-nobody-may-read';
export const NEVER = new AbortController().signal;
export const ANNA = { name: 'anna', address: '127.0.0.1', requestId: 'req_1' };
const DAY = 86_400_000;

export const aStore = (over: Partial<Service> = {}): Service => ({
  ...{
    key: 'qdrant',
    name: 'Qdrant',
    kind: 'qdrant',
    url: null,
    host: null,
    port: 6_333,
    healthPath: '/healthz',
    model: null,
    container: 'qdrant',
  },
  ...{
    user: null,
    apiKeyVariable: 'QDRANT_API_KEY',
    publicUrl: null,
    usesGpu: false,
    memoryLimitBytes: null,
    patches: [],
    isDisabled: false,
  },
  origin: 'file',
  ...over,
});

type Options = FakeQdrantOptions & Readonly<{ deadlines?: Partial<VectorDeadlines> }>;

/** The desk and the adapter over a double of Qdrant on real HTTP. `time` is that of the double: its snapshots bear it. */
export class VectorBench {
  readonly qdrant: FakeQdrant;
  readonly admin: HttpVectorAdmin;
  readonly audit = new MemoryAudit();
  readonly operations;
  readonly desk: VectorDesk;
  readonly time: { now: number };
  readonly environment: Record<string, string> = { QDRANT_API_KEY: KEY };
  services: readonly Service[] = [aStore()];

  private constructor(qdrant: FakeQdrant, time: { now: number }, deadlines: Partial<VectorDeadlines>) {
    this.qdrant = qdrant;
    this.time = time;
    const clock: Clock = {
      now: () => time.now,
      monotonic: () => performance.now(),
      timeBase: 'test',
      sleep: (ms, signal) => setTimeout(ms, undefined, { signal }),
    };
    let ids = 0;
    this.operations = createOperationDesk({
      ...{ store: new MemoryOperations(this.audit), clock, logger: silentLogger, isSimulated: false },
      ids: { next: (prefix) => `${prefix}_${String(++ids).padStart(4, '0')}` },
    });
    const services = { all: () => this.services };
    this.admin = new HttpVectorAdmin({
      ...{ services, deadlines, baseUrlOf: () => this.qdrant.url },
      secrets: { read: (name) => this.environment[name] ?? null },
    });
    const record = async (entry: Parameters<MemoryAudit['append']>[0][number]): Promise<void> => this.audit.append([entry]);
    this.desk = createVectorDesk({ operations: this.operations, admin: this.admin, services, record, clock, logger: silentLogger });
  }

  static async open({ deadlines = {}, ...options }: Options = {}): Promise<VectorBench> {
    const time = { now: Date.UTC(2026, 1, 3, 4, 5, 6) };
    const qdrant = await startFakeQdrant({ apiKey: KEY, collections: { notes: 3, papers: 5 }, now: () => time.now, ...options });
    return new VectorBench(qdrant, time, deadlines);
  }

  /** Makes snapshots of `collection` as old as given in days, as others would have. */
  age(collection: string | null, ...days: readonly number[]): void {
    for (const age of days) this.qdrant.storage.addSnapshot(collection, Buffer.from(`old ${age}`), this.time.now - age * DAY);
  }

  names(collection: string | null): readonly string[] {
    return this.qdrant.storage.snapshots(collection).map(({ name }) => name);
  }

  async ended(operation: Promise<Operation>): Promise<Operation> {
    return this.operations.settled((await operation).id, NEVER);
  }

  async close(): Promise<void> {
    await this.qdrant.close();
  }
}

/** The error of a call that has to be refused. */
export async function refusalOf(call: Promise<unknown>): Promise<SparkError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof SparkError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}
