import { expect } from 'chai';
import { FakeClock } from '../../../core/test/support/fake-clock.ts';
import { HttpWebhookSender, type Listener, type Resolve } from '../../src/index.ts';
import { pinnedLookup } from '../../src/webhooks/resolve-target.ts';
import { closedPort, type Receiver, startReceiver } from './receiver.ts';
import { aDelivery, aWebhook } from './samples.ts';

const never = new AbortController().signal;
const SECRET = `whsec_${Buffer.from('k'.repeat(32)).toString('base64')}`;

/** Gives each answer once, in order; the last again and again. Counts the questions. */
function changing(...answers: readonly (readonly string[])[]): { resolve: Resolve; asked: string[] } {
  const asked: string[] = [];
  const resolve: Resolve = async (name) => {
    asked.push(name);
    return answers[Math.min(asked.length, answers.length) - 1] ?? [];
  };
  return { resolve, asked };
}

describe('a name that changes its meaning', () => {
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  let good: Receiver;
  let bad: Receiver;
  beforeEach(async () => {
    good = await startReceiver(undefined, { host: '127.0.0.2' });
    // At another address, but at the same port: only the address tells them apart.
    bad = await startReceiver(undefined, { host: '127.0.0.3', port: good.port });
  });
  afterEach(() => Promise.all([good.close(), bad.close()]));

  const attempt = (resolve: Resolve, { allowLoopback = true, listeners = () => [] as Listener[], port = good.port } = {}) =>
    new HttpWebhookSender({ clock: new FakeClock(), logger, version: '1', listeners, resolve }).send(
      aWebhook({ url: `http://gpu-box.local:${port}/hook`, allowLoopback }),
      [SECRET],
      aDelivery(),
      never,
    );

  it('is asked for once per try, and the call goes to the very address that was judged', async () => {
    const { resolve, asked } = changing(['127.0.0.2'], ['127.0.0.3']);
    expect(await attempt(resolve)).to.include({ status: 200, error: null });
    expect(asked).to.deep.equal(['gpu-box.local']);
    expect(good.received[0]?.headers.host, 'the name is what the receiver sees').to.equal(`gpu-box.local:${good.port}`);
    expect(bad.received).to.deep.equal([]);
  });

  it('is judged anew at each try', async () => {
    const { resolve, asked } = changing(['127.0.0.2'], ['169.254.169.254'], ['127.0.0.2', '::ffff:169.254.169.254'], [], ['127.0.0.2']);
    const errors = [];
    for (let tries = 0; tries < 5; tries += 1) errors.push((await attempt(resolve)).error);
    expect(errors).to.deep.equal([
      null,
      'The URL leads to 169.254.169.254, where cloud machines keep their credentials, which is never allowed.',
      'The URL leads to 169.254.169.254, where cloud machines keep their credentials, which is never allowed.',
      'The URL names a host that cannot be found (gpu-box.local).',
      null,
    ]);
    expect(asked).to.have.length(5);
    expect(good.received).to.have.length(2);
  });

  it('does not get through to loopback or to ourselves', async () => {
    const { resolve } = changing(['127.0.0.2']);
    expect((await attempt(resolve, { allowLoopback: false })).error).to.equal(
      'The URL leads to 127.0.0.2, a loopback address, which needs allow_loopback.',
    );
    const listeners: Listener[] = [];
    expect(await attempt(resolve, { listeners: () => listeners })).to.include({ error: null });
    listeners.push({ host: '127.0.0.2', port: good.port });
    expect((await attempt(resolve, { listeners: () => listeners })).error).to.contain('where Spark Control itself listens');
    expect(good.received).to.have.length(1);
  });

  it('is reached at the next of its judged addresses when the first does not answer', async () => {
    const port = await closedPort();
    const only = await startReceiver(undefined, { host: '127.0.0.4', port });
    expect(await attempt(changing(['127.0.0.5', '127.0.0.4']).resolve, { port })).to.include({ status: 200, error: null });
    expect(only.received).to.have.length(1);
    await only.close();
    expect((await attempt(changing(['127.0.0.5', '127.0.0.4']).resolve, { port })).error).to.equal(
      'It did not arrive: the connection was refused.',
    );
  });

  it('stands in an objection before anything is sent', async () => {
    const sender = new HttpWebhookSender({
      clock: new FakeClock(),
      logger,
      version: '1',
      listeners: () => [],
      resolve: changing(['10.0.0.1']).resolve,
    });
    expect(await sender.objection('http://gpu-box.local/', false, never)).to.equal(null);
    expect(await sender.objection('http://anna:pw@gpu-box.local/', false, never)).to.equal('must not hold a user name or password');
    expect(await sender.objection('http://127.0.0.1/', false, never)).to.contain('needs allow_loopback');
    expect(await sender.objection('http://127.0.0.1/', true, never)).to.equal(null);
  });

  it('that nobody answers for is an objection after 15 s', async () => {
    const clock = new FakeClock();
    const sender = new HttpWebhookSender({ clock, logger, version: '1', listeners: () => [], resolve: () => new Promise(() => undefined) });
    const asked = sender.objection('http://gpu-box.local/', false, never);
    await clock.advance(15_000);
    expect(await asked).to.equal('names a host that could not be looked up in time');
    expect(clock.sleepers).to.equal(0);
  });
});

describe('the lookup of a judged target', () => {
  it('knows its own addresses only, in the form that is asked for', () => {
    const lookup = pinnedLookup([
      { family: 4, value: 0x0a000001n },
      { family: 6, value: 1n },
    ]);
    const answers: unknown[] = [];
    lookup('anything', { all: true }, (...answer) => answers.push(answer));
    lookup('anything', {}, (...answer) => answers.push(answer));
    expect(answers).to.deep.equal([
      [
        null,
        [
          { address: '10.0.0.1', family: 4 },
          { address: '::1', family: 6 },
        ],
      ],
      [null, '10.0.0.1', 4],
    ]);
    pinnedLookup([])('anything', {}, (error) => expect(error).to.be.an('error'));
  });
});
