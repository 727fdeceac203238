import type { ClusterKey, MemoryRecord, MemoryRecords, ModelKey, SwapId } from '../../src/index.ts';

/** {@link MemoryRecords} in memory. */
export class MemoryLoadRecords implements MemoryRecords {
  readonly rows = new Map<SwapId, string>();

  async save(record: MemoryRecord): Promise<void> {
    this.rows.set(record.swap, JSON.stringify(record));
  }

  async latest(cluster: ClusterKey, model: ModelKey, simulated: boolean): Promise<readonly MemoryRecord[]> {
    return [...this.rows.values()]
      .map((row) => JSON.parse(row) as MemoryRecord)
      .filter((record) => record.cluster === cluster && record.model === model && record.simulated === simulated)
      .sort((a, b) => b.at - a.at)
      .slice(0, 20);
  }
}
