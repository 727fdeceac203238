import { connect, type Socket } from 'node:net';
import { expect } from 'chai';
import { EventReader } from '../../http-adapter/test/support/event-reader.ts';
import { startReceiver } from '../../http-adapter/test/webhooks/receiver.ts';
import { getJson, requestSwap, settled, swapUntil, type WireSwapOf } from './support/client.ts';
import { Folders } from './support/folders.ts';
import { ServerProcess } from './support/server-process.ts';

/** An answered request on a connection that its client keeps open. */
function idleConnection(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1').on('error', reject);
    socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n');
    socket.once('data', () => resolve(socket));
  });
}

describe('a server that is told to stop', function () {
  this.timeout(60_000);
  const folders = new Folders();
  const env = { ...folders.env, SPARK_SIMULATION_SPEED: '1' };
  let first: ServerProcess;
  let second: ServerProcess | null = null;
  let url: string;

  before(async () => {
    first = new ServerProcess(env);
    url = await first.url();
  });

  after(async () => {
    await first.kill();
    await second?.kill();
    folders.remove();
  });

  it('is ready when it says where it listens, and says that it is simulated', async () => {
    const ready = await fetch(`${url}/readyz`);
    expect(ready.status).to.equal(200);
    expect(first.stdout).to.match(/^Spark Control \d+\.\d+\.\d+ is ready on two SIMULATED Sparks/);
    expect((await getJson(`${url}/api/status`))['simulated']).to.equal(true);
  });

  it('refuses a second server its folder and its port, each with one line and exit code 1', async () => {
    const other = new Folders();
    const sameFolder = new ServerProcess(env);
    const samePort = new ServerProcess({ ...other.env, PORT: new URL(url).port });
    expect(await sameFolder.ended).to.include({ code: 1, signal: null });
    expect(await samePort.ended).to.include({ code: 1, signal: null });
    other.remove();
    expect(sameFolder.stderr).to.match(/^STORE_IN_USE: Another server uses the data folder .+\n$/);
    expect(samePort.stderr).to.equal(`Port ${new URL(url).port} on 127.0.0.1 is taken. Stop what listens there, or set PORT.\n`);
    expect((await fetch(`${url}/readyz`)).status).to.equal(200);
  });

  it('ends streams, lets go of idle clients, journals the running swap and exits with 0, however often it is told', async () => {
    const idle = await idleConnection(Number(new URL(url).port));
    const idleClosed = new Promise((resolve) => idle.once('close', resolve));
    const stream = await EventReader.open(Number(new URL(url).port), '/api/events');
    await stream.received(1);
    const { id } = await requestSwap(url, 'large');
    await swapUntil(url, id, ({ phase }) => phase === 'loading');
    first.signal('SIGTERM');
    first.signal('SIGTERM');
    await stream.ended();
    first.signal('SIGINT');
    await idleClosed;
    const ending = await first.ended;
    expect(ending).to.include({ code: 0, signal: null });
    expect(ending.ms, 'time to the exit').to.be.below(8_000);
    expect(first.stderr).to.equal('');
  });

  it('goes on with that swap at the next start, to the end and only once', async () => {
    second = new ServerProcess(env);
    const next = await second.url();
    const { items } = await getJson<{ items: readonly WireSwapOf[] }>(`${next}/api/swaps`);
    expect(items).to.have.length(1);
    const swap = await swapUntil(next, items[0]?.id ?? '', settled);
    expect(swap).to.include({ phase: 'ready', model: 'large', cause: null });
    const status = await getJson<{ clusters: readonly { serving: string | null }[] }>(`${next}/api/status`);
    expect(status.clusters.map((cluster) => cluster.serving)).to.deep.equal(['large']);
  });

  it('stops in good order although a webhook receiver and a client hang', async () => {
    const own = new Folders();
    const receiver = await startReceiver(() => undefined);
    const server = new ServerProcess({ ...own.env, SWAP_WEBHOOK_URL: receiver.url });
    try {
      const ownUrl = await server.url();
      await requestSwap(ownUrl, 'large');
      await receiver.until(1);
      const poll = getJson(
        `${ownUrl}/api/swap/${(await getJson<{ items: readonly WireSwapOf[] }>(`${ownUrl}/api/swaps`)).items[0]?.id}?wait_seconds=60`,
      );
      poll.catch(() => undefined); // cut off after the grace
      server.signal('SIGTERM');
      const ending = await server.ended;
      expect(ending).to.include({ code: 0, signal: null });
      expect(ending.ms, 'time to the exit').to.be.below(9_500);
    } finally {
      await server.kill();
      await receiver.close();
      own.remove();
    }
  });
});
