import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Delivery, DeliveryAttempt, WebhookEndpoint } from '@spark-control/core';
import { expect } from 'chai';
import { Webhook } from 'standardwebhooks';
import { FakeClock } from '../../../core/test/support/fake-clock.ts';
import { HttpWebhookSender, type HttpWebhookSenderDeps } from '../../src/index.ts';
import { closedPort, type Receiver, startReceiver, startTcp } from './receiver.ts';
import { aDelivery, aWebhook, NOTICES } from './samples.ts';

const never = new AbortController().signal;
const secretOf = (letter: string): string => `whsec_${Buffer.from(letter.repeat(32)).toString('base64')}`;
const [OLD, NEW] = [secretOf('o'), secretOf('n')];

describe('HttpWebhookSender', () => {
  let clock: FakeClock;
  let logged: string[];
  let open: { close(): Promise<void> }[];
  beforeEach(() => {
    // The independent verifier goes by the wall clock.
    clock = new FakeClock(Date.now());
    logged = [];
    open = [];
  });
  afterEach(() => Promise.all(open.map((one) => one.close())));

  const senderOf = (over: Partial<HttpWebhookSenderDeps> = {}): HttpWebhookSender => {
    const log = (message: string): void => void logged.push(message);
    const logger = { debug: log, info: log, warn: log, error: log };
    return new HttpWebhookSender({ clock, logger, version: '1.2.3', listeners: () => [], ...over });
  };
  const receive = async (...given: Parameters<typeof startReceiver>): Promise<Receiver> => {
    const receiver = await startReceiver(...given);
    open.push(receiver);
    return receiver;
  };
  const talkTo = async (talk: Parameters<typeof startTcp>[0]): Promise<string> => {
    const server = await startTcp(talk);
    open.push(server);
    return server.url;
  };
  const send = (
    url: string,
    over: { endpoint?: Partial<WebhookEndpoint>; delivery?: Partial<Delivery>; secrets?: string[]; sender?: HttpWebhookSender } = {},
  ) => (over.sender ?? senderOf()).send(aWebhook({ url, ...over.endpoint }), over.secrets ?? [NEW], aDelivery(over.delivery), never);
  const answering = async (answer: (response: ServerResponse, request: IncomingMessage) => void): Promise<DeliveryAttempt> =>
    send((await receive(answer)).url);

  it('posts the notice with the headers of Standard Webhooks', async () => {
    const receiver = await receive();
    const attempt = await send(`${receiver.url}?x=1`);
    expect(attempt).to.deep.equal({ at: clock.now(), durationMs: 0, status: 200, error: null, retryAfterMs: null });
    const [request] = receiver.received;
    expect(request).to.include({ method: 'POST', path: '/hook?x=1' });
    expect(request?.headers).to.include({
      'content-type': 'application/json',
      'user-agent': 'spark-control/1.2.3',
      'webhook-id': 'dlv_1',
      'webhook-timestamp': String(Math.floor(clock.now() / 1_000)),
      host: `127.0.0.1:${receiver.port}`,
      connection: 'close',
    });
    expect(JSON.parse(request?.body ?? '')).to.deep.include({ type: 'swap_complete', sequence: 2, timestamp: '2023-11-14T22:13:20.000Z' });
  });

  it('signs so that an independent verifier accepts it, and with both secrets during a rotation', async () => {
    const receiver = await receive();
    await send(receiver.url, { secrets: [NEW, OLD] });
    await send(receiver.url, { secrets: [NEW] });
    const [rotating, after] = receiver.received;
    for (const secret of [NEW, OLD]) {
      const told = new Webhook(secret).verify(rotating!.body, rotating!.headers as Record<string, string>);
      expect(told).to.deep.include({ type: 'swap_complete' });
    }
    expect(rotating?.headers['webhook-signature']).to.match(/^v1,\S+ v1,\S+$/);
    expect(() => new Webhook(NEW).verify(after!.body, after!.headers as Record<string, string>)).to.not.throw();
    expect(() => new Webhook(OLD).verify(after!.body, after!.headers as Record<string, string>)).to.throw();
    expect(() => new Webhook(NEW).verify(`${after!.body} `, after!.headers as Record<string, string>)).to.throw();
  });

  it('sends the same body and id on every try, with the time of the try', async () => {
    const receiver = await receive((response) => response.writeHead(500).end());
    const sender = senderOf();
    for (const attempts of [0, 1, 2]) {
      await send(receiver.url, { sender, delivery: { attempts } });
      await clock.advance(90_000);
    }
    const { received } = receiver;
    expect(new Set(received.map(({ body }) => body)).size).to.equal(1);
    expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).to.equal(1);
    expect(new Set(received.map(({ headers }) => headers['webhook-timestamp'])).size).to.equal(3);
  });

  it('takes 2xx for arrived and nothing else', async () => {
    for (const status of [200, 201, 202, 204, 299]) {
      expect(await answering((response) => response.writeHead(status).end()), String(status)).to.include({ status, error: null });
    }
    for (const [status, error] of [
      [400, 'It answered 400.'],
      [404, 'It answered 404.'],
      [410, 'It answered 410: the endpoint is gone.'],
      [500, 'It answered 500.'],
      [503, 'It answered 503.'],
    ] as const)
      expect(await answering((response) => response.writeHead(status).end('secret words'))).to.include({
        status,
        error,
        retryAfterMs: null,
      });
  });

  it('follows no redirect', async () => {
    const elsewhere = await receive();
    for (const status of [301, 302, 303, 307, 308]) {
      const attempt = await answering((response) => response.writeHead(status, { location: elsewhere.url }).end());
      expect(attempt).to.include({ status, error: `It answered ${status}, a redirect; those are not followed.` });
    }
    expect(elsewhere.received).to.deep.equal([]);
  });

  it('hands on Retry-After, in seconds and as a date, unless it arrived', async () => {
    const after = (status: number, value: string) => answering((response) => response.writeHead(status, { 'retry-after': value }).end());
    expect(await after(429, '120')).to.include({ status: 429, retryAfterMs: 120_000 });
    const date = new Date(Math.ceil(clock.now() / 1_000) * 1_000 + 60_000);
    expect(await after(503, date.toUTCString())).to.include({ status: 503, retryAfterMs: date.getTime() - clock.now() });
    expect(await after(429, 'soon')).to.include({ retryAfterMs: null });
    expect(await after(200, '120')).to.include({ error: null, retryAfterMs: null });
  });

  it('says in a sentence what kept it from arriving', async () => {
    const refused = await send(`http://127.0.0.1:${await closedPort()}/`);
    expect(refused).to.include({ status: null, error: 'It did not arrive: the connection was refused.' });
    for (const [talk, error] of [
      ['reset', 'It did not arrive: the connection was cut.'],
      ['end', 'It did not arrive: the connection was cut.'],
      ['SSH-2.0-OpenSSH_9.2\r\n', 'It did not arrive: what answers there is no HTTP server.'],
      ['\u0000\u0001\u0002', 'It did not arrive: what answers there is no HTTP server.'],
      ['HTTP/1.1 banana\r\n\r\n', 'It did not arrive: what answers there is no HTTP server.'],
      [`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`, 'It did not arrive: the headers of its answer are too long.'],
    ] as const) {
      const url = await talkTo((socket) => {
        socket.once('data', () => {
          if (talk === 'reset') socket.resetAndDestroy();
          else socket.end(talk === 'end' ? '' : talk);
        });
      });
      expect(await send(url), talk.slice(0, 30)).to.include({ status: null, error });
    }
  });

  it('takes an upgrade for what its status says', async () => {
    const url = await talkTo((socket) =>
      socket.once('data', () => socket.write('HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n')),
    );
    expect(await send(url)).to.include({ status: 101, error: 'It answered 101.' });
  });

  it('expects a server at an https URL to speak TLS', async () => {
    const url = await talkTo((socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')));
    expect((await send(url.replace('http:', 'https:'))).error).to.match(/^It did not arrive: it does not speak TLS/);
  });

  it('waits 15 s for an answer and not longer', async () => {
    const receiver = await receive(() => undefined);
    let attempt: DeliveryAttempt | null = null;
    const sending = send(receiver.url).then((made) => {
      attempt = made;
    });
    await receiver.until(1);
    await clock.advance(14_999);
    expect(attempt).to.equal(null);
    await clock.advance(1);
    await sending;
    expect(attempt).to.include({ status: null, durationMs: 15_000, error: 'There was no answer within 15 s.' });
    expect(clock.sleepers).to.equal(0);
  });

  it('counts the lookup of the name and an answer that trickles in into those 15 s', async () => {
    const forgetful = send('http://gpu-box.local/', { sender: senderOf({ resolve: () => new Promise(() => undefined) }) });
    await clock.advance(15_000);
    expect(await forgetful).to.include({ status: null, error: 'There was no answer within 15 s.' });

    let isTrickling = (): void => undefined;
    const trickling = new Promise<void>((resolve) => {
      isTrickling = resolve;
    });
    const url = await talkTo((socket) => socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nx-slow: ', isTrickling)));
    const slow = send(url);
    await trickling;
    await clock.advance(15_000);
    expect(await slow).to.include({ status: null, error: 'There was no answer within 15 s.' });
  });

  it('goes by the status of an answer whose body never ends', async () => {
    const receiver = await receive((response) => void response.writeHead(202).write('so far'));
    // The server cannot tell when its answer was read; Node says so on this channel.
    const headIsRead = new Promise<void>((resolve) => {
      const told = (): void => {
        unsubscribe('http.client.response.finish', told);
        resolve();
      };
      subscribe('http.client.response.finish', told);
    });
    const sending = send(receiver.url);
    await headIsRead;
    await clock.advance(15_000);
    expect(await sending).to.include({ status: 202, error: null, durationMs: 15_000 });
  });

  it('stops reading an answer after 64 kB', async () => {
    let written = 0;
    let isCut = (): void => undefined;
    const cut = new Promise<void>((resolve) => {
      isCut = resolve;
    });
    const attempt = await answering((response) => {
      const chunk = Buffer.alloc(16 * 1024, 'x');
      const more = (): void => {
        if (response.destroyed) return;
        written += chunk.length;
        response.write(chunk, more);
      };
      response.once('close', isCut);
      more();
    });
    await cut;
    expect(attempt).to.include({ status: 200, error: null });
    expect(clock.sleepers).to.equal(0);
    expect(written).to.be.lessThan(64 * 1024 * 1024);
  });

  it('tells of nothing that was answered or sent', async () => {
    const attempt = await answering((response) => response.writeHead(500, 'very secret', { 'x-secret': 'secret' }).end('secret'));
    expect(JSON.stringify(attempt)).to.not.contain('secret').and.to.not.contain(NEW).and.to.not.contain('qwen');
  });

  it('sends nothing without a secret to sign with', async () => {
    const receiver = await receive();
    for (const secrets of [[], ['whsec_']]) expect((await send(receiver.url, { secrets })).error).to.contain('no secret to sign with');
    expect(receiver.received).to.deep.equal([]);
  });

  it('makes a failed try of a notice that cannot be rendered, and logs the defect', async () => {
    const receiver = await receive();
    const broken = { ...NOTICES.swap_complete, swap: null } as never;
    const attempt = await send(receiver.url, { delivery: { notice: broken } });
    expect(attempt).to.include({ status: null, error: 'It could not be sent because of a defect; the log has the details.' });
    expect(logged).to.deep.equal(['a delivery met a defect']);
    expect(receiver.received).to.deep.equal([]);
  });

  it('stops at once when told to, with the reason given', async () => {
    const receiver = await receive(() => undefined);
    const stop = new AbortController();
    const sending = senderOf().send(aWebhook({ url: receiver.url }), [NEW], aDelivery(), stop.signal);
    await receiver.until(1);
    const reason = new Error('closing');
    stop.abort(reason);
    expect(await sending.catch((error: unknown) => error)).to.equal(reason);
    expect(
      await senderOf()
        .send(aWebhook(), [NEW], aDelivery(), stop.signal)
        .catch((error: unknown) => error),
    ).to.equal(reason);
    expect(
      await senderOf()
        .objection('http://10.0.0.1/', false, stop.signal)
        .catch((error: unknown) => error),
    ).to.equal(reason);
    expect(clock.sleepers).to.equal(0);
  });
});
