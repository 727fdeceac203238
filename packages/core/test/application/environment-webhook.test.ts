import { expect } from 'chai';
import { type Actor, NOTICE_TYPES, webhookId } from '../../src/index.ts';
import { refusal } from '../support/refusal.ts';
import { WebhookBench } from '../support/webhook-bench.ts';
import { started } from '../support/webhook-samples.ts';

const ME: Actor = { name: 'me', address: '10.0.0.5', requestId: 'req_1' };

describe('the webhook of the environment', () => {
  const URL = 'http://127.0.0.1:18789/hooks';
  const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const OTHER = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';
  const ID = webhookId('whk_environment');
  let bench: WebhookBench;

  beforeEach(async () => {
    bench = new WebhookBench({ tickMs: 300_000 });
    bench.objection = 'leads to this machine'; // it is not asked for: whoever sets the environment may mean this machine
  });

  afterEach(() => bench.close());

  const sent = async (): Promise<readonly (readonly string[])[]> => {
    bench.commit(started(1));
    await bench.clock.advance(100);
    return bench.calls.map(({ secrets }) => secrets);
  };

  it('is made before the start, wants everything, and signs with its secret', async () => {
    await bench.desk.ensureConfigured(URL, SECRET);
    await bench.start();
    const [webhook] = await bench.desk.list();
    expect(webhook).to.deep.include({ id: ID, url: URL, events: [...NOTICE_TYPES], enabled: true, allowLoopback: true });
    expect(await sent()).to.deep.equal([[SECRET]]);
  });

  it('is the same after a restart, and nothing is written then', async () => {
    await bench.desk.ensureConfigured(URL, SECRET);
    await bench.start();
    const before = await bench.desk.list();
    await bench.clock.advance(5_000);
    await bench.restart();
    await bench.desk.ensureConfigured(URL, SECRET);
    expect(await bench.desk.list()).to.deep.equal(before);
    expect(bench.store.audit.entries).to.have.length(1);
  });

  it('follows the variables: another URL, another secret, none', async () => {
    await bench.desk.ensureConfigured(URL, SECRET);
    await bench.start();
    await bench.desk.ensureConfigured('http://10.0.0.7/hook', OTHER);
    expect((await bench.desk.list())[0]).to.include({ id: ID, url: 'http://10.0.0.7/hook' });
    expect(await sent()).to.deep.equal([[OTHER, SECRET]]);
    await bench.desk.ensureConfigured(null, null);
    expect(await bench.desk.list()).to.deep.equal([]);
    expect(bench.store.audit.entries.map(({ action }) => action)).to.deep.equal(['webhook_created', 'webhook_changed', 'webhook_removed']);
    await bench.desk.ensureConfigured(null, null);
    expect(bench.store.audit.entries).to.have.length(3);
  });

  it('keeps a secret of its own where the environment has none, which a rotation shows', async () => {
    await bench.desk.ensureConfigured(URL, null);
    await bench.start();
    await bench.desk.ensureConfigured(URL, null);
    expect(bench.store.audit.entries).to.have.length(1);
    const { secret } = await bench.desk.rotateSecret(ID, ME);
    expect((await sent())[0]?.[0]).to.equal(secret);
  });

  it('cannot be changed past the environment, but can be switched off', async () => {
    await bench.desk.ensureConfigured(URL, SECRET);
    await bench.start();
    for (const call of [
      bench.desk.change(ID, { url: 'http://10.0.0.7/' }, ME),
      bench.desk.remove(ID, ME),
      bench.desk.rotateSecret(ID, ME),
    ]) {
      const error = await refusal(call);
      expect(error.code).to.equal('READ_ONLY');
      expect(error.message).to.contain('SWAP_WEBHOOK_URL');
    }
    await bench.desk.change(ID, { enabled: false, events: ['swap_complete'] }, ME);
    await bench.desk.ensureConfigured(URL, SECRET);
    expect((await bench.desk.list())[0]).to.deep.include({ enabled: false, events: ['swap_complete'] });
  });

  it('is refused with the name of the variable, and without the secret', async () => {
    for (const [url, secret, name] of [
      ['localhost:18789', null, 'SWAP_WEBHOOK_URL'],
      ['http://user:hunter2@host/', SECRET, 'SWAP_WEBHOOK_URL'],
      [URL, 'my secret', 'SWAP_WEBHOOK_SECRET'],
      [URL, 'whsec_c2hvcnQ=', 'SWAP_WEBHOOK_SECRET'],
      [URL, '', 'SWAP_WEBHOOK_SECRET'],
    ] as const) {
      const error = await refusal(bench.desk.ensureConfigured(url, secret));
      expect(error.code).to.equal('INVALID_SETTINGS');
      expect(error.details.issues?.[0]?.path).to.equal(`env#/${name}`);
      expect(error.message).to.contain(name).and.not.to.contain('hunter2').and.not.to.contain('my secret');
    }
    expect(await bench.desk.list()).to.deep.equal([]);
  });
});
