import { expect } from 'chai';
import type { AuditLog, WebhookStore } from '../../src/index.ts';
import { anEndpoint, webhookAudit } from '../support/webhook-samples.ts';

export type WebhookStoreSubject = Readonly<{ webhooks: WebhookStore; audit: AuditLog; dispose: () => Promise<void> }>;

const DAY_MS = 24 * 3600 * 1000;

/** The contract of {@link WebhookStore}, for every implementation. */
export function describeWebhookStore(name: string, make: () => Promise<WebhookStoreSubject>): void {
  describe(`${name} keeps the contract of the webhook store`, () => {
    let subject: WebhookStoreSubject;
    beforeEach(async () => {
      subject = await make();
    });
    afterEach(() => subject.dispose());

    const a = anEndpoint('a');
    const audited = async (): Promise<readonly string[]> =>
      (await subject.audit.list({ limit: 50 })).map(({ action, target }) => `${action} ${target}`);

    it('has no endpoints at first, and gives back those that were saved, oldest first', async () => {
      expect(await subject.webhooks.endpoints()).to.deep.equal([]);
      const b = anEndpoint('b', { createdAt: 500, description: 'Größe "x"', events: ['lock_broken'], allowLoopback: true });
      await subject.webhooks.save(a, { value: 'whsec_one', oldUntil: 0 }, webhookAudit(a.id));
      await subject.webhooks.save(b, { value: 'whsec_two', oldUntil: 0 }, webhookAudit(b.id));
      expect(await subject.webhooks.endpoints()).to.deep.equal([b, a]);
      expect(await subject.webhooks.secrets(a.id, 2_000)).to.deep.equal(['whsec_one']);
      expect(await subject.webhooks.secrets(b.id, 2_000)).to.deep.equal(['whsec_two']);
    });

    it('replaces an endpoint and leaves its secret alone', async () => {
      await subject.webhooks.save(a, { value: 'whsec_one', oldUntil: 0 }, webhookAudit(a.id));
      const changed = anEndpoint('a', { enabled: false, disabledReason: 'gone', url: 'https://10.0.0.8/b', updatedAt: 3_000 });
      await subject.webhooks.save(changed, null, webhookAudit(a.id, { action: 'webhook_changed' }));
      expect(await subject.webhooks.endpoints()).to.deep.equal([changed]);
      expect(await subject.webhooks.secrets(a.id, 4_000)).to.deep.equal(['whsec_one']);
    });

    it('keeps replaced secrets valid for their time, the newest first', async () => {
      await subject.webhooks.save(a, { value: 'whsec_one', oldUntil: 0 }, webhookAudit(a.id));
      await subject.webhooks.save(a, { value: 'whsec_two', oldUntil: DAY_MS }, webhookAudit(a.id));
      await subject.webhooks.save(a, { value: 'whsec_three', oldUntil: DAY_MS + 500 }, webhookAudit(a.id));
      expect(await subject.webhooks.secrets(a.id, DAY_MS - 1)).to.deep.equal(['whsec_three', 'whsec_two', 'whsec_one']);
      expect(await subject.webhooks.secrets(a.id, DAY_MS)).to.deep.equal(['whsec_three', 'whsec_two']);
      expect(await subject.webhooks.secrets(a.id, DAY_MS + 500)).to.deep.equal(['whsec_three']);
    });

    it('keeps no more than five, however often one is replaced', async () => {
      for (let nth = 1; nth <= 8; nth += 1) {
        await subject.webhooks.save(a, { value: `whsec_${nth}`, oldUntil: DAY_MS }, webhookAudit(a.id));
      }
      expect(await subject.webhooks.secrets(a.id, 2_000)).to.deep.equal(['whsec_8', 'whsec_7', 'whsec_6', 'whsec_5', 'whsec_4']);
    });

    it('removes an endpoint with its secrets', async () => {
      await subject.webhooks.save(a, { value: 'whsec_one', oldUntil: 0 }, webhookAudit(a.id));
      await subject.webhooks.remove(a.id, webhookAudit(a.id, { action: 'webhook_removed' }));
      expect(await subject.webhooks.endpoints()).to.deep.equal([]);
      expect(await subject.webhooks.secrets(a.id, 1_000)).to.deep.equal([]);
    });

    it('writes down who did what', async () => {
      await subject.webhooks.save(a, { value: 'whsec_one', oldUntil: 0 }, webhookAudit(a.id));
      await subject.webhooks.save(a, null, webhookAudit(a.id, { action: 'webhook_changed' }));
      await subject.webhooks.remove(a.id, webhookAudit(a.id, { action: 'webhook_removed' }));
      expect(await audited()).to.deep.equal([`webhook_removed ${a.id}`, `webhook_changed ${a.id}`, `webhook_created ${a.id}`]);
    });
  });
}
