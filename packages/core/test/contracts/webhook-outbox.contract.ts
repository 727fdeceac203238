import { expect } from 'chai';
import {
  type AuditLog,
  type Delivery,
  deliveryId,
  type Notice,
  type WebhookEndpoint,
  type WebhookOutbox,
  type WebhookStore,
} from '../../src/index.ts';
import { anAttempt, anEndpoint, completed, started, webhookAudit } from '../support/webhook-samples.ts';

export type OutboxSubject = Readonly<{
  webhooks: WebhookStore;
  outbox: WebhookOutbox;
  audit: AuditLog;
  /** Commits notices as a journal does. */
  commit: (notices: readonly Notice[]) => Promise<void>;
  dispose: () => Promise<void>;
}>;

const sequences = (deliveries: readonly Delivery[]): readonly number[] => deliveries.map(({ notice }) => notice.sequence);

/** The contract of {@link WebhookOutbox}, for every implementation. */
export function describeWebhookOutbox(name: string, make: (options: Readonly<{ cap: number }>) => Promise<OutboxSubject>): void {
  describe(`${name} keeps the contract of the outbox`, () => {
    let subject: OutboxSubject;
    beforeEach(async () => {
      subject = await make({ cap: 10 });
    });
    afterEach(() => subject.dispose());

    const a = anEndpoint('a');
    const b = anEndpoint('b', { events: ['swap_complete'] });
    const save = (endpoint: WebhookEndpoint): Promise<void> =>
      subject.webhooks.save(endpoint, { value: 'whsec_x', oldUntil: 0 }, webhookAudit(endpoint.id));
    const pending = (endpoint: WebhookEndpoint): Promise<readonly Delivery[]> => subject.outbox.pending(endpoint.id, 100);
    const first = async (endpoint: WebhookEndpoint): Promise<Delivery> => (await pending(endpoint))[0]!;
    const settled = (delivery: Delivery, settledAt: number): Delivery => ({ ...delivery, state: 'dead', nextAttemptAt: null, settledAt });

    it('holds a notice for each enabled endpoint that wants its type, under one number', async () => {
      await save(a);
      await save(b);
      await save(anEndpoint('off', { enabled: false }));
      await subject.commit([started(5_000), completed(6_000)]);
      const [one, two] = await pending(a);
      expect(one).to.deep.equal({
        id: one!.id,
        webhook: a.id,
        notice: { ...started(5_000), sequence: one!.notice.sequence },
        state: 'pending',
        attempts: 0,
        nextAttemptAt: 5_000,
        failingSince: null,
        createdAt: 5_000,
        settledAt: null,
        last: null,
      } satisfies Delivery);
      expect(two!.notice).to.deep.equal({ ...completed(6_000), sequence: two!.notice.sequence });
      expect(sequences(await pending(b))).to.deep.equal([two!.notice.sequence]);
      expect(await pending(anEndpoint('off'))).to.deep.equal([]);
    });

    it('numbers upwards, without reuse after removals, and ids sort in the same way', async () => {
      await save(a);
      await subject.commit([started(1), started(2)]);
      const before = await pending(a);
      await subject.webhooks.remove(a.id, webhookAudit(a.id, { action: 'webhook_removed' }));
      await save(a);
      await subject.commit([started(3)]);
      const all = [...before, ...(await pending(a))];
      expect(all.length).to.equal(3);
      expect(sequences(all)).to.deep.equal(sequences(all).toSorted((x, y) => x - y));
      expect(new Set(sequences(all)).size).to.equal(3);
      expect(all.map(({ id }) => id)).to.deep.equal(all.map(({ id }) => id).toSorted());
      for (const { id } of all) expect(id).to.match(/^dlv_\w+$/);
    });

    it('gives what is pending in the order of the sequence, from where it is asked to', async () => {
      await save(a);
      for (let at = 1; at <= 5; at += 1) await subject.commit([started(at)]);
      const all = await pending(a);
      expect(all.map(({ createdAt }) => createdAt)).to.deep.equal([1, 2, 3, 4, 5]);
      expect(await subject.outbox.pending(a.id, 2)).to.deep.equal(all.slice(0, 2));
      expect(await subject.outbox.pending(a.id, 2, all[1]!.notice.sequence)).to.deep.equal(all.slice(2, 4));
    });

    it('keeps what a try led to, and every try', async () => {
      await save(a);
      await subject.commit([started(1)]);
      const delivery = await first(a);
      const failed = anAttempt(500, { retryAfterMs: 3_000 });
      const next: Delivery = { ...delivery, attempts: 1, nextAttemptAt: 9_000, failingSince: 2_000, last: failed };
      await subject.outbox.record(next, failed);
      expect(await subject.outbox.delivery(delivery.id)).to.deep.equal(next);
      const done: Delivery = { ...next, state: 'delivered', attempts: 2, nextAttemptAt: null, settledAt: 9_100, last: anAttempt(204) };
      await subject.outbox.record(done, anAttempt(204));
      expect(await subject.outbox.delivery(delivery.id)).to.deep.equal(done);
      expect(await pending(a)).to.deep.equal([]);
      expect(await subject.outbox.attempts(delivery.id)).to.deep.equal([failed, anAttempt(204)]);
      expect((await subject.audit.list({ limit: 9 })).map(({ action }) => action)).to.deep.equal(['webhook_created']);
    });

    it('keeps the tries from before when a delivery is queued again, and writes down by whom', async () => {
      await save(a);
      await subject.commit([started(1)]);
      const delivery = await first(a);
      await subject.outbox.record({ ...settled(delivery, 5_000), attempts: 1, last: anAttempt(500) }, anAttempt(500));
      const audit = webhookAudit(delivery.id, { action: 'delivery_requeued', note: 'by hand' });
      await subject.outbox.record({ ...delivery, nextAttemptAt: 6_000 }, null, audit);
      await subject.outbox.record({ ...delivery, attempts: 1, last: anAttempt(200) }, anAttempt(200));
      expect((await subject.outbox.attempts(delivery.id)).map(({ status }) => status)).to.deep.equal([500, 200]);
      expect((await subject.audit.list({ limit: 1 }))[0]).to.include({ action: 'delivery_requeued', target: delivery.id, note: 'by hand' });
    });

    it('does not bring back what was removed meanwhile', async () => {
      await save(a);
      await subject.commit([started(1)]);
      const delivery = await first(a);
      await subject.webhooks.remove(a.id, webhookAudit(a.id, { action: 'webhook_removed' }));
      await subject.outbox.record({ ...delivery, attempts: 1 }, anAttempt(500));
      expect(await subject.outbox.delivery(delivery.id)).to.equal(null);
      expect(await subject.outbox.attempts(delivery.id)).to.deep.equal([]);
      expect(await subject.outbox.counts()).to.deep.equal({ pending: 0, dead: 0, oldestPendingAt: null });
    });

    it('puts one notice in for one endpoint, whatever it wants', async () => {
      await save(a);
      await save(b);
      const delivery = await subject.outbox.enqueue(b.id, { type: 'test', at: 7_000, cluster: null, by: 'me' }, 7_500);
      expect(delivery).to.include({ webhook: b.id, state: 'pending', createdAt: 7_500, nextAttemptAt: 7_500 });
      expect(delivery.notice).to.include({ type: 'test', by: 'me' });
      expect(await pending(b)).to.deep.equal([delivery]);
      expect(await pending(a)).to.deep.equal([]);
    });

    it('lists newest first, by state, and from before an id', async () => {
      await save(a);
      await save(b);
      for (let at = 1; at <= 4; at += 1) await subject.commit([completed(at)]);
      const [one, two, three, four] = (await pending(a)) as [Delivery, Delivery, Delivery, Delivery];
      const dead = settled(two, 9_000);
      await subject.outbox.record(dead, anAttempt(500));
      const list = (query: Partial<Parameters<WebhookOutbox['deliveries']>[0]>) =>
        subject.outbox.deliveries({ webhook: a.id, limit: 50, ...query });
      expect(await list({})).to.deep.equal([four, three, dead, one]);
      expect(await list({ limit: 2 })).to.deep.equal([four, three]);
      expect(await list({ before: three.id })).to.deep.equal([dead, one]);
      expect(await list({ state: 'dead' })).to.deep.equal([dead]);
      expect(await list({ state: 'pending', before: four.id })).to.deep.equal([three, one]);
      expect(await list({ state: 'delivered' })).to.deep.equal([]);
    });

    it('counts what is pending and dead, in all and by endpoint', async () => {
      await save(a);
      await save(b);
      await subject.commit([started(3), completed(4), completed(5)]);
      await subject.outbox.record(settled(await first(a), 9_000), anAttempt(500));
      expect(await subject.outbox.counts()).to.deep.equal({ pending: 4, dead: 1, oldestPendingAt: 4 });
      expect(await subject.outbox.counts(a.id)).to.deep.equal({ pending: 2, dead: 1, oldestPendingAt: 4 });
      expect(await subject.outbox.counts(b.id)).to.deep.equal({ pending: 2, dead: 0, oldestPendingAt: 4 });
    });

    it('gives up all that is pending for one endpoint', async () => {
      await save(a);
      await save(b);
      await subject.commit([completed(1), completed(2)]);
      const delivered: Delivery = { ...(await first(a)), state: 'delivered', nextAttemptAt: null, settledAt: 3 };
      await subject.outbox.record(delivered, anAttempt(200));
      const [rest] = await pending(a);
      await subject.outbox.giveUp(a.id, 8_000);
      expect(await pending(a)).to.deep.equal([]);
      expect(await subject.outbox.delivery(rest!.id)).to.deep.equal(settled(rest!, 8_000));
      expect(await subject.outbox.delivery(delivered.id)).to.deep.equal(delivered);
      expect(await pending(b)).to.have.length(2);
    });

    it('forgets settled deliveries of long ago and nothing else', async () => {
      await save(a);
      await save(b);
      await subject.commit([completed(1), completed(2), completed(3)]);
      const [one, two] = (await pending(a)) as [Delivery, Delivery];
      await subject.outbox.record(settled(one, 100), anAttempt(500));
      await subject.outbox.record(settled(two, 200), anAttempt(500));
      await subject.outbox.prune(200);
      expect(await subject.outbox.delivery(one.id)).to.equal(null);
      expect(await subject.outbox.attempts(one.id)).to.deep.equal([]);
      expect(await subject.outbox.delivery(two.id)).to.deep.equal(settled(two, 200));
      expect(await pending(a)).to.have.length(1);
      expect((await pending(b))[0]!.notice).to.include({ type: 'swap_complete', at: 1 });
    });

    it('holds so many for each endpoint and drops the oldest beyond, how things ended last', async () => {
      await save(a);
      await save(b);
      await subject.commit([completed(1), started(2)]);
      for (let at = 3; at <= 14; at += 1) await subject.commit([at === 4 ? completed(at) : started(at)]);
      expect((await pending(a)).map(({ createdAt }) => createdAt)).to.deep.equal([1, 4, 7, 8, 9, 10, 11, 12, 13, 14]);
      expect((await pending(b)).map(({ createdAt }) => createdAt)).to.deep.equal([1, 4]);
      for (let at = 15; at <= 25; at += 1) await subject.commit([completed(at)]);
      expect((await pending(a)).map(({ createdAt }) => createdAt)).to.deep.equal([16, 17, 18, 19, 20, 21, 22, 23, 24, 25]);
    });

    it('holds twice as many that are settled and drops the oldest beyond, dead ones last', async () => {
      await save(a);
      await save(b);
      for (let at = 1; at <= 25; at += 1) {
        await subject.commit([completed(at)]);
        const delivery = await first(a);
        const delivered: Delivery = { ...delivery, state: 'delivered', nextAttemptAt: null, settledAt: at };
        await subject.outbox.record(at === 2 ? settled(delivery, at) : delivered, anAttempt(200));
      }
      const left = (await subject.outbox.deliveries({ webhook: a.id, limit: 100 })).map(({ createdAt }) => createdAt).reverse();
      expect(left).to.deep.equal([2, ...Array.from({ length: 19 }, (_, index) => 7 + index)]);
      expect((await pending(b)).map(({ createdAt }) => createdAt)).to.deep.equal([16, 17, 18, 19, 20, 21, 22, 23, 24, 25]);
    });

    it('has room again for what is queued again by hand', async () => {
      await save(a);
      for (let at = 1; at <= 10; at += 1) await subject.commit([started(at)]);
      const delivery = await first(a);
      await subject.outbox.record(settled(delivery, 50), anAttempt(500));
      await subject.commit([started(11)]);
      await subject.outbox.record(delivery, null);
      await subject.commit([started(12)]);
      expect((await pending(a)).length).to.be.at.most(10);
    });

    it('knows nothing of a delivery that never was', async () => {
      expect(await subject.outbox.delivery(deliveryId('dlv_nothing'))).to.equal(null);
      expect(await subject.outbox.attempts(deliveryId('dlv_nothing'))).to.deep.equal([]);
    });
  });
}
