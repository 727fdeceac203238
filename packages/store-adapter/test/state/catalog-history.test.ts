import { modelKey } from '@spark-control/core';
import { expect } from 'chai';
import type { LedgerRow } from '../../src/config/catalog-ledger.ts';
import { ANA } from '../support/catalog-bench.ts';
import { temporaryFolder } from '../support/folders.ts';

const row = (model: string, name: string): LedgerRow => ({
  ...{ model: modelKey(model), action: 'external', diff: [] },
  after: { entry: { repo: 'acme/one', name }, origin: 'custom' },
});

describe('the history of the catalog', () => {
  const folder = temporaryFolder();

  it('keeps the newest revisions of each model, and counts on from all there were', async () => {
    const { catalogHistory: ledger } = await folder.open({ revisionCap: 3 });
    await ledger.record([row('still', 'first'), row('busy', 'first')], ANA);
    for (const name of ['2', '3', '4', '5', '6']) await ledger.record([row('busy', name)], ANA);
    expect((await ledger.history(modelKey('busy'), 100)).map(({ revision }) => revision)).to.deep.equal([6, 5, 4]);
    expect(await ledger.history(modelKey('still'), 100)).to.have.length(1);
    const { revision, models } = await ledger.last();
    expect(revision).to.equal(6);
    expect([models.get('still')?.entry['name'], models.get('busy')?.entry['name']]).to.deep.equal(['first', '6']);
    expect(await ledger.entryAt(modelKey('busy'), 2)).to.equal(null);
    expect(await ledger.entryAt(modelKey('busy'), 5)).to.include({ name: '5' });
  });
});
