import { expect } from 'chai';
import { describeAnswerStore } from '../contracts/answer-store.contract.ts';
import { describeAuditLog } from '../contracts/audit-log.contract.ts';
import { describeLeaseStore } from '../contracts/lease-store.contract.ts';
import { describeSwapJournal } from '../contracts/swap-journal.contract.ts';
import { swapNamed } from './journal-samples.ts';
import { MemoryAnswers } from './memory-answers.ts';
import { MemoryJournal } from './memory-journal.ts';

describeSwapJournal('the journal in memory', async (options) => {
  const memory = new MemoryJournal(options);
  return { journal: memory, events: memory, fences: memory, leases: memory, audit: memory.audit, dispose: async () => {} };
});

describeLeaseStore('the journal in memory', async () => {
  const memory = new MemoryJournal();
  return { journal: memory, leases: memory, dispose: async () => {} };
});

describeAuditLog('the journal in memory', async () => {
  const memory = new MemoryJournal();
  return { journal: memory, audit: memory.audit, dispose: async () => {} };
});

describeAnswerStore('the answer store in memory', async () => ({ answers: new MemoryAnswers(), dispose: async () => {} }));

describe('the journal in memory', () => {
  it('refuses a commit and changes nothing while it plays a full disk', async () => {
    const journal = new MemoryJournal();
    journal.isUnavailable = true;
    const error = await journal.commit({ swap: swapNamed('a') }).catch((reason: unknown) => reason);
    expect(error).to.have.property('code', 'STORE_UNAVAILABLE');
    expect(await journal.get(swapNamed('a').id)).to.equal(null);
  });
});
