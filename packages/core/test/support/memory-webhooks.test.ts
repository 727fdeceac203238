import { describeWebhookOutbox } from '../contracts/webhook-outbox.contract.ts';
import { describeWebhookStore } from '../contracts/webhook-store.contract.ts';
import { MemoryWebhooks } from './memory-webhooks.ts';

function memory(options: Readonly<{ cap?: number }> = {}) {
  const store = new MemoryWebhooks(options);
  return {
    webhooks: store,
    outbox: store,
    audit: store.audit,
    commit: async (notices: Parameters<MemoryWebhooks['append']>[0]) => store.append(notices),
    dispose: async () => undefined,
  };
}

describeWebhookStore('the memory store', async () => memory());
describeWebhookOutbox('the memory store', async (options) => memory(options));
