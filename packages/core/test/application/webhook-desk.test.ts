import { expect } from 'chai';
import { MOST_WEBHOOKS } from '../../src/application/webhook-desk.ts';
import { type Actor, deliveryId, type Issue, type NewWebhook, webhookId } from '../../src/index.ts';
import { refusal } from '../support/refusal.ts';
import { type Answer, WebhookBench } from '../support/webhook-bench.ts';
import { started } from '../support/webhook-samples.ts';

const HOUR_MS = 3_600_000;
const OK: Answer = { status: 200 };
const ME: Actor = { name: 'me', address: '10.0.0.5', requestId: 'req_1' };
const NEW: NewWebhook = {
  url: 'https://hooks.lan/T0/secret-part',
  events: ['swap_started'],
  description: null,
  enabled: true,
  allowLoopback: false,
};

describe('the webhook desk', () => {
  let bench: WebhookBench;

  beforeEach(async () => {
    bench = await new WebhookBench({ tickMs: 300_000 }).start();
  });

  afterEach(() => bench.close());

  const audited = (): readonly string[] =>
    bench.store.audit.entries.map(({ action, target, actor }) => `${actor.name}: ${action} ${target}`);

  it('makes an endpoint, gives its secret out once, and sends to it from then on', async () => {
    const { webhook, secret } = await bench.desk.create(NEW, ME);
    expect(webhook).to.deep.include({ ...NEW, disabledReason: null, pending: 0, dead: 0, createdAt: bench.clock.now() });
    expect(secret).to.match(/^whsec_/);
    expect(await bench.desk.list()).to.deep.equal([webhook]);
    expect(JSON.stringify(await bench.desk.list())).not.to.contain(secret);
    bench.commit(started(1));
    await bench.clock.advance(50);
    expect(bench.callsOf(webhook).map(({ secrets }) => secrets)).to.deep.equal([[secret]]);
    expect(audited()).to.deep.equal([`me: webhook_created ${webhook.id}`]);
    expect(JSON.stringify(bench.store.audit.entries)).not.to.contain('secret-part');
  });

  it('refuses a URL that cannot be a target, and says where it stands and why', async () => {
    for (const url of ['ftp://host/', 'http://user:hunter2@host/', 'http://host/#x', '/hook', 'http://']) {
      const error = await refusal(bench.desk.create({ ...NEW, url }, ME));
      expect(error.code, url).to.equal('INVALID_REQUEST');
      expect((error.details.issues as readonly Issue[])[0]?.path).to.equal('/url');
      expect(error.message)
        .to.match(/^The URL .*[^.]\.$/)
        .and.not.to.contain('hunter2');
    }
    bench.objection = 'leads to a link-local address';
    expect((await refusal(bench.desk.create(NEW, ME))).message).to.equal('The URL leads to a link-local address.');
    expect(await bench.desk.list()).to.deep.equal([]);
  });

  it('takes no more than a hundred, also when all come at once, and one again when one is gone', async () => {
    const made = await Promise.allSettled(Array.from({ length: MOST_WEBHOOKS + 5 }, () => bench.desk.create(NEW, ME)));
    expect(made.filter(({ status }) => status === 'fulfilled')).to.have.length(MOST_WEBHOOKS);
    const error = await refusal(bench.desk.create(NEW, ME));
    expect(error.code).to.equal('INVALID_REQUEST');
    expect(error.message).to.equal('There are 100 webhooks already, and 100 are the most that are kept: remove some that nobody needs.');
    const [first] = await bench.desk.list();
    await bench.desk.remove(first!.id, ME);
    expect((await bench.desk.create(NEW, ME)).secret).to.match(/^whsec_/);
  });

  it('asks again whether a target is allowed when the URL or the leave changes, and only then', async () => {
    const { webhook } = await bench.desk.create(NEW, ME);
    bench.objection = 'leads to this machine';
    expect((await refusal(bench.desk.change(webhook.id, { url: 'http://other.lan/' }, ME))).code).to.equal('INVALID_REQUEST');
    expect((await refusal(bench.desk.change(webhook.id, { allowLoopback: true }, ME))).code).to.equal('INVALID_REQUEST');
    expect(await bench.desk.change(webhook.id, { description: 'for the team' }, ME)).to.include({ description: 'for the team' });
  });

  it('changes what is asked, writes down which fields, and nothing when nothing differs', async () => {
    const { webhook } = await bench.desk.create(NEW, ME);
    await bench.clock.advance(1_000);
    const changed = await bench.desk.change(webhook.id, { events: ['lock_broken'], enabled: false }, ME);
    expect(changed).to.deep.equal({ ...webhook, events: ['lock_broken'], enabled: false, updatedAt: bench.clock.now() });
    expect(bench.store.audit.entries.at(-1)).to.include({ action: 'webhook_changed', note: 'changed: events, enabled' });
    await bench.desk.change(webhook.id, { enabled: false }, ME);
    expect(audited()).to.have.length(2);
  });

  it('keeps what waits for an endpoint that is switched off, and sends it when it is on again', async () => {
    const { webhook } = await bench.desk.create(NEW, ME);
    bench.receivers.set(webhook.id, (_, nth) => (nth === 1 ? { status: 500 } : OK));
    bench.commit(started(1));
    await bench.clock.advance(100);
    await bench.desk.change(webhook.id, { enabled: false }, ME);
    await bench.clock.advance(HOUR_MS);
    expect(bench.callsOf(webhook)).to.have.length(1);
    bench.commit(started(2));
    expect(await bench.desk.change(webhook.id, { enabled: true }, ME)).to.include({ pending: 1 });
    await bench.clock.advance(100);
    expect((await bench.all(webhook)).map(({ state }) => state)).to.deep.equal(['delivered']);
  });

  it('removes an endpoint and cuts off what is being sent to it', async () => {
    const { webhook } = await bench.desk.create(NEW, ME);
    bench.receivers.set(webhook.id, () => ({ status: 200, afterMs: 10_000 }));
    bench.commit(started(1), started(2));
    await bench.clock.advance(100);
    await bench.desk.remove(webhook.id, ME);
    await bench.clock.advance(HOUR_MS);
    expect(bench.callsOf(webhook).map(({ answer }) => answer)).to.deep.equal([null]);
    expect((await refusal(bench.desk.get(webhook.id))).code).to.equal('WEBHOOK_NOT_FOUND');
    expect(audited().at(-1)).to.equal(`me: webhook_removed ${webhook.id}`);
  });

  it('signs with both secrets for a day after a rotation, the new one first', async () => {
    const { webhook, secret } = await bench.desk.create(NEW, ME);
    const { secret: newer } = await bench.desk.rotateSecret(webhook.id, ME);
    expect(newer).not.to.equal(secret);
    bench.commit(started(1));
    await bench.clock.advance(24 * HOUR_MS);
    bench.commit(started(2));
    await bench.clock.advance(100);
    expect(bench.callsOf(webhook).map(({ secrets }) => secrets)).to.deep.equal([[newer, secret], [newer]]);
    expect(audited().at(-1)).to.equal(`me: webhook_secret_rotated ${webhook.id}`);
  });

  it('sends a test to whoever it is for, off or not, and waits for what comes of it', async () => {
    const { webhook } = await bench.desk.create({ ...NEW, enabled: false }, ME);
    const tested = await bench.clock.drive(bench.desk.test(webhook.id, ME));
    expect(tested).to.deep.include({ state: 'delivered', attempts: 1, webhook: webhook.id });
    expect(tested.notice).to.include({ type: 'test', by: 'me' });
    bench.receivers.set(webhook.id, () => ({ status: 404 }));
    const failed = await bench.clock.drive(bench.desk.test(webhook.id, ME));
    expect(failed).to.include({ state: 'dead', attempts: 1 });
    expect(failed.last).to.include({ status: 404 });
  });

  it('does not let a test wait behind deliveries that fail', async () => {
    const { webhook } = await bench.desk.create(NEW, ME);
    bench.receivers.set(webhook.id, ({ notice }) => (notice.type === 'test' ? OK : { status: 500 }));
    bench.commit(started(1));
    await bench.clock.advance(60_000);
    expect((await bench.clock.drive(bench.desk.test(webhook.id, ME))).state).to.equal('delivered');
  });

  it('waits 20 s for a test and no longer', async () => {
    const { webhook } = await bench.desk.create(NEW, ME);
    bench.receivers.set(webhook.id, () => ({ status: 200, afterMs: 60_000 }));
    const from = bench.clock.monotonic();
    expect((await bench.clock.drive(bench.desk.test(webhook.id, ME))).state).to.equal('pending');
    expect(bench.clock.monotonic() - from).to.be.within(20_000, 20_100);
  });

  it('sends a dead delivery again at once under the same id, with all its tries', async () => {
    const { webhook } = await bench.desk.create(NEW, ME);
    let isUp = false;
    bench.receivers.set(webhook.id, () => (isUp ? OK : { status: 500 }));
    bench.commit(started(1));
    await bench.clock.advance(90 * HOUR_MS);
    const [dead] = await bench.desk.deliveries(webhook.id, { state: 'dead', limit: 10 });
    expect(await bench.desk.redeliver(dead!.id, ME)).to.include({ id: dead!.id, state: 'pending', attempts: 0 });
    await bench.clock.advance(100);
    expect(await bench.store.delivery(dead!.id)).to.include({ state: 'pending', attempts: 1 });
    isUp = true;
    await bench.clock.advance(40_000);
    expect(await bench.store.delivery(dead!.id)).to.include({ state: 'delivered', attempts: 2 });
    expect(new Set(bench.callsOf(webhook).map(({ id }) => id)).size).to.equal(1);
    expect(audited().at(-1)).to.equal(`me: delivery_requeued ${dead!.id}`);
  });

  it('sends a delivered one once more when asked to, and does not let others wait for it', async () => {
    const { webhook } = await bench.desk.create(NEW, ME);
    bench.receivers.set(webhook.id, ({ notice }, nth) => (notice.sequence === 1 && nth > 1 ? { status: 500 } : OK));
    bench.commit(started(bench.clock.now()));
    await bench.clock.advance(60_000);
    const [delivered] = await bench.all(webhook);
    await bench.desk.redeliver(delivered!.id, ME);
    await bench.clock.advance(100);
    bench.commit(started(2));
    await bench.clock.advance(100);
    expect((await bench.all(webhook)).map(({ state }) => state)).to.deep.equal(['pending', 'delivered']);
  });

  it('tries a waiting one at once when asked to, and once when asked while it is being tried', async () => {
    const { webhook } = await bench.desk.create(NEW, ME);
    bench.receivers.set(webhook.id, (_, nth) => (nth === 1 ? { status: 500 } : { status: 200, afterMs: 5_000 }));
    bench.commit(started(1));
    await bench.clock.advance(100);
    const [waiting] = await bench.all(webhook);
    await bench.desk.redeliver(waiting!.id, ME);
    await bench.clock.advance(1_000);
    await bench.desk.redeliver(waiting!.id, ME);
    await bench.clock.advance(HOUR_MS);
    expect(bench.callsOf(webhook)).to.have.length(2);
    expect(await bench.store.delivery(waiting!.id)).to.include({ state: 'delivered', attempts: 2 });
  });

  it('does not send again to an endpoint that is off', async () => {
    const { webhook } = await bench.desk.create(NEW, ME);
    bench.commit(started(1));
    await bench.clock.advance(100);
    await bench.desk.change(webhook.id, { enabled: false }, ME);
    const [delivery] = await bench.all(webhook);
    const error = await refusal(bench.desk.redeliver(delivery!.id, ME));
    expect(error.code).to.equal('INVALID_REQUEST');
    expect(error.message).to.contain('enable it first');
  });

  it('disables an endpoint that says it is gone, with all that waits for it, until somebody enables it', async () => {
    const { webhook } = await bench.desk.create(NEW, ME);
    bench.receivers.set(webhook.id, () => ({ status: 410 }));
    bench.commit(started(1), started(2), started(3));
    await bench.clock.advance(1_000);
    expect(bench.callsOf(webhook)).to.have.length(1);
    const disabled = await bench.desk.get(webhook.id);
    expect(disabled).to.include({ enabled: false, pending: 0, dead: 3 });
    expect(disabled.disabledReason).to.contain('410');
    expect(audited().at(-1)).to.equal(`control plane: webhook_disabled ${webhook.id}`);
    bench.receivers.set(webhook.id, () => OK);
    expect(await bench.desk.change(webhook.id, { enabled: true }, ME)).to.include({ enabled: true, disabledReason: null });
    bench.commit(started(4));
    await bench.clock.advance(100);
    expect((await bench.all(webhook)).at(-1)).to.include({ state: 'delivered' });
  });

  it('does not disable an endpoint for what was said at its old address', async () => {
    const { webhook } = await bench.desk.create(NEW, ME);
    bench.receivers.set(webhook.id, () => ({ status: 410, afterMs: 5_000 }));
    bench.commit(started(1));
    await bench.clock.advance(100);
    await bench.desk.change(webhook.id, { url: 'https://hooks.lan/new' }, ME);
    await bench.clock.advance(10_000);
    expect(await bench.desk.get(webhook.id)).to.include({ enabled: true, dead: 1 });
  });

  it('knows nothing of endpoints and deliveries that are not there', async () => {
    const nobody = webhookId('whk_nobody');
    for (const call of [
      bench.desk.get(nobody),
      bench.desk.change(nobody, {}, ME),
      bench.desk.remove(nobody, ME),
      bench.desk.rotateSecret(nobody, ME),
      bench.desk.test(nobody, ME),
      bench.desk.deliveries(nobody, { limit: 5 }),
    ]) {
      expect((await refusal(call)).code).to.equal('WEBHOOK_NOT_FOUND');
    }
    expect((await refusal(bench.desk.redeliver(deliveryId('dlv_nothing'), ME))).code).to.equal('DELIVERY_NOT_FOUND');
  });

  it('changes nothing while the store takes no writes', async () => {
    const { webhook } = await bench.desk.create(NEW, ME);
    bench.store.isUnavailable = true;
    for (const call of [
      bench.desk.create(NEW, ME),
      bench.desk.change(webhook.id, { enabled: false }, ME),
      bench.desk.remove(webhook.id, ME),
      bench.desk.rotateSecret(webhook.id, ME),
      bench.desk.test(webhook.id, ME),
    ]) {
      expect((await refusal(call)).code).to.equal('STORE_UNAVAILABLE');
    }
    expect(await bench.desk.list()).to.deep.equal([webhook]);
  });

  it('forgets settled deliveries after 30 days, dead ones too', async () => {
    const { webhook } = await bench.desk.create(NEW, ME);
    bench.commit(started(1));
    await bench.clock.advance(30 * 24 * HOUR_MS - HOUR_MS);
    expect(await bench.all(webhook)).to.have.length(1);
    await bench.clock.advance(3 * HOUR_MS);
    expect(await bench.all(webhook)).to.have.length(0);
  });
});

