import { clusterKey, type MemoryMeasures, type MemoryRecord, memoryFlags, modelKey, noLoadMeasures, swapId } from '../../src/index.ts';

const GIB = 2 ** 30;

/** A load that went well: 60 GiB of weights at 0.80 of 120 GiB, with 30 GiB of KV cache for 300,000 tokens. */
export function aMemoryRecord(over: Partial<MemoryRecord> & Partial<MemoryMeasures> = {}): MemoryRecord {
  const measured: MemoryMeasures = {
    ...noLoadMeasures.measures,
    ...(over.outcome === undefined || over.outcome === 'loaded'
      ? { weightsBytes: 60 * GIB, kvBytes: 30 * GIB, kvTokens: 300_000, graphBytes: GIB, lowestAvailableBytes: 12 * GIB }
      : {}),
  };
  const measures = Object.fromEntries(
    Object.entries(measured).map(([name, value]) => [name, (over as Record<string, unknown>)[name] ?? value]),
  ) as MemoryMeasures;
  return {
    swap: over.swap ?? swapId('swp_1'),
    cluster: over.cluster ?? clusterKey('rig'),
    model: over.model ?? modelKey('qwen'),
    at: over.at ?? 1_000,
    simulated: over.simulated ?? false,
    digest: over.digest ?? 'd1',
    source: over.source ?? 'acme/qwen',
    imageId: over.imageId ?? null,
    nodes: over.nodes ?? 1,
    flags: over.flags ?? memoryFlags(['acme/qwen', '--gpu-memory-utilization', '0.8']),
    outcome: over.outcome ?? 'loaded',
    totalBytes: over.totalBytes ?? 120 * GIB,
    freeBytes: over.freeBytes ?? 70 * GIB,
    availableBytes: over.availableBytes ?? 110 * GIB,
    measures: over.measures ?? measures,
  };
}
