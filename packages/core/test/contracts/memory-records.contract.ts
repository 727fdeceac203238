import { expect } from 'chai';
import { clusterKey, type MemoryRecord, type MemoryRecords, modelKey, swapId } from '../../src/index.ts';
import { aMemoryRecord } from '../support/memory-samples.ts';

export type MemoryRecordsSubject = Readonly<{ memoryRecords: MemoryRecords; dispose: () => Promise<void> }>;

/** The contract of {@link MemoryRecords}, for every implementation. */
export function describeMemoryRecords(name: string, make: () => Promise<MemoryRecordsSubject>): void {
  describe(`${name} keeps the contract of the memory records`, () => {
    let subject: MemoryRecordsSubject;
    beforeEach(async () => {
      subject = await make();
    });
    afterEach(() => subject.dispose());

    const [rig, qwen] = [clusterKey('rig'), modelKey('qwen')];
    const record = (at: number, over: Partial<MemoryRecord> = {}): MemoryRecord =>
      aMemoryRecord({ swap: swapId(`swp_${at}`), at, ...over });
    const times = async (simulated = false): Promise<readonly number[]> =>
      (await subject.memoryRecords.latest(rig, qwen, simulated)).map(({ at }) => at);

    it('gives back what was saved, the newest first', async () => {
      const { memoryRecords } = subject;
      expect(await memoryRecords.latest(rig, qwen, false)).to.deep.equal([]);
      const [older, newer] = [record(100), record(200, { outcome: 'no_kv_room', imageId: 'sha256:1' })];
      await memoryRecords.save(newer);
      await memoryRecords.save(older);
      expect(await memoryRecords.latest(rig, qwen, false)).to.deep.equal([newer, older]);
    });

    it('keeps models, clusters, and simulated loads apart', async () => {
      const { memoryRecords } = subject;
      await memoryRecords.save(record(100));
      await memoryRecords.save(record(101, { model: modelKey('gemma') }));
      await memoryRecords.save(record(102, { cluster: clusterKey('other') }));
      await memoryRecords.save(record(103, { simulated: true }));
      expect(await times()).to.deep.equal([100]);
      expect(await times(true)).to.deep.equal([103]);
    });

    it('has one record of a swap, the last', async () => {
      await subject.memoryRecords.save(record(100, { outcome: 'out_of_memory' }));
      await subject.memoryRecords.save({ ...record(100), at: 150 });
      expect(await times()).to.deep.equal([150]);
      expect((await subject.memoryRecords.latest(rig, qwen, false))[0]?.outcome).to.equal('loaded');
    });

    it('gives the last twenty', async () => {
      for (let at = 100; at < 160; at += 1) await subject.memoryRecords.save(record(at));
      expect(await times()).to.deep.equal(Array.from({ length: 20 }, (_, index) => 159 - index));
    });
  });
}
