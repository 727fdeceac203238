import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Notice } from '@spark-control/core';
import { openStore, type Store, type StoreOptions } from '@spark-control/store-adapter';
import { describeAnswerStore } from '../../core/test/contracts/answer-store.contract.ts';
import { describeAuditLog } from '../../core/test/contracts/audit-log.contract.ts';
import { describeAutomationStore } from '../../core/test/contracts/automation-store.contract.ts';
import { describeLeaseStore } from '../../core/test/contracts/lease-store.contract.ts';
import { describeMemoryRecords } from '../../core/test/contracts/memory-records.contract.ts';
import { describeOperationStore } from '../../core/test/contracts/operation-store.contract.ts';
import { describeScheduleStore } from '../../core/test/contracts/schedule-store.contract.ts';
import { describeSwapJournal } from '../../core/test/contracts/swap-journal.contract.ts';
import { describeTrustStore } from '../../core/test/contracts/trust-store.contract.ts';
import { describeWebhookOutbox } from '../../core/test/contracts/webhook-outbox.contract.ts';
import { describeWebhookStore } from '../../core/test/contracts/webhook-store.contract.ts';
import { SMALL } from './support/folders.ts';

async function storeWith(options: Partial<StoreOptions>): Promise<Store & Readonly<{ dispose: () => Promise<void> }>> {
  const folder = mkdtempSync(join(tmpdir(), 'spark-store-'));
  const store = await openStore({ folder, ...SMALL, ...options });
  const dispose = async (): Promise<void> => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { ...store, dispose };
}

describeSwapJournal('the SQLite store', storeWith);
describeAnswerStore('the SQLite store', () => storeWith({}));
describeLeaseStore('the SQLite store', () => storeWith({}));
describeAuditLog('the SQLite store', () => storeWith({}));
describeScheduleStore('the SQLite store', () => storeWith({}));
describeWebhookStore('the SQLite store', () => storeWith({}));
describeWebhookOutbox('the SQLite store', async ({ cap }) => {
  const store = await storeWith({ outboxCap: cap });
  const commit = async (notices: readonly Notice[]): Promise<void> => {
    await store.journal.commit({ notices });
  };
  return { ...store, commit };
});
describeAutomationStore('the SQLite store', () => storeWith({}));
describeOperationStore('the SQLite store', () => storeWith({}));
describeMemoryRecords('the SQLite store', () => storeWith({}));
describeTrustStore('the SQLite store', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'spark-store-'));
  let store = await openStore({ folder, ...SMALL });
  const reopen = async () => {
    await store.close();
    store = await openStore({ folder, ...SMALL });
    return store.trust;
  };
  const dispose = async (): Promise<void> => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  };
  const audited = async () => (await store.audit.list({ limit: 9 })).map(({ target }) => target);
  return { trust: store.trust, audited, reopen, dispose };
});
