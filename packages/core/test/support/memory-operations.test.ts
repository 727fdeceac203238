import { describeOperationStore } from '../contracts/operation-store.contract.ts';
import { describeTrustStore } from '../contracts/trust-store.contract.ts';
import { MemoryOperations } from './memory-operations.ts';
import { MemoryTrust } from './memory-trust.ts';

describeOperationStore('the store in memory', async () => {
  const operations = new MemoryOperations();
  return { operations, audit: operations.audit, dispose: async () => undefined };
});

describeTrustStore('the store in memory', async () => {
  const trust = new MemoryTrust();
  return { trust, audited: async () => trust.audit.map(({ target }) => target), reopen: async () => trust, dispose: async () => undefined };
});
