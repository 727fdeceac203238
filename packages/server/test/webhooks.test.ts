import type { WireDeliveryList, WireWebhook, WireWebhookList, WireWebhookPayload } from '@spark-control/schema';
import { expect } from 'chai';
import { Webhook } from 'standardwebhooks';
import { type Received, type Receiver, startReceiver } from '../../http-adapter/test/webhooks/receiver.ts';
import { Folders } from './support/folders.ts';
import { type Running, run } from './support/running.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

/** What a receiver makes of a request, by the independent library; throws when it does not verify. */
const verified = ({ headers, body }: Received): WireWebhookPayload =>
  new Webhook(SECRET).verify(body, headers as Record<string, string>) as WireWebhookPayload;

describe('webhooks of a whole server', function () {
  this.timeout(60_000);
  let folders: Folders;
  let receiver: Receiver;
  let server: Running | null = null;

  beforeEach(async () => {
    folders = new Folders();
    receiver = await startReceiver();
  });
  afterEach(async () => {
    await server?.stop();
    server = null;
    await receiver.close();
    folders.remove();
  });

  const start = async (
    env: Readonly<Record<string, string>> = { SWAP_WEBHOOK_URL: receiver.url, SWAP_WEBHOOK_SECRET: SECRET },
  ): Promise<string> => {
    server = await run(folders, { env });
    return server.url;
  };
  const get = async <T>(path: string): Promise<T> => (await (await fetch(`${server?.url}${path}`)).json()) as T;
  const post = (path: string, body: object): Promise<Response> =>
    fetch(`${server?.url}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  const swapTo = async (model: string | null): Promise<void> => {
    const answer = await post('/api/swap', { model });
    expect(answer.status).to.equal(202);
    const { id } = (await answer.json()) as { id: string };
    const swap = await get<{ settled: boolean }>(`/api/swap/${id}?wait_seconds=30`);
    expect(swap.settled).to.equal(true);
  };
  /** Payloads of swaps, in the order in which they came. */
  const swaps = (): readonly WireWebhookPayload[] => receiver.received.map(verified).filter(({ type }) => type.startsWith('swap_'));
  const untilSwaps = async (count: number): Promise<readonly WireWebhookPayload[]> => {
    for (let requests = 1; swaps().length < count; requests += 1) await receiver.until(requests);
    return swaps();
  };

  it('tell of a swap, signed, numbered and in order, with what a consumer needs to use the model', async () => {
    await start();
    await swapTo('small');
    const [begun, done] = await untilSwaps(2);
    expect([begun?.type, done?.type]).to.deep.equal(['swap_started', 'swap_complete']);
    expect(done?.data).to.deep.include({ model: 'small', outcome: 'ready', settled: true });
    expect((done!.data as { endpoint: object }).endpoint)
      .to.include({ model_id: 'small' })
      .and.to.have.property('base_url');
    const numbers = receiver.received.map((request) => verified(request).sequence);
    expect(numbers).to.deep.equal([...numbers].sort((a, b) => a - b));
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).to.equal(receiver.received.length);
  });

  it('lie in the outbox while nobody can be reached, and arrive after a restart, each under the same id', async () => {
    await start({ SWAP_WEBHOOK_URL: receiver.url, SWAP_WEBHOOK_SECRET: SECRET });
    const { port } = receiver;
    await receiver.close();
    await swapTo('small');
    const [webhook] = (await get<WireWebhookList>('/api/webhooks')).items;
    const waiting = (await get<WireDeliveryList>(`/api/webhooks/${webhook?.id}/deliveries?state=pending`)).items;
    expect(waiting.length).to.be.at.least(2);
    await server?.stop();
    receiver = await startReceiver(undefined, { port });
    await start();
    await untilSwaps(2);
    const ids = receiver.received.map(({ headers }) => headers['webhook-id']);
    expect(waiting.map(({ id }) => id)).to.include.members(ids.slice(0, 2));
  });

  it('show the endpoint of the environment, without its secret', async () => {
    await start();
    const text = JSON.stringify(await get('/api/webhooks'));
    expect(text).to.contain('whk_environment').and.not.to.contain(SECRET.slice(6));
    const answer = await fetch(`${server?.url}/api/webhooks/whk_environment`, { method: 'DELETE' });
    expect(answer.status).to.equal(409);
    expect(await answer.json()).to.include({ code: 'READ_ONLY' });
  });

  it('can be tried out, and are switched off by a receiver that is gone', async () => {
    let status = 204;
    await receiver.close();
    receiver = await startReceiver((response) => void response.writeHead(status).end());
    await start({});
    const made = await post('/api/webhooks', { url: receiver.url, events: ['swap_complete'], allow_loopback: true });
    expect(made.status).to.equal(201);
    const { id } = (await made.json()) as WireWebhook;
    expect(await (await post(`/api/webhooks/${id}/test`, {})).json()).to.include({ type: 'test', state: 'delivered' });
    status = 410;
    expect(await (await post(`/api/webhooks/${id}/test`, {})).json()).to.include({ state: 'dead' });
    const gone = await get<WireWebhook>(`/api/webhooks/${id}`);
    expect(gone).to.include({ enabled: false });
    expect(gone.disabled_reason).to.contain('410');
    const trail = await get<{ items: readonly { action: string; target: string }[] }>('/api/audit?action=webhook_disabled');
    expect(trail.items.map(({ target }) => target)).to.deep.equal([id]);
  });
});