describe('the end of the webhook desk', () => {
  let bench: WebhookBench;

  beforeEach(async () => {
    bench = new WebhookBench({ tickMs: 300_000 });
  });

  it('waits for what is being sent, and begins nothing new', async () => {
    const a = await bench.given('a', () => ({ status: 200, afterMs: 2_500 }));
    await bench.start();
    bench.commit(started(1), started(2));
    await bench.clock.advance(100);
    await bench.close();
    expect((await bench.all(a)).map(({ state }) => state)).to.deep.equal(['delivered', 'pending']);
    expect(bench.clock.monotonic()).to.be.below(3_000);
    expect(bench.clock.sleepers).to.equal(0);
  });

  it('cuts it off after 3 s, and the next start sends it again', async () => {
    const a = await bench.given('a', (_, nth) => (nth === 1 ? { status: null, afterMs: 15_000 } : OK));
    await bench.start();
    bench.commit(started(1));
    await bench.clock.advance(100);
    await bench.restart();
    expect(bench.clock.monotonic()).to.be.within(3_000, 3_300);
    await bench.clock.advance(100);
    expect((await bench.all(a))[0]).to.include({ state: 'delivered', attempts: 1 });
    expect(bench.callsOf(a)).to.have.length(2);
    await bench.close();
    expect(bench.clock.sleepers).to.equal(0);
  });
});
