import { expect } from 'chai';
import { type AuditLog, type OperationStore, operationId } from '../../src/index.ts';
import { anOperation, aPart, operationAudit, stored } from '../support/operation-samples.ts';

export type OperationStoreSubject = Readonly<{ operations: OperationStore; audit: AuditLog; dispose: () => Promise<void> }>;

const numbered = (index: number): string => `op_${String(index).padStart(6, '0')}`;

/** The contract of {@link OperationStore}, for every implementation. */
export function describeOperationStore(name: string, make: () => Promise<OperationStoreSubject>): void {
  describe(`${name} keeps the contract of the operation store`, () => {
    let subject: OperationStoreSubject;
    let store: OperationStore;
    beforeEach(async () => {
      subject = await make();
      store = subject.operations;
    });
    afterEach(() => subject.dispose());

    const settled = (id: string) =>
      anOperation(id, { state: 'succeeded', settledAt: 5_000, result: { bytes: 3, files: ['a "b"', 'größe'] } });
    const ids = async (query: Parameters<OperationStore['list']>[0]): Promise<readonly string[]> =>
      (await store.list(query)).map(({ id }) => id);

    it('gives back what was saved last', async () => {
      expect(await store.get(operationId('op_1'))).to.equal(null);
      await store.save(stored(anOperation('op_1')));
      const changed = anOperation('op_1', { parts: [aPart('spark1', { status: 'running', doneBytes: 2 ** 40 })], revision: 2 });
      await store.save(stored(changed));
      expect(await store.get(operationId('op_1'))).to.deep.equal(changed);
      await store.save(stored(settled('op_1')));
      expect(await store.get(operationId('op_1'))).to.deep.equal(settled('op_1'));
    });

    it('writes the audit entry with the change it comes with, and none without', async () => {
      await store.save(stored(anOperation('op_1')), operationAudit('qwen'));
      await store.save(stored(anOperation('op_1', { revision: 2 })));
      await store.save(stored(anOperation('op_1', { revision: 3 })), operationAudit('op_1', { action: 'operation_cancelled' }));
      const entries = await subject.audit.list({ limit: 10 });
      expect(entries.map(({ action, target }) => `${action} ${target}`)).to.deep.equal([
        'operation_cancelled op_1',
        'weights_downloaded qwen',
      ]);
    });

    it('lists what a process that has ended left, oldest first, with what it was asked for', async () => {
      const first = stored(anOperation('op_1'), {
        input: { repo: 'acme/qwen', hosts: ['spark1'], retry: null },
        exclusive: 'download:qwen',
      });
      await store.save(stored(anOperation('op_3')));
      await store.save(first);
      await store.save(stored(anOperation('op_2')));
      await store.save(stored(settled('op_2')));
      expect(await store.unsettled()).to.deep.equal([first, stored(anOperation('op_3'))]);
    });

    it('lists by kind, subject and state, newest first, in pages', async () => {
      await store.save(stored(anOperation('op_1')));
      await store.save(stored(anOperation('op_2', { kind: 'image_pull', subject: 'gemma' })));
      await store.save(stored(settled('op_3')));
      await store.save(stored(anOperation('op_4', { subject: 'gemma' })));
      expect(await ids({ limit: 2 })).to.deep.equal(['op_4', 'op_3']);
      expect(await ids({ limit: 9, before: operationId('op_3') })).to.deep.equal(['op_2', 'op_1']);
      expect(await ids({ limit: 9, kind: 'model_download' })).to.deep.equal(['op_4', 'op_3', 'op_1']);
      expect(await ids({ limit: 9, subject: 'gemma' })).to.deep.equal(['op_4', 'op_2']);
      expect(await ids({ limit: 9, state: 'running' })).to.deep.equal(['op_4', 'op_2', 'op_1']);
      expect(await ids({ limit: 9, kind: 'model_download', subject: 'qwen', state: 'succeeded' })).to.deep.equal(['op_3']);
    });

    it('keeps the last 1,000 settled ones, and those that still run', async function () {
      this.timeout(30_000);
      await store.save(stored(anOperation(numbered(0))));
      for (let index = 1; index <= 1_003; index += 1) await store.save(stored(settled(numbered(index))));
      const kept = await ids({ limit: 2_000 });
      expect(kept.length).to.be.within(1_001, 1_003);
      expect(kept.at(-1)).to.equal(numbered(0));
      expect(kept[0]).to.equal(numbered(1_003));
      expect(kept).to.include(numbered(4));
    });
  });
}
